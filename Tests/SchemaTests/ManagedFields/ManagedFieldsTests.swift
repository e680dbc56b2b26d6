import ObjectModel
import Testing

@testable import Schema

@Suite struct ManagedFieldsTests {
    static let text = """
        group example.org v1
        package org.example.v1

        type Thing kind
          apiVersion string
          kind string
          spec ThingSpec

        type ThingSpec
          count int32?
          labels {string}
          name string
          parts [Part] map(name)
          tags [string] set

        type Part
          name string required always
          note string
          size int32?
        """

    let type: TypeDefinition

    init() throws {
        let registry = SchemaRegistry(files: [Array(Self.text.utf8)])
        type = try #require(registry.type(named: "org.example.v1.Thing"))
    }

    static func applier(_ name: String) -> ManagedFields.Manager { .init(name: name, operation: .apply, apiVersion: "example.org/v1") }

    static func updater(_ name: String, _ version: String = "example.org/v1") -> ManagedFields.Manager {
        .init(name: name, operation: .update, apiVersion: version)
    }

    /// A live object and what is known of who set it.
    struct Live {
        var object: Value = ["spec": [:]]
        var managed = ManagedFields()
    }

    func apply(_ live: inout Live, _ spec: Value, by name: String, force: Bool = false) throws {
        let configuration: Value = spec.isEmpty ? [:] : ["spec": spec]
        let applied = try live.managed.applying(
            configuration, try FieldSet(of: configuration, type: type), to: live.object, type: type, by: Self.applier(name), at: "now",
            isForced: force, ignoring: FieldSet())
        live.managed = applied.managedFields
        live.object = applied.object
        _ = try SchemaDecoder.decode(&live.object, as: type)
        if live.object["spec"].isNull { live.object["spec"] = [:] }
    }

    func update(_ live: inout Live, by name: String, _ change: (inout Value) -> Void) {
        var new = live.object
        change(&new)
        live.managed.update(FieldComparison(from: live.object, to: new, type: type), by: Self.updater(name), at: "later")
        live.object = new
    }

    func owned(_ live: Live, _ name: String) -> [String] {
        (live.managed.entries.first { $0.manager.name == name }?.fields.paths ?? []).map(PathElement.describe)
    }

    // MARK: Apply

    @Test func whatAnApplierGivesUpGoesIfNobodyElseOwnsIt() throws {
        var live = Live()
        try apply(&live, ["count": 1, "labels": ["a": "1", "b": "2"]], by: "one")
        try apply(&live, ["labels": ["a": "1"]], by: "one")
        #expect(live.object["spec"] == ["labels": ["a": "1"]])
        #expect(owned(live, "one") == [".spec.labels.a"])
    }

    @Test func whatTwoApplySharesTheOwnershipAndStaysUntilBothGiveItUp() throws {
        var live = Live()
        try apply(&live, ["count": 1], by: "one")
        try apply(&live, ["count": 1], by: "two")
        #expect(owned(live, "one") == [".spec.count"])
        #expect(owned(live, "two") == [".spec.count"])
        try apply(&live, [:], by: "one")
        #expect(live.object["spec"]["count"] == 1)
        #expect(owned(live, "one") == [])
        try apply(&live, [:], by: "two")
        #expect(live.object["spec"]["count"].isNull)
    }

    @Test func anotherValueIsAConflictUnlessItIsForced() throws {
        var live = Live()
        try apply(&live, ["count": 1, "name": "x"], by: "one")
        let error = #expect(throws: ApplyConflict.self) { try apply(&live, ["count": 2, "name": "x"], by: "two") }
        #expect(error?.conflicts.map { PathElement.describe($0.path) } == [".spec.count"])
        #expect(error?.conflicts.map(\.manager.name) == ["one"])
        try apply(&live, ["count": 2, "name": "x"], by: "two", force: true)
        #expect(live.object["spec"]["count"] == 2)
        #expect(owned(live, "one") == [".spec.name"])
        #expect(owned(live, "two") == [".spec.count", ".spec.name"])
    }

    @Test func anUpdateTakesWhatItChanges() throws {
        var live = Live()
        try apply(&live, ["count": 1, "name": "x"], by: "one")
        update(&live, by: "scaler") { $0["spec"]["count"] = 5 }
        #expect(owned(live, "one") == [".spec.name"])
        #expect(owned(live, "scaler") == [".spec.count"])
        let error = #expect(throws: ApplyConflict.self) { try apply(&live, ["count": 1, "name": "x"], by: "one") }
        #expect(error?.conflicts.first?.manager.description == "\"scaler\" using example.org/v1")
    }

    @Test func anUpdateThatRemovesTakesFromEveryOwner() throws {
        var live = Live()
        try apply(&live, ["labels": ["a": "1", "b": "1"]], by: "one")
        update(&live, by: "other") { $0["spec"]["labels"]["a"] = .null }
        #expect(owned(live, "one") == [".spec.labels.b"])
        #expect(owned(live, "other") == [])
    }

    @Test func anElementGoesWithItsApplierAndTakesDefaultsAlong() throws {
        var live = Live()
        try apply(&live, ["parts": [["name": "a", "size": 1], ["name": "b"]]], by: "one")
        // Nobody owns the note: a default, say.
        live.object["spec"]["parts"][0]["note"] = "made up"
        try apply(&live, ["parts": [["name": "b"]]], by: "one")
        #expect(live.object["spec"]["parts"] == [["name": "b"]])
    }

    @Test func anElementStaysWhileAnotherApplierHasIt() throws {
        var live = Live()
        try apply(&live, ["parts": [["name": "a", "size": 1]]], by: "one")
        try apply(&live, ["parts": [["name": "a", "note": "n"]]], by: "two")
        try apply(&live, [:], by: "one")
        #expect(live.object["spec"]["parts"] == [["name": "a", "note": "n"]])
    }

    @Test func elementsOfSetsAreMergedAndRemoved() throws {
        var live = Live()
        try apply(&live, ["tags": ["a", "b"]], by: "one")
        try apply(&live, ["tags": ["c"]], by: "two")
        #expect(live.object["spec"]["tags"] == ["a", "b", "c"])
        try apply(&live, ["tags": ["b"]], by: "one")
        #expect(live.object["spec"]["tags"] == ["b", "c"])
    }

    @Test(
        arguments: [
            (["a", "b"], ["b", "a"], ["b", "a"]),
            (["a", "b"], ["a", "n", "b"], ["a", "n", "b"]),
            (["a", "x", "b"], ["a", "b"], ["a", "x", "b"]),
            (["a", "x", "b", "c"], ["b", "a"], ["x", "b", "c", "a"]),
            (["x"], ["a"], ["x", "a"]),
            ([], ["a", "b"], ["a", "b"]),
        ] as [([String], [String], [String])])
    func listsComeInTheOrderOfTheConfiguration(live: [String], configuration: [String], merged: [String]) {
        func thing(_ names: [String]) -> Value { ["spec": ["parts": .array(names.map { ["name": .string($0)] })]] }
        #expect(TypedMerge.merge(thing(configuration), into: thing(live), type: type) == thing(merged))
    }

    // MARK: Update

    @Test func anUpdateThatChangesNothingLeavesTheTime() throws {
        var live = Live()
        update(&live, by: "a") { $0["spec"]["count"] = 1 }
        let before = live.managed
        live.managed.update(FieldComparison(from: live.object, to: live.object, type: type), by: Self.updater("a"), at: "never")
        #expect(live.managed == before)
    }

    @Test func beyondTenUpdateManagersTheOldestBecomeOne() {
        var managed = ManagedFields()
        for number in 10..<23 {
            managed.update(
                FieldComparison(changed: FieldSet(paths: [["f:\(number)"]])), by: Self.updater("m\(number)"), at: "2026-01-01T00:00:\(number)Z")
        }
        #expect(managed.entries.count == 10)
        let ancient = managed.entry(of: Self.updater("ancient-changes"))
        #expect(ancient?.fields.paths == [["f:10"], ["f:11"], ["f:12"], ["f:13"]])
        #expect(ancient?.time == "2026-01-01T00:00:13Z")
    }

    @Test func entriesAreWrittenAppliersFirstThenByTime() {
        let managed = ManagedFields(entries: [
            .init(manager: Self.updater("u"), time: "2026-01-01T00:00:00Z", fields: FieldSet(paths: [["f:a"]])),
            .init(manager: Self.applier("late"), time: "2026-01-03T00:00:00Z", fields: FieldSet(paths: [["f:a"]])),
            .init(manager: Self.applier("early"), time: "2026-01-02T00:00:00Z", fields: FieldSet(paths: [["f:b"]])),
        ])
        #expect(managed.json.array.compactMap { $0["manager"].string } == ["early", "late", "u"])
        let read = ManagedFields(stored: managed.json)
        #expect(read.json == managed.json)
    }

    @Test func entriesAreComparedWithoutTheirTimes() {
        func managed(_ first: String, _ second: String, field: String = "f:b") -> Value {
            ManagedFields(entries: [
                .init(manager: Self.applier("a"), time: first, fields: FieldSet(paths: [["f:a"]])),
                .init(manager: Self.applier("b"), time: second, fields: FieldSet(paths: [[field]])),
            ]).json
        }
        let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")
        let before = managed(early, late)
        #expect(ManagedFields.isSame(before, exceptTimes: before))
        // Another time, and with it another order.
        #expect(ManagedFields.isSame(managed(late, early), exceptTimes: before))
        #expect(!ManagedFields.isSame(managed(early, late, field: "f:c"), exceptTimes: before))
        #expect(!ManagedFields.isSame(.array(Array(before.array.prefix(1))), exceptTimes: before))
        for member in ["manager", "operation", "subresource", "apiVersion"] {
            var other = before.array
            other[0][member] = "other"
            #expect(!ManagedFields.isSame(.array(other), exceptTimes: before), "\(member)")
        }
    }

    @Test func anEntryWithoutOperationVersionOrTypeIsRefused() {
        let good: Value = ["apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": [:], "manager": "m", "operation": "Update"]
        #expect(throws: Never.self) { try ManagedFields(json: [good]) }
        for field in ["apiVersion", "fieldsType", "operation"] {
            var bad = good
            bad[field] = .null
            #expect(throws: FieldSetError.notAnObject) { try ManagedFields(json: .array([bad])) }
        }
    }
}
