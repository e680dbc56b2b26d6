import ClusterClient
import ObjectModel

/// Who owns whom, over the informers of all resources.
struct OwnershipGraph: Sendable {
    private let byResource: [(resource: Resource, informer: Informer)]

    private static let ownerIndex = "owner uid"

    init(_ informers: Informers, _ resources: [Resource]) {
        byResource = resources.map { ($0, informers.informer($0)) }
        for (_, informer) in byResource { informer.addIndex(Self.ownerIndex) { $0.ownerReferences.compactMap { $0["uid"].string } } }
    }

    var informers: [Informer] { byResource.map(\.informer) }

    func onChange(_ handler: @escaping @Sendable (Resource, Informer.Change) -> Void) {
        for (resource, informer) in byResource { informer.onChange { handler(resource, $0) } }
    }

    /// The objects that name `uid` as an owner.
    func dependents(of uid: String) -> [(Resource, Value)] {
        byResource.flatMap { resource, informer in informer.indexed(Self.ownerIndex, uid).map { (resource, $0) } }
    }

    /// The owner that a reference names, if the copies have it.
    func find(_ reference: Value, namespace: String) -> (Resource, Value)? {
        guard let (resource, informer) = entry(reference) else { return nil }
        let name = reference["name"].string ?? ""
        guard let owner = informer.get(namespace: resource.isNamespaced ? namespace : "", name: name), owner.uid == reference["uid"].string else {
            return nil
        }
        return (resource, owner)
    }

    func resource(_ reference: Value) -> Resource? { entry(reference)?.resource }

    /// References may name any version of a kind.
    private func entry(_ reference: Value) -> (resource: Resource, informer: Informer)? {
        let version = reference["apiVersion"].string ?? ""
        let group = version.contains("/") ? String(version.prefix { $0 != "/" }) : ""
        return byResource.first { $0.resource.group == group && $0.resource.kind == reference["kind"].string }
    }

    // MARK: Keys

    /// What the queue holds: resource and object in one text.
    static func id(_ resource: Resource, _ object: Value) -> String { "\(resource.group)|\(resource.plural)|\(object.key)" }

    func object(_ id: String) -> (Resource, Value)? {
        let parts = id.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        guard let (resource, informer) = byResource.first(where: { $0.resource.group == parts[0] && $0.resource.plural == parts[1] }) else {
            return nil
        }
        return informer.get(String(parts[2])).map { (resource, $0) }
    }
}
