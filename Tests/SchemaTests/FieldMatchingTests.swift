import ObjectModel
import Testing

@Suite struct FieldMatchingTests {
    @Test func `members meet the names that they have, however their strings are held`() {
        var short = "replicas, with much more behind it that keeps it on the heap"
        short.removeLast(short.count - 8)
        let names = FieldNames(["minReadySeconds", "paused", "replicas", "revisionHistoryLimit", "selector", "äöü"])
        var fields: Fields = [short: 1, "revisionHistoryLimit": 2, "a": 3, "äöü": 4, "pauses": 5]
        var found: [String: Int] = [:]
        var unknown: [String] = []
        fields.match(names) { place, name, value in
            if let place { found[name] = place } else { unknown.append(name) }
            value = .string("seen")
        }
        #expect(found == ["replicas": 2, "revisionHistoryLimit": 3, "äöü": 5])
        #expect(unknown == ["a", "pauses"])
        #expect(fields.values.allSatisfy { $0 == "seen" })
    }

    @Test func `what is missing is added in its place`() {
        var fields: Fields = ["b": 1, "d": 2, "f": 3]
        fields.addMissing(["a": 10, "b": 11, "c": 12, "f": 13, "g": 14, "h": 15])
        #expect(fields == ["a": 10, "b": 1, "c": 12, "d": 2, "f": 3, "g": 14, "h": 15])
        fields.addMissing(["a": 0])
        #expect(fields.count == 7)
        var empty = Fields()
        empty.addMissing(["x": 1])
        #expect(empty == ["x": 1])
    }

    @Test func `nulls can be taken away`() {
        var fields: Fields = ["a": .null, "b": 1]
        fields.removeNulls()
        #expect(fields == ["b": 1])
    }
}
