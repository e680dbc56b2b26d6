import ObjectModel
import TestSupport
import Testing

@testable import APIServer

@Suite("A snapshot") struct SnapshotTests {
    @Test("finds by selection what a walk over everything finds", arguments: 0..<20)
    func selections(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var snapshot = Snapshot()
        var all: [String: StoredObject] = [:]
        for _ in 0..<2000 {
            let object = Self.pod("n\(Int.random(in: 0..<4, using: &random))", "p\(Int.random(in: 0..<800, using: &random))", &random)
            if Int.random(in: 0..<5, using: &random) == 0 {
                #expect(snapshot.remove(object.key) === all.removeValue(forKey: object.key))
            } else {
                #expect(snapshot.put(object) === all.updateValue(object, forKey: object.key))
            }
        }
        #expect(snapshot.count == all.count)
        let sorted = all.values.sorted { $0.key < $1.key }
        for text in ["app=a1", "app in (a2,a7)", "app", "!app", "app!=a1", "app=a1,tier=t0", "app=none", "tier notin (t1)"] {
            for namespace in ["", "n1", "n3", "n9"] {
                var selection = Selection(namespace: namespace, labels: try LabelSelector(parsing: text), fields: nil)
                if Bool.random(using: &random) {
                    selection.fields = try FieldSelector(parsing: "spec.nodeName=m\(Int.random(in: 0..<3, using: &random))")
                }
                let start = Bool.random(using: &random) ? "" : "n1/p5"
                var found: [String] = []
                snapshot.scan(selection, from: start) { object in
                    found.append(object.key)
                    return true
                }
                #expect(found == sorted.filter { $0.key >= start && selection.matches($0) }.map(\.key), "\(text) in \(namespace)")
            }
        }
        for namespace in ["", "n0", "n2", "n9"] {
            let key = sorted[Int.random(in: 0..<sorted.count, using: &random)].key
            let inside = sorted.filter { namespace.isEmpty || $0.namespace == namespace[...] }
            guard namespace.isEmpty || key.hasPrefix(namespace + "/") else { continue }
            #expect(snapshot.count(namespace: namespace, after: key) == inside.count { $0.key > key })
        }
    }

    @Test("finds the one object that a selection names without a walk") func byName() throws {
        var random = SeededRandom(seed: 7)
        let snapshot = Snapshot((0..<600).map { Self.pod("n", "p\($0)", &random) })
        let selection = Selection(namespace: "n", labels: nil, fields: try FieldSelector(parsing: "metadata.name=p77"))
        var found: [String] = []
        snapshot.scan(selection) { object in
            found.append(object.key)
            return true
        }
        #expect(found == ["n/p77"])
    }

    private static func pod(_ namespace: String, _ name: String, _ random: inout SeededRandom) -> StoredObject {
        var labels: [String: String] = [:]
        if Int.random(in: 0..<4, using: &random) > 0 { labels["app"] = "a\(Int.random(in: 0..<40, using: &random))" }
        if Bool.random(using: &random) { labels["tier"] = "t\(Int.random(in: 0..<3, using: &random))" }
        let object: Value = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "namespace": .string(namespace), "labels": Value(labels)],
            "spec": ["nodeName": .string("m\(Int.random(in: 0..<3, using: &random))")],
        ]
        return StoredObject(key: "\(namespace)/\(name)", revision: 1, bytes: object.canonicalJSON()) {
            ["spec.nodeName": $0["spec"]["nodeName"].string ?? ""]
        }
    }
}
