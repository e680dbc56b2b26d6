import ClusterClient
import KubernetesAPI
import ObjectModel
import Storage
import Synchronization

/// All resources that are served, and the fold of the store's log into their collections.
public final class ResourceRegistry: Sendable {
    let catalog: Catalog
    let store: any Store
    private let resources: [Name: ServedResource]
    private let collections: [String: Collection]

    /// One resource for each collection: the first version that the catalog names.
    private let byPrefix: [String: ServedResource]
    private let applied: Mutex<Int64>

    /// By the prefix of what they want to hear of.
    private let observers = Mutex<[String: [Observer]]>([:])

    private struct Name: Hashable {
        var group: String
        var version: String
        var plural: String
    }

    /// Hears of every change after the collections have it: (resource, key, object or nil).
    typealias Observer = @Sendable (ServedResource, String, StoredObject?) -> Void

    /// Opens the standard resources over what the store holds.
    /// - Parameter serviceCIDR: the block that cluster IPs are taken from, such as `10.96.0.0/16`.
    public convenience init(store: any Store, serviceCIDR: String) throws {
        guard let range = IPv4Range(serviceCIDR) else {
            throw APIError(.badRequest, "service CIDR \(serviceCIDR) is not an IPv4 block such as 10.96.0.0/16")
        }
        let addresses = ServiceAddresses(range: range)
        self.init(.builtIn, store) { Strategies.strategy(for: $0, addresses) }
        try load()
    }

    init(_ catalog: Catalog, _ store: any Store, strategies: (ResourceDefinition) -> any ResourceStrategy) {
        self.catalog = catalog
        self.store = store
        var resources: [Name: ServedResource] = [:]
        var collections: [String: Collection] = [:]
        var byPrefix: [String: ServedResource] = [:]
        for definition in catalog.resources {
            let prefix = Self.prefix(definition)
            let strategy = strategies(definition)
            let collection =
                collections[prefix]
                ?? Collection(
                    prefix: prefix, apiVersion: definition.group.isEmpty ? definition.version : "\(definition.group)/\(definition.version)",
                    kind: definition.kind, store: store, fieldsOf: strategy.selectableFields)
            collections[prefix] = collection
            let resource = ServedResource(definition, collection, strategy)
            resources[Name(group: definition.group, version: definition.version, plural: definition.plural)] = resource
            if byPrefix[prefix] == nil { byPrefix[prefix] = resource }
        }
        self.resources = resources
        self.collections = collections
        self.byPrefix = byPrefix
        applied = Mutex(0)
    }

    /// Where a resource's objects are in the store: by group and plural, whatever the version. Of resources with one place, the first that the catalog
    /// names is stored as it is; the others have a conversion.
    private static func prefix(_ definition: ResourceDefinition) -> String {
        let group = VersionConversion.conversion(for: definition)?.storedGroup ?? definition.group
        return "/registry/\(group.isEmpty ? "core" : group)/\(definition.plural)/"
    }

    // MARK: Looking up

    func resource(group: String, version: String, plural: String) -> ServedResource? {
        resources[Name(group: group, version: version, plural: plural)]
    }

    func resource(of info: RequestInfo) -> ServedResource? { resource(group: info.group, version: info.version, plural: info.resource) }

    /// Whether a request is about something that there is here.
    func serves(_ info: RequestInfo) -> Bool {
        guard let resource = resource(of: info) else { return false }
        return info.subresource.isEmpty || resource.definition.subresource(info.subresource) != nil
    }

    /// One resource for each place in the store.
    var firstOfEachCollection: [ServedResource] { Array(byPrefix.values) }

    var all: [ServedResource] { Array(resources.values) }

    /// The revision up to which every collection has every change.
    public var revision: Int64 { applied.withLock { $0 } }

    // MARK: Following the log

    /// Fills the collections and follows the store from there.
    private func load() throws(StoreError) {
        var listing = try store.list(prefix: "/registry/", at: nil)
        for collection in collections.values { collection.load([], revision: listing.revision) }
        // From the end, so that what the store gave is let go of as it is taken over: the objects are never there twice.
        while let last = listing.entries.last {
            guard let prefix = Self.prefix(ofKey: last.key), let collection = collections[prefix] else {
                listing.entries.removeLast()
                continue
            }
            var objects: [StoredObject] = []
            while let entry = listing.entries.last, entry.key.utf8.starts(with: prefix.utf8) {
                objects.append(collection.object(of: entry))
                listing.entries.removeLast()
            }
            collection.load(objects.reversed(), revision: listing.revision)
        }
        for resource in resources.values {
            guard let remember = resource.strategy.remember else { continue }
            resource.collection.snapshot.objects.scan { object in
                if let value = try? object.lean() { remember(value) }
                return true
            }
        }
        applied.withLock { $0 = listing.revision }
        store.subscribe { [weak self] changes in self?.apply(changes) }
    }

    /// Adds an observer of some resources and shows it all that is there. Before serving.
    func observe(_ isInteresting: (ServedResource) -> Bool, _ observer: @escaping Observer) {
        for (prefix, resource) in byPrefix where isInteresting(resource) {
            resource.collection.snapshot.objects.scan { object in
                observer(resource, object.key, object)
                return true
            }
            observers.withLock { $0[prefix, default: []].append(observer) }
        }
    }

    /// Hears of every object of the resources named by plural: those that are there at once, changes before the client that made them is answered.
    public func observe(_ plurals: Set<String>, _ observer: @escaping @Sendable (Resource, String, Value?) -> Void) {
        observe({ plurals.contains($0.plural) }) { resource, key, object in
            observer(resource.reference, key, object.flatMap { try? $0.lean() })
        }
    }

    private func apply(_ changes: [Change]) {
        for change in changes {
            guard let prefix = Self.prefix(ofKey: change.key), let collection = collections[prefix] else { continue }
            let object = collection.object(after: change)
            // Parsed once for all who hear of it now.
            object?.keepLean()
            notify(change, prefix, object)
            collection.apply(change, object)
            object?.dropLean()
        }
        if let last = changes.last { applied.withLock { $0 = max($0, last.revision) } }
    }

    /// Observers hear first: a role is in force before the client that wrote it is answered, and before any watcher sees it.
    private func notify(_ change: Change, _ prefix: String, _ object: StoredObject?) {
        guard let observers = observers.withLock({ $0[prefix] }), let resource = byPrefix[prefix] else { return }
        let key = String(change.key.dropFirst(prefix.count))
        for observer in observers { observer(resource, key, object) }
    }

    /// `/registry/GROUP/PLURAL/` of a key.
    private static func prefix(ofKey key: String) -> String? {
        var slashes = 0
        for index in key.utf8.indices where key.utf8[index] == UInt8(ascii: "/") {
            slashes += 1
            if slashes == 4 { return String(key[...index]) }
        }
        return nil
    }

    // MARK: Watches

    func sendBookmarks() {
        let revision = revision
        for collection in collections.values where collection.watcherCount > 0 { collection.sendBookmarks(revision) }
    }

    func endWatches() { for collection in collections.values { collection.endWatches() } }
}
