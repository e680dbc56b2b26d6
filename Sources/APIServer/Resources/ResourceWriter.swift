import ClusterClient
import KubernetesAPI
import ObjectModel
import Schema
import Storage

/// Creates, updates and patches the objects of one resource: decode ▸ mutate admission ▸ default ▸ validate ▸ validate admission ▸ commit ▸ answer with
/// the committed bytes.
struct ResourceWriter: Sendable {
    let resource: ServedResource
    let store: any Store
    let admission: Admission
    let environment: Environment

    /// Attempts at a write that finds the object changed under it. A patch or an unconditional update means the object as it is then.
    private static let attemptsMax = 8

    /// What was written, or would have been.
    struct Written: Sendable {
        var bytes: [UInt8]
        var isCreated = false
        var warnings: [String] = []
    }

    // MARK: Create

    func create(_ body: RequestBody, _ options: WriteOptions, _ context: WriteContext) async throws(APIError) -> Written {
        var object = body.value
        try checkTarget(&object, context)
        let warnings = try decode(&object, body.duplicates, options)
        return try await create(decoded: object, warnings, options, context)
    }

    private func create(decoded: Value, _ warnings: [String], _ options: WriteOptions, _ context: WriteContext) async throws(APIError) -> Written {
        var isRetry = false
        var attempts = 0
        while true {
            attempts += 1
            var object = decoded
            try Metadata.prepareForCreate(&object, resource, context, environment)
            let isGenerated = decoded.name.isEmpty && !object.name.isEmpty
            do throws(APIError) {
                let bytes = try await store(new: object, managed: decoded.metadata["managedFields"], context)
                let doubts = KindWarnings.warnings(decoded, old: nil, definition: resource.definition)
                return Written(bytes: bytes, isCreated: true, warnings: warnings + doubts)
            } catch  where error.reason == .alreadyExists && isGenerated && attempts < Self.attemptsMax {
                isRetry = true
                continue
            } catch  where error.reason == .alreadyExists && isGenerated && isRetry {
                throw APIError(
                    .alreadyExists, "\(error.message), the server was not able to generate a unique name for the object", details: error.details)
            }
        }
    }

    private func store(new prepared: Value, managed: Value, _ context: WriteContext) async throws(APIError) -> [UInt8] {
        var object = prepared
        if resource.definition.subresource("status") != nil { object["status"] = resource.strategy.initialStatus(of: object) }
        applyDefaults(&object)
        FieldTracking(resource, context).track(&object, old: nil, sent: managed)
        if try admission.mutate(&object, old: nil, resource, context) { applyDefaults(&object) }
        try resource.strategy.prepareForCreate(&object, context)
        if resource.strategy.hasGeneration { object.metadata["generation"] = 1 }
        do throws(APIError) {
            try check(object, old: nil, context)
            try admission.validate(object, old: nil, resource, context)
            let bytes = resource.storedBytes(object)
            let key = resource.key(namespace: object.namespace, name: object.name)
            if context.isDryRun {
                if resource.collection.find(key) != nil { throw alreadyExists(object.name) }
                _ = try admission.companions(of: object, old: nil, resource, context)
                resource.strategy.abandon(object, old: nil)
                return bytes
            }
            let revision = try await commit(.create(resource.collection.prefix + key, bytes), of: object, old: nil, context)
            resource.strategy.committed(object, old: nil)
            return resource.committed(key, revision, bytes)
        } catch {
            resource.strategy.abandon(object, old: nil)
            throw error
        }
    }

    // MARK: Update

    /// Replaces an object by a body. That is read before anything is looked up: what is wrong with it is said also where there is no such object.
    /// - Parameter requireCreate: Throws where whoever asks may not create the object, which is what this comes to where there is none.
    func replace(
        name: String, by body: RequestBody, _ options: WriteOptions, _ context: WriteContext,
        requireCreate: @escaping @Sendable () throws(APIError) -> Void
    ) async throws(APIError) -> Written {
        var object = body.value
        try checkTarget(&object, context)
        let warnings = try decode(&object, body.duplicates, options)
        let decoded = object
        var written = try await update(name: name, isPatch: false, options, context, isDecoded: true) { old throws(APIError) in
            if old == nil { try requireCreate() }
            return (decoded, .none)
        }
        written.warnings = warnings + written.warnings
        return written
    }

    /// How an update comes to the new object: given the old one, or nil where there is none and the resource can be created so.
    typealias Transform = @Sendable (Value?) throws(APIError) -> (object: Value, duplicates: RepeatedKeys)

    /// Replaces an object by what `transform` makes of it. `isPatch` retries over concurrent changes; `patch` is the one that is to blame where
    /// the result isn't of the type; `isDecoded` says that it is.
    func update(
        name: String, isPatch: Bool, _ options: WriteOptions, _ context: WriteContext, patch: PatchBody? = nil, isDecoded: Bool = false,
        _ transform: Transform
    ) async throws(APIError) -> Written {
        let key = resource.key(namespace: context.request.namespace, name: name)
        return try await resource.alone(at: key) { () throws(APIError) in
            try await update(key, name, isPatch: isPatch, options, context, patch, isDecoded: isDecoded, transform)
        }
    }

    private func update(
        _ key: String, _ name: String, isPatch: Bool, _ options: WriteOptions, _ context: WriteContext, _ patch: PatchBody?, isDecoded: Bool,
        _ transform: Transform
    ) async throws(APIError) -> Written {
        for _ in 0..<Self.attemptsMax {
            guard let current = resource.collection.find(key) else {
                let isApply = context.fieldWriter?.isApply ?? false
                let mayCreate = isApply || (!isPatch && resource.strategy.allowsCreateOnUpdate)
                guard mayCreate, context.request.subresource.isEmpty else { throw resource.notFound(name) }
                let (object, duplicates) = try transform(nil)
                do throws(APIError) {
                    return try await create(RequestBody(value: object, duplicates: duplicates), options, context)
                } catch  where error.reason == .alreadyExists && isApply {
                    // Somebody else was faster: then it is theirs that the configuration is applied to.
                    continue
                }
            }
            let old = try resource.value(of: current)
            var (object, duplicates) = try transform(old)
            if !isDecoded { try checkTarget(&object, context) }
            // "0" is any version.
            let wanted = object.resourceVersion == "0" ? "" : object.resourceVersion
            let isConditional = !wanted.isEmpty && !(isPatch && wanted == old.resourceVersion)
            if isConditional, wanted != old.resourceVersion { throw resource.modified(name) }
            if !isPatch, !isConditional, !resource.strategy.allowsUnconditionalUpdate {
                // Upstream names the resource here, where others have the kind.
                throw .invalid(
                    kind: plural, group: resource.group, name: name,
                    [.invalid("metadata.resourceVersion", 0, "must be specified for an update")])
            }
            let warnings = isDecoded ? [] : try decode(&object, duplicates, options, patch)
            do throws(APIError) {
                let bytes = try await store(object, over: old, current, context)
                let doubts =
                    context.request.subresource.isEmpty ? KindWarnings.warnings(object, old: old, definition: resource.definition) : []
                return Written(bytes: bytes, warnings: warnings + doubts)
            } catch  where error.reason == .conflict && error.details?.kind == Self.raced && !isConditional {
                continue
            } catch  where error.reason == .conflict && error.details?.kind == Self.raced {
                throw resource.modified(name)
            }
        }
        throw resource.modified(name)
    }

    private func store(_ changed: Value, over old: Value, _ current: StoredObject, _ context: WriteContext) async throws(APIError) -> [UInt8] {
        var object = changed
        let managed = object.metadata["managedFields"]
        try Metadata.prepareForUpdate(&object, old: old, isPatch: context.request.verb == "patch", resource)
        keepOtherHalf(&object, old, context)
        applyDefaults(&object)
        FieldTracking(resource, context).track(&object, old: old, sent: managed)
        if try admission.mutate(&object, old: old, resource, context) { applyDefaults(&object) }
        if context.request.subresource == "status" {
            try resource.strategy.prepareForStatusUpdate(&object, old: old, context)
        } else {
            try resource.strategy.prepareForUpdate(&object, old: old, context)
        }
        if resource.strategy.hasGeneration, !["status", "binding"].contains(context.request.subresource) {
            Metadata.countGeneration(&object, old: old, counting: resource.strategy.countedMetadata)
        }
        do throws(APIError) {
            try check(object, old: old, context)
            try admission.validate(object, old: old, resource, context)
            return try await commit(object, over: old, current, context)
        } catch {
            resource.strategy.abandon(object, old: old)
            throw error
        }
    }

    private func commit(_ object: Value, over old: Value, _ current: StoredObject, _ context: WriteContext) async throws(APIError) -> [UInt8] {
        var object = object
        object.metadata["resourceVersion"] = old.metadata["resourceVersion"]
        // Writing what is there already is no change: no new revision, no event.
        if FieldTracking.isSame(object, exceptTimes: old) { return current.bytes }
        if context.isDryRun {
            _ = try admission.companions(of: object, old: old, resource, context)
            resource.strategy.abandon(object, old: old)
            return resource.storedBytes(object)
        }
        object.metadata["resourceVersion"] = .null
        let key = resource.collection.prefix + current.key
        let bytes = resource.storedBytes(object)
        if Metadata.isDone(object) {
            // The last finalizer went: so does the object.
            let revision = try await commit(Write(key: key, value: nil, precondition: .revision(current.revision)), name: object.name)
            resource.strategy.deleted(object)
            return Revisions.splice(revision, into: bytes)
        }
        let revision = try await commit(.replace(key, bytes, at: current.revision), of: object, old: old, context)
        resource.strategy.committed(object, old: old)
        return resource.committed(current.key, revision, bytes)
    }

    /// A write to `status` changes status and metadata; one to the main resource everything but status.
    private func keepOtherHalf(_ object: inout Value, _ old: Value, _ context: WriteContext) {
        switch context.request.subresource {
        case "status":
            var kept = old
            kept["status"] = object["status"]
            kept["metadata"] = object["metadata"]
            object = kept
        case "finalize": object = Self.kept(old, object) { $0["spec"]["finalizers"] = object["spec"]["finalizers"] }
        case "ephemeralcontainers":
            object = Self.kept(old, object) { $0["spec"]["ephemeralContainers"] = object["spec"]["ephemeralContainers"] }
        case "resize": object = Self.kept(old, object) { Self.copyResources(from: object, to: &$0) }
        case "approval": break
        default: if resource.definition.subresource("status") != nil { object["status"] = old["status"] }
        }
    }

    private static func kept(_ old: Value, _ object: Value, _ change: (inout Value) -> Void) -> Value {
        var kept = old
        kept["metadata"] = object["metadata"]
        change(&kept)
        return kept
    }

    /// A resize changes what containers and the pod ask for, and nothing else. Containers stay in the order that they were sent in, which is for
    /// validation to judge.
    private static func copyResources(from object: Value, to kept: inout Value) {
        for list in ["containers", "initContainers"] {
            let before = kept["spec"][list].array
            let sent = object["spec"][list].array
            if sent.isEmpty, before.isEmpty { continue }
            kept["spec"][list] = .array(
                sent.map { container in
                    guard var copy = before.first(where: { $0["name"] == container["name"] }) else { return container }
                    copy["resources"] = container["resources"]
                    copy["resizePolicy"] = container["resizePolicy"]
                    return copy
                })
        }
        kept["spec"]["resources"] = object["spec"]["resources"]
    }

    // MARK: Parts

    /// Fills in what the path says and refuses a body that says otherwise.
    private func checkTarget(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        guard object.isObject else {
            throw .badRequest("couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct")
        }
        if object["apiVersion"].isNull { object["apiVersion"] = .string(resource.apiVersion) }
        if object["kind"].isNull { object["kind"] = .string(resource.definition.kind) }
        try ExpectedKind(group: resource.group, version: resource.definition.version, kind: resource.definition.kind).check(object)
        guard object["metadata"].isObject || object["metadata"].isNull else { return }
        let info = context.request
        if resource.definition.isNamespaced {
            if object.namespace.isEmpty { object.metadata["namespace"] = .string(info.namespace) }
            guard object.namespace == info.namespace else {
                throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
            }
        } else if !object.namespace.isEmpty {
            object.metadata["namespace"] = .null
        }
        guard !info.name.isEmpty, info.verb != "create" else { return }
        if object.name.isEmpty {
            throw .badRequest("the name of the object (\(info.name) based on URL) was undeterminable: name must be provided")
        }
        guard object.name == info.name else {
            throw .badRequest("the name of the object (\(object.name)) does not match the name on the URL (\(info.name))")
        }
    }

    private func decode(_ object: inout Value, _ duplicates: RepeatedKeys, _ options: WriteOptions, _ patch: PatchBody? = nil) throws(APIError)
        -> [String]
    {
        let decoder = BodyDecoder(
            type: resource.definition.type, kind: resource.definition.kind, validation: options.fieldValidation, patch: patch)
        let warnings = try decoder.decode(&object, duplicates)
        return warnings + Metadata.dropRepeatedOwners(&object)
    }

    private func applyDefaults(_ object: inout Value) { Defaulter.apply(to: &object, type: resource.definition.type) }

    private func check(_ object: Value, old: Value?, _ context: WriteContext) throws(APIError) {
        let errors =
            KindValidation.validate(object, old: old, definition: resource.definition, subresource: context.request.subresource)
            + resource.strategy.validate(object, old: old, context)
        if !errors.isEmpty { throw invalid(object.name, errors) }
    }

    private func invalid(_ name: String, _ errors: [FieldError]) -> APIError {
        .invalid(kind: resource.definition.kind, group: resource.group, name: name, errors)
    }

    private func alreadyExists(_ name: String) -> APIError { .alreadyExists(resource: plural, group: resource.group, name: name) }

    private var plural: String { resource.plural }

    /// Marks a conflict that the store found, which a patch may retry.
    private static let raced = "raced"

    /// Commits an object together with what goes with it.
    private func commit(_ write: Write, of object: Value, old: Value?, _ context: WriteContext) async throws(APIError) -> Int64 {
        // Most writes go alone.
        if try admission.companions(of: object, old: old, resource, context).isEmpty { return try await commit(write, name: object.name) }
        let turn = object.namespace
        await admission.turns.begin(turn)
        defer { admission.turns.end(turn) }
        for _ in 0..<Self.attemptsMax {
            let companions = try admission.companions(of: object, old: old, resource, context)
            if let revision = try await commit(write, with: companions, name: object.name) { return revision }
        }
        throw resource.modified(object.name)
    }

    private func commit(_ write: Write, name: String) async throws(APIError) -> Int64 {
        guard let revision = try await commit(write, with: [], name: name) else { throw resource.modified(name) }
        return revision
    }

    /// Nil where one of the companions has changed since it was read.
    private func commit(_ write: Write, with companions: [Write], name: String) async throws(APIError) -> Int64? {
        do {
            return try await store.commit([write] + companions)
        } catch {
            guard case .conflict(let key, _) = error else { throw .storage(error) }
            guard key == write.key else { return nil }
            if case .absent = write.precondition { throw alreadyExists(name) }
            throw APIError(.conflict, "", details: .init(kind: Self.raced))
        }
    }
}

extension APIError {
    /// A failure of the store, as a client sees it.
    static func storage(_ error: StoreError) -> APIError { .internalError("\(error)") }
}
