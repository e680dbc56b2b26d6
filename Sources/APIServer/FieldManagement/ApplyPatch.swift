import ClusterClient
import ObjectModel
import Schema

/// The body of a server-side apply: what its manager wants the object to say.
struct ApplyPatch: Sendable {
    /// JSON is YAML too, so that the first takes both.
    static let mediaTypes = ["application/apply-patch+yaml", "application/apply-patch+cbor"]

    var configuration: Value

    /// Keys that came twice.
    var duplicates: RepeatedKeys

    /// Whether fields are taken from other managers instead of conflicts reported.
    var isForced: Bool

    init(_ request: APIRequest, isForced: Bool) throws(APIError) {
        (configuration, duplicates) = try Self.parse(request.body, isCBOR: request.contentType.mediaType == Self.mediaTypes[1])
        guard configuration.isObject else { throw .badRequest("error decoding YAML: the configuration is no object") }
        self.isForced = isForced
    }

    /// Most clients send JSON, which its own parser reads ten times faster than YAML's does.
    private static func parse(_ body: [UInt8], isCBOR: Bool) throws(APIError) -> (Value, RepeatedKeys) {
        if isCBOR { return (try RequestBody.cbor(body).value, .none) }
        if body.first == UInt8(ascii: "{") {
            let parsed = body.withUnsafeBytes { bytes in try? JSONParser.parseReportingDuplicates(bytes) }
            // Of keys that came twice YAML's parser tells, for upstream reads every configuration with that.
            if let parsed, parsed.duplicates.isEmpty { return (parsed.value, .none) }
        }
        do {
            let parsed = try YAML.parse(body)
            return (parsed.value, RepeatedKeys(parsed.duplicates))
        } catch {
            throw .badRequest("error decoding YAML: \(error)")
        }
    }

    init(configuration: Value, duplicates: RepeatedKeys = .none, isForced: Bool) {
        self.configuration = configuration
        self.duplicates = duplicates
        self.isForced = isForced
    }

    /// 400 for strict field validation, in upstream's words.
    func refuseRepeatedKeys() throws(APIError) {
        guard !duplicates.isEmpty else { return }
        throw .badRequest("error strict decoding YAML: error converting YAML to JSON: \(duplicates.problems([]).joined(separator: ", "))")
    }

    /// Who there was before anyone applied.
    private static let beforeFirstApply = "before-first-apply"

    /// The object that the configuration makes of `old`, with its managed fields.
    func apply(to old: Value?, _ resource: ServedResource, _ context: WriteContext, _ writer: FieldWriter) throws(APIError) -> Value {
        try check(old, resource)
        var live = old ?? [:]
        let reset = ResetFields.of(resource, subresource: context.request.subresource)
        let fields = try fields(resource).subtracting(ResetFields.serverOwned).subtractingAll(under: reset)
        let managed = managedFields(of: old, resource, context, writer)
        live.metadata["managedFields"] = .null
        let apply = { (isForced: Bool) throws(ApplyConflict) in
            try managed.applying(
                configuration, fields, to: live, type: resource.definition.type, by: writer.manager(of: resource), at: context.now.rfc3339,
                isForced: isForced, ignoring: reset, versions: resource.otherVersions)
        }
        var applied: Applied
        do {
            applied = try apply(isForced)
        } catch {
            let conflict = writer.name == LastApplied.manager ? error.subtracting(LastApplied.ownFields(of: live, resource)) : error
            guard conflict.conflicts.isEmpty, let forced = try? apply(true) else { throw .applyConflict(conflict) }
            applied = forced
        }
        if writer.name == LastApplied.manager { LastApplied.update(&applied.object, live: live, configuration) }
        applied.object.metadata["managedFields"] = applied.managedFields.isEmpty ? .null : applied.managedFields.json
        return applied.object
    }

    private func check(_ old: Value?, _ resource: ServedResource) throws(APIError) {
        let version = configuration.apiVersion
        guard version == resource.apiVersion else {
            throw .badRequest(
                "Incorrect version specified in apply patch. Specified patch version: \(version), expected: \(resource.apiVersion)")
        }
        guard configuration.metadata["managedFields"].isNull else { throw .badRequest("metadata.managedFields must be nil") }
        if old == nil, !configuration.uid.isEmpty {
            throw resource.conflict(
                configuration.name, "uid mismatch: the provided object specified uid \(configuration.uid), and no existing object was found")
        }
    }

    private func fields(_ resource: ServedResource) throws(APIError) -> FieldSet {
        do {
            return try FieldSet(of: configuration, type: resource.definition.type)
        } catch {
            let kind = "\(configuration.apiVersion), Kind=\(configuration.kind)"
            throw APIError(
                .unknown,
                "failed to create typed patch object (\(configuration.namespace)/\(configuration.name); \(kind)): \(error)", code: 500)
        }
    }

    /// The managers so far. What an object holds that was never tracked belongs to a manager that stands for all who wrote it.
    private func managedFields(
        of old: Value?, _ resource: ServedResource, _ context: WriteContext, _ writer: FieldWriter
    ) -> ManagedFields {
        guard let old else { return ManagedFields() }
        var managed = ManagedFields(stored: old.metadata["managedFields"])
        guard managed.isEmpty else { return resource.withoutLostVersions(managed) }
        let everything = FieldTracking(resource, context).difference(from: nil, to: old, context.request.subresource)
        let before = FieldWriter(name: Self.beforeFirstApply, subresource: writer.subresource)
        managed.update(everything, by: before.manager(of: resource), at: context.now.rfc3339)
        return managed
    }
}

extension APIError {
    /// 409 with a cause for each field in dispute.
    static func applyConflict(_ conflict: ApplyConflict) -> APIError {
        let conflicts = conflict.conflicts.map { (manager: $0.manager.description, path: PathElement.describe($0.path)) }
        return APIError(
            .conflict, message(conflicts),
            details: .init(
                causes: conflicts.map { .init(reason: "FieldManagerConflict", message: "conflict with \($0.manager)", field: $0.path) }))
    }

    private static func message(_ conflicts: [(manager: String, path: String)]) -> String {
        if conflicts.count == 1 { return "Apply failed with 1 conflict: conflict with \(conflicts[0].manager): \(conflicts[0].path)" }
        var managers: [String] = []
        for conflict in conflicts where managers.last != conflict.manager { managers.append(conflict.manager) }
        let parts = managers.map { manager in
            let paths = conflicts.filter { $0.manager == manager }.map { "- \($0.path)" }
            return "conflicts with \(manager):\n\(paths.joined(separator: "\n"))"
        }
        return "Apply failed with \(conflicts.count) conflicts: \(parts.joined(separator: "\n"))"
    }
}
