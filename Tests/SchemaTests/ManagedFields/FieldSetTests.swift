import ObjectModel
import Testing

@testable import Schema

@Suite struct FieldSetTests {
    /// The same numbers at every run.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    static let elements = ["f:a", "f:b", "f:spec", "k:{\"name\":\"x\"}", "k:{\"name\":\"y\"}", "v:\"one\"", "i:3"]

    static func randomPaths(_ generator: inout Generator) -> [[String]] {
        (0..<Int.random(in: 0...12, using: &generator)).map { _ in
            (0..<Int.random(in: 1...4, using: &generator)).map { _ in elements[Int.random(in: elements.indices, using: &generator)] }
        }
    }

    @Test func aSetIsWrittenAsFieldsV1() {
        let set = FieldSet(paths: [["f:spec", "f:replicas"], ["f:spec"], ["f:metadata", "f:labels", "f:app"]])
        #expect(set.json.description == #"{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{".":{},"f:replicas":{}}}"#)
    }

    @Test(arguments: UInt64(1)...40)
    func operationsAreThoseOfPlainSets(seed: UInt64) throws {
        var generator = Generator(state: seed)
        let (left, right) = (Self.randomPaths(&generator), Self.randomPaths(&generator))
        let (one, other) = (FieldSet(paths: left), FieldSet(paths: right))
        let (plainOne, plainOther) = (Set(left), Set(right))
        #expect(Set(one.paths) == plainOne)
        #expect(Set(one.union(other).paths) == plainOne.union(plainOther))
        #expect(one.union(other) == other.union(one))
        #expect(Set(one.intersection(other).paths) == plainOne.intersection(plainOther))
        #expect(Set(one.subtracting(other).paths) == plainOne.subtracting(plainOther))
        #expect(one.isDisjoint(with: other) == plainOne.isDisjoint(with: plainOther))
        #expect(one.isSubset(of: other) == plainOne.isSubset(of: plainOther))
        let underOther = plainOne.filter { path in !plainOther.contains { path.starts(with: $0) } }
        #expect(Set(one.subtractingAll(under: other).paths) == underOther)
        #expect(try FieldSet(json: one.json) == one)
        #expect(FieldSet(stored: one.json) == one)
        for path in left { #expect(one.contains(path)) }
    }

    @Test func elementsWrittenInDifferentWaysAreOne() throws {
        let json: Value = [
            "k:{\"protocol\":\"TCP\", \"port\":80}": ["f:port": [:]], "k:{\"port\":80,\"protocol\":\"TCP\"}": ["f:name": [:]], "v: 1": [:],
        ]
        let set = try FieldSet(json: json)
        #expect(set.paths == [["k:{\"port\":80,\"protocol\":\"TCP\"}", "f:name"], ["k:{\"port\":80,\"protocol\":\"TCP\"}", "f:port"], ["v:1"]])
    }

    @Test func kindsOfElementsThatAreNotKnownAreLeftOut() throws {
        #expect(try FieldSet(json: ["z:later": [:], "f:a": [:]]) == FieldSet(paths: [["f:a"]]))
    }

    @Test(arguments: ["", "f", "spec", "k:", "k:{}", "k:[1]", "v:{", "i:x"])
    func whatIsNoElementIsRefused(element: String) {
        #expect(throws: FieldSetError.badElement(element)) { try FieldSet(json: .object([element: [:]])) }
    }

    @Test func leavesMustBeObjects() {
        #expect(throws: FieldSetError.notAnObject) { try FieldSet(json: ["f:a": 1]) }
        #expect(throws: FieldSetError.notAnObject) { try FieldSet(json: []) }
    }

    @Test func nestingHasALimit() {
        var json: Value = [:]
        for _ in 0..<2000 { json = ["f:a": json] }
        #expect(throws: FieldSetError.tooDeep) { try FieldSet(json: json) }
    }

    @Test func pathsAreShownAsPeopleWriteThem() {
        let path = ["f:spec", "f:ports", "k:{\"containerPort\":80,\"protocol\":\"TCP\"}", "f:name"]
        #expect(PathElement.describe(path) == ".spec.ports[containerPort=80,protocol=\"TCP\"].name")
        #expect(PathElement.describe(["f:metadata", "f:finalizers", "v:\"a/b\""]) == ".metadata.finalizers[=\"a/b\"]")
        #expect(PathElement.describe(["f:list", "i:2"]) == ".list[2]")
    }

    /// Random trees of random keys: reading never traps, and what was read once reads the same again.
    @Test(arguments: UInt64(1)...200)
    func readingSurvivesAnything(seed: UInt64) throws {
        var generator = Generator(state: seed &* 7919)
        let json = Self.randomTree(&generator, depth: 0)
        guard let set = try? FieldSet(json: json) else { return }
        let again = try FieldSet(json: set.json)
        #expect(again == set)
        #expect(FieldSet(stored: set.json) == set)
        #expect(set.subtracting(set).isEmpty)
    }

    static func randomTree(_ generator: inout Generator, depth: Int) -> Value {
        let starts = ["f:", "k:", "v:", "i:", ".", "", "z:", "f:x", "k:{\"a\":", "k:{\"b\":1}", "v:\"", "i:1", "v:2"]
        let ends = ["", "a", "{", "}", "\"", "1}", "0", "\u{0}", "é"]
        var members: [(String, Value)] = []
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let start = starts[Int.random(in: starts.indices, using: &generator)]
            let key = start + ends[Int.random(in: ends.indices, using: &generator)]
            let isLeaf = depth > 3 || Int.random(in: 0...3, using: &generator) == 0
            members.append((key, isLeaf ? (Int.random(in: 0...20, using: &generator) == 0 ? 1 : [:]) : randomTree(&generator, depth: depth + 1)))
        }
        return .object(Fields(members))
    }
}
