import ClusterClient
import KubernetesAPI
import ObjectModel
import Schema
import Synchronization

/// `scale`: the number of replicas of anything that has one, as `autoscaling/v1 Scale`.
struct ScaleHandler: Sendable {
    let resource: ServedResource
    let writer: ResourceWriter

    func get(_ name: String, _ namespace: String) throws(APIError) -> [UInt8] {
        guard let object = resource.collection.find(resource.key(namespace: namespace, name: name)) else { throw resource.notFound(name) }
        return Self.scale(of: try object.value()).canonicalJSON()
    }

    /// Sets the replicas to what `change` makes of the present scale.
    func update(_ name: String, _ change: ScaleChange, _ options: WriteOptions, _ context: WriteContext) async throws(APIError)
        -> ResourceWriter.Written
    {
        var main = context
        main.request.subresource = ""
        let warnings = Mutex<[String]>([])
        let written = try await writer.update(name: name, isPatch: change.patch != nil, options, main) { old throws(APIError) in
            guard var object = old else { throw resource.notFound(name) }
            let (scale, doubts) = try change.scale(from: Self.scale(of: object), options)
            warnings.withLock { $0 = doubts }
            let replicas = scale["spec"]["replicas"].int ?? 0
            if replicas < 0 {
                throw .invalid(
                    kind: "Scale", group: "autoscaling", name: name,
                    [.invalid("spec.replicas", Value(replicas), "must be greater than or equal to 0")])
            }
            if !scale.resourceVersion.isEmpty, scale.resourceVersion != object.resourceVersion { throw resource.modified(name) }
            if !scale.uid.isEmpty, scale.uid != object.uid {
                throw resource.isAnother(scale.uid, than: object)
            }
            object["spec"]["replicas"] = Value(replicas)
            return (object, .none)
        }
        var answer = try Self.scale(of: written)
        answer.warnings += warnings.withLock { $0 }
        return answer
    }

    /// Applies a scale: what it says of the replicas is applied to the object.
    func apply(_ patch: ApplyPatch, _ name: String, _ options: WriteOptions, _ context: WriteContext) async throws(APIError) -> ResourceWriter.Written
    {
        if options.fieldValidation == .strict { try patch.refuseRepeatedKeys() }
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

/// What a client wants a scale to become: a whole one, or the one there is with a patch.
struct ScaleChange: Sendable {
    var body: RequestBody?
    var patch: PatchBody?

    private static let type: TypeDefinition? = Catalog.builtIn.type(group: "autoscaling", version: "v1", kind: "Scale")

    /// The new scale, checked against its type, with warnings of what was wrong with it.
    func scale(from old: Value, _ options: WriteOptions) throws(APIError) -> (Value, [String]) {
        guard let type = Self.type else { throw .internalError("no type for Scale") }
        var scale = body?.value ?? old
        if let patch { scale = try patch.apply(to: old, type) }
        if scale["kind"].isNull { scale["kind"] = "Scale" }
        if scale["apiVersion"].isNull { scale["apiVersion"] = "autoscaling/v1" }
        try ExpectedKind(group: "autoscaling", version: "v1", kind: "Scale").check(scale)
        let decoder = BodyDecoder(type: type, kind: "Scale", validation: options.fieldValidation, patch: patch)
        let warnings = try decoder.decode(&scale, body?.duplicates ?? .none)
        return (scale, warnings)
    }
}

extension Presenter {
    /// A `Scale` in the shape that the client asked for, as JSON: its encoding is seen to at the last step.
    func scale(_ written: ResourceWriter.Written, _ form: AnswerForm, _ request: APIRequest) throws(APIError) -> HTTPResponse {
        guard form.shape != .object else { return HTTPResponse(headers: Self.headers(written.warnings), body: [written.bytes]) }
        let scale: Value
        do { scale = try Value(json: written.bytes) } catch { throw .internalError("\(error)") }
        let value: Value
        switch form.shape {
        case .table(let version):
            value = TableForm.scaleTable(scale, version: version, includeObject: try Self.includeObject(request), now: now)
        case .partialMetadata(let version): value = Self.partial(scale, version)
        default: throw APIError(.notAcceptable, "you requested PartialObjectMetadataList, but the requested object is not a list (Scale)")
        }
        return HTTPResponse(headers: Self.headers(written.warnings), body: [value.canonicalJSON()])
    }
}
