import ClusterClient
import ObjectModel
import Storage

/// The admission chain, as writers ask it.
struct Admission: Sendable {
    let chain: AdmissionChain
    let stored: ResourceRegistry
    let metrics: AdmissionMetrics

    /// Whoever charges a quota does so alone in its namespace: else of many who try at once, one would succeed at a time, and all others try in vain.
    let turns = Turns()

    /// Changes the object before it is validated; returns whether it did. `old` is nil for a creation.
    func mutate(_ object: inout Value, old: Value?, _ resource: ServedResource, _ context: WriteContext) throws(APIError) -> Bool {
        var request = Self.request(old == nil ? .create : .update, resource, context, object, old)
        try metrics.measure(.admit, request.operation) { () throws(APIError) in try chain.mutate(&request, stored) }
        guard request.object != object else { return false }
        object = request.object
        return true
    }

    /// Refuses the object by throwing.
    func validate(_ object: Value, old: Value?, _ resource: ServedResource, _ context: WriteContext) throws(APIError) {
        let request = Self.request(old == nil ? .create : .update, resource, context, object, old)
        try metrics.measure(.validate, request.operation) { () throws(APIError) in try chain.validate(request, stored) }
    }

    /// What is to be committed together with the object, such as what it is charged to; refuses by throwing. Asked after `validate`.
    func companions(of object: Value, old: Value?, _ resource: ServedResource, _ context: WriteContext) throws(APIError) -> [Write] {
        let request = Self.request(old == nil ? .create : .update, resource, context, object, old)
        return try chain.companionWrites(request, stored).compactMap { stored.write($0.object, of: $0.resource) }
    }

    func validateDelete(_ object: Value, _ resource: ServedResource, _ context: WriteContext) throws(APIError) {
        var request = Self.request(.delete, resource, context, .null, object)
        try metrics.measure(.admit, .delete) { () throws(APIError) in try chain.mutate(&request, stored) }
        try metrics.measure(.validate, .delete) { () throws(APIError) in try chain.validate(request, stored) }
    }

    private static func request(
        _ operation: AdmissionRequest.Operation, _ resource: ServedResource, _ context: WriteContext, _ object: Value, _ old: Value?
    ) -> AdmissionRequest {
        AdmissionRequest(
            operation: operation, resource: resource.reference, subresource: context.request.subresource,
            namespace: resource.definition.isNamespaced ? context.request.namespace : "",
            name: context.request.name.isEmpty ? (old ?? object).name : context.request.name, user: context.user, object: object,
            oldObject: old ?? .null, isDryRun: context.isDryRun)
    }
}

extension ResourceRegistry {
    /// A write of an object as it was read and then changed, on the condition that it is still the one that was read.
    func write(_ object: Value, of resource: Resource) -> Write? {
        guard let served = self.resource(group: resource.group, version: resource.version, plural: resource.plural),
            let revision = Int64(object.resourceVersion)
        else { return nil }
        var object = object
        object.metadata["resourceVersion"] = .null
        let key = served.collection.prefix + served.key(namespace: object.namespace, name: object.name)
        return .replace(key, object.canonicalJSON(), at: revision)
    }
}

/// Admission and authorization read what is stored from the snapshots.
extension ResourceRegistry: ObjectReader {
    public func object(_ resource: Resource, namespace: String, name: String) -> Value? {
        guard let served = self.resource(group: resource.group, version: resource.version, plural: resource.plural) else { return nil }
        return served.collection.find(served.key(namespace: namespace, name: name)).flatMap { lookUp($0, served) }
    }

    public func objects(_ resource: Resource, namespace: String) -> [Value] {
        guard let served = self.resource(group: resource.group, version: resource.version, plural: resource.plural) else { return [] }
        var objects: [Value] = []
        served.collection.snapshot.objects.scan(namespace: namespace) { object in
            if let value = lookUp(object, served) { objects.append(value) }
            return true
        }
        return objects
    }

    /// What every pod's admission asks for: few objects, changed seldom, worth the memory of their trees.
    private static let askedOften: Set = ["limitranges", "namespaces", "priorityclasses", "runtimeclasses", "serviceaccounts", "storageclasses"]

    private func lookUp(_ object: StoredObject, _ served: ServedResource) -> Value? {
        if Self.askedOften.contains(served.plural) { object.keepLean() }
        return try? served.lean(of: object)
    }
}

extension ServedResource {
    /// The resource as components name it.
    var reference: Resource {
        Resource(
            group: definition.group, version: definition.version, plural: definition.plural, kind: definition.kind,
            isNamespaced: definition.isNamespaced)
    }
}
