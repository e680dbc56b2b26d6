import ClusterClient
import KubernetesAPI
import ObjectModel

/// `scale`: the number of replicas of anything that has one, as `autoscaling/v1 Scale`.
struct ScaleHandler: Sendable {
    let resource: ServedResource
    let writer: ResourceWriter

    func get(_ name: String, _ namespace: String) throws(APIError) -> [UInt8] {
        guard let object = resource.collection.find(resource.key(namespace: namespace, name: name)) else { throw resource.notFound(name) }
        return Self.scale(of: try object.value()).canonicalJSON()
    }

    /// Sets the replicas to what `transform` makes of the present scale.
    func update(
        _ name: String, isPatch: Bool, _ options: WriteOptions, _ context: WriteContext,
        _ transform: @escaping @Sendable (Value) throws(APIError) -> Value
    ) async throws(APIError) -> ResourceWriter.Written {
        let (kind, group) = ("Scale", "autoscaling")
        var main = context
        main.request.subresource = ""
        let written = try await writer.update(name: name, isPatch: isPatch, options, main) { old throws(APIError) in
            guard var object = old else { throw resource.notFound(name) }
            let scale = try transform(Self.scale(of: object))
            guard let replicas = scale["spec"].isNull ? 0 : scale["spec"]["replicas"].int ?? (scale["spec"]["replicas"].isNull ? 0 : nil) else {
                throw .badRequest(
                    "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal \(scale["spec"]["replicas"]) into Go struct field ScaleSpec.spec.replicas of type int32"
                )
            }
            if replicas < 0 {
                throw .invalid(
                    kind: kind, group: group, name: name,
                    [.invalid("spec.replicas", Value(replicas), "must be greater than or equal to 0")])
            }
            if !scale.resourceVersion.isEmpty, scale.resourceVersion != object.resourceVersion { throw resource.modified(name) }
            if !scale.uid.isEmpty, scale.uid != object.uid {
                throw resource.conflict(name, "Precondition failed: UID in precondition: \(scale.uid), UID in object meta: \(object.uid)")
            }
            object["spec"]["replicas"] = Value(replicas)
            return (object, [])
        }
        return try Self.scale(of: written)
    }

    /// Applies a scale: what it says of the replicas is applied to the object.
    func apply(_ patch: ApplyPatch, _ name: String, _ options: WriteOptions, _ context: WriteContext) async throws(APIError) -> ResourceWriter.Written
    {
        guard let writer = context.fieldWriter else { throw .internalError("an apply without a manager") }
        var main = context
        main.request.subresource = ""
        let written = try await self.writer.update(name: name, isPatch: true, options, main) { [main] old throws(APIError) in
            guard let object = old else { throw resource.notFound(name) }
            var changed = try patch.ofObject(resource).apply(to: object, resource, main, writer)
            // An object that has replicas has a number of them: none, where nobody says.
            if changed["spec"]["replicas"].isNull { changed["spec"]["replicas"] = 0 }
            return (changed, patch.duplicates)
        }
        return try Self.scale(of: written)
    }

    private static func scale(of written: ResourceWriter.Written) throws(APIError) -> ResourceWriter.Written {
        let object: Value
        do { object = try Value(json: written.bytes) } catch { throw .internalError("\(error)") }
        return ResourceWriter.Written(bytes: scale(of: object).canonicalJSON(), warnings: written.warnings)
    }

    static func scale(of object: Value) -> Value {
        var metadata: Value = [:]
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] { metadata[field] = object.metadata[field] }
        let managed = ScaleFields.managedFields(of: object)
        if !managed.isEmpty { metadata["managedFields"] = managed.json }
        var status: Value = ["replicas": Value(object["status"]["replicas"].int ?? 0)]
        let selector = selector(of: object)
        if !selector.isEmpty { status["selector"] = .string(selector) }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": ["replicas": Value(object["spec"]["replicas"].int ?? 0)],
            "status": status,
        ]
    }

    /// The selector in its text form. A ReplicationController's is a plain map.
    private static func selector(of object: Value) -> String {
        let selector = object["spec"]["selector"]
        if object.kind == "ReplicationController" {
            return selector.fields.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
        }
        return ((try? LabelSelector(selector))?.description) ?? ""
    }
}
