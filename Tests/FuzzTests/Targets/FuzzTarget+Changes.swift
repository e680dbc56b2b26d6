import KubernetesAPI
import ObjectModel
import Schema

@testable import APIServer
@testable import ClusterClient

/// What changes an object: patches, applied configurations, and the record of who owns which field.
extension FuzzTarget {
    static let changes: [FuzzTarget] = [jsonPatch, mergePatch, strategicMergePatch, apply, managedFields]

    /// Real objects, as `Corpus/object` has them.
    private static let live: [Value] = Corpus.inputs(of: FuzzTarget(name: "object") { _ in true }).compactMap { try? Value(json: $0.bytes) }.map {
        object in
        var object = object
        guard let type = definition(of: object)?.type, (try? SchemaDecoder.decode(&object, as: type)) != nil else { return object }
        Defaulter.apply(to: &object, type: type)
        return object
    }

    private static func patch(_ mediaType: String, _ bytes: [UInt8]) throws(BrokenPromise) -> Bool {
        let request = APIRequest(.patch, "/", contentType: mediaType, body: bytes)
        guard let patch = try? PatchBody(request) else { return false }
        var isAccepted = false
        for object in live {
            guard let definition = definition(of: object), let patched = try? patch.apply(to: object, definition.type) else { continue }
            isAccepted = true
            let written = patched.json()
            try keep((try? Value(json: written))?.json() == written, "what a patch made can be written")
            var decoded = patched
            guard (try? SchemaDecoder.decode(&decoded, as: definition.type)) != nil else { continue }
            _ = KindValidation.validate(decoded, old: object, definition: definition, subresource: "")
        }
        return isAccepted
    }

    private static let patchWords = [
        #""metadata""#, #""labels""#, #""spec""#, #""containers""#, #""ports""#, #""name":"web""#, "null", #""$patch":"delete""#,
        #""$patch":"replace""#,
        #""$patch":"merge""#, #""$retainKeys":["a"]"#, #""$setElementOrder/containers":[{"name":"web"}]"#,
        #""$deleteFromPrimitiveList/finalizers":["a/b"]"#,
    ]

    private static let jsonPatch = FuzzTarget(
        name: "json-patch",
        words: [
            #""op":"test""#, #""op":"add""#, #""op":"move""#, #""op":"copy""#, #""op":"remove""#, "/-", "/spec/", "/0", "~0", "~1",
            "/metadata/labels",
        ]
    ) { bytes throws(BrokenPromise) in try patch("application/json-patch+json", bytes) }

    private static let mergePatch = FuzzTarget(name: "merge-patch", words: patchWords) { bytes throws(BrokenPromise) in
        guard try patch("application/merge-patch+json", bytes), let value = try? Value(json: bytes) else { return false }
        for object in live {
            let once = object.applying(mergePatch: value)
            try keep(once.applying(mergePatch: value) == once, "a merge patch applied again changes nothing")
            try keep(object.applying(mergePatch: object.mergePatch(to: once)) == once, "the difference of two objects leads from one to the other")
        }
        return true
    }

    private static let strategicMergePatch = FuzzTarget(name: "strategic-merge-patch", words: patchWords) { bytes throws(BrokenPromise) in
        try patch("application/strategic-merge-patch+json", bytes)
    }

    private static let apply = FuzzTarget(
        name: "apply", words: patchWords + ["apiVersion: apps/v1", "kind: Deployment", "  - name: web", "containerPort: 80", "protocol: TCP"]
    ) { bytes throws(BrokenPromise) in
        let request = APIRequest(.patch, "/", contentType: "application/apply-patch+yaml", body: bytes)
        guard let patch = try? ApplyPatch(request, isForced: true) else { return false }
        var isAccepted = false
        for object in live where object.kind == patch.configuration.kind || patch.configuration.kind.isEmpty {
            guard let type = definition(of: object)?.type, let fields = try? FieldSet(of: patch.configuration, type: type) else { continue }
            isAccepted = true
            try checkApply(patch.configuration, fields, to: object, type)
        }
        return isAccepted
    }

    private static func checkApply(_ configuration: Value, _ fields: FieldSet, to live: Value, _ type: TypeDefinition) throws(BrokenPromise) {
        func manager(_ name: String, _ operation: ManagedFields.Operation) -> ManagedFields.Manager {
            ManagedFields.Manager(name: name, operation: operation, apiVersion: live.apiVersion)
        }
        func apply(_ configuration: Value, _ fields: FieldSet, to live: Value, _ managed: ManagedFields, isForced: Bool) -> Applied? {
            try? managed.applying(
                configuration, fields, to: live, type: type, by: manager("fuzz", .apply), at: "2026-01-01T00:00:00Z", isForced: isForced,
                ignoring: FieldSet())
        }
        var managed = ManagedFields()
        managed.update(FieldComparison(from: nil, to: live, type: type), by: manager("kubectl", .update), at: "2026-01-01T00:00:00Z")
        _ = apply(configuration, fields, to: live, managed, isForced: false)
        guard let once = apply(configuration, fields, to: live, managed, isForced: true) else {
            throw BrokenPromise("an apply by force has no conflicts")
        }
        try checkRoundTrip(once.managedFields)
        guard let twice = apply(configuration, fields, to: once.object, once.managedFields, isForced: false) else {
            throw BrokenPromise("an apply again has no conflicts")
        }
        try keep(twice.object == once.object, "an apply again changes nothing: \(once.object) \(twice.object)")
        try keep(
            ManagedFields.isSame(twice.managedFields.json, exceptTimes: once.managedFields.json), "an apply again leaves the owners as they are")
        // Giving all up again must not upset anything.
        _ = apply(
            ["apiVersion": .string(live.apiVersion), "kind": .string(live.kind)], FieldSet(), to: once.object, once.managedFields, isForced: true)
    }

    private static func checkRoundTrip(_ managed: ManagedFields) throws(BrokenPromise) {
        guard let again = try? ManagedFields(json: managed.json) else { throw BrokenPromise("written managed fields are read: \(managed.json)") }
        try keep(again.json == managed.json, "managed fields are read as they were written: \(managed.json)")
    }

    private static let managedFields = FuzzTarget(
        name: "managed-fields",
        words: [
            #""f:spec":{}"#, #""k:{\"name\":\"web\"}":{}"#, #""v:\"a/b\"":{}"#, #""i:0":{}"#, #"".":{}"#, #""operation":"Apply""#,
            #""fieldsType":"FieldsV1""#,
        ]
    ) { bytes throws(BrokenPromise) in
        guard let value = try? Value(json: bytes) else { return false }
        if let fields = try? FieldSet(json: value) {
            try keep((try? FieldSet(json: fields.json)) == fields, "FieldsV1 is read as it was written")
            try keep(fields.union(fields) == fields && fields.subtracting(fields).isEmpty && fields.intersection(fields) == fields, "a set is itself")
        }
        guard let managed = try? ManagedFields(json: value) else { return (try? FieldSet(json: value)) != nil }
        try checkRoundTrip(managed)
        for object in live {
            guard let type = definition(of: object)?.type else { continue }
            var applied = managed
            let configuration: Value = ["metadata": ["labels": ["fuzz": "1"]]]
            guard let fields = try? FieldSet(of: configuration, type: type) else { continue }
            let manager = ManagedFields.Manager(name: "fuzz", operation: .apply, apiVersion: object.apiVersion)
            _ = try? applied.applying(configuration, fields, to: object, type: type, by: manager, at: "", isForced: true, ignoring: FieldSet())
            applied.update(FieldComparison(from: nil, to: object, type: type), by: manager, at: "")
        }
        return true
    }
}
