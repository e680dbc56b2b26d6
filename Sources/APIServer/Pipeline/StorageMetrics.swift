import Metrics
import Synchronization

/// What the collections hold and tell, read when someone asks.
struct StorageMetrics {
    let registry: ResourceRegistry

    private static let eventBytes = (0..<8).map { 1024 << $0 }

    /// Bytes of events as they went out to watchers.
    static func eventSizes() -> HistogramCounts { HistogramCounts(bounds: eventBytes) }

    func register(_ metrics: MetricsRegistry) {
        let registry = registry
        func byCollection(_ kind: Kind, _ name: String, _ help: String, _ number: @escaping @Sendable (Collection) -> Int) {
            let read: @Sendable () -> [([String], Double)] = {
                registry.stored.map { ([$0.group, $0.plural], Double(number($0.collection))) }
            }
            switch kind {
            case .counter: metrics.counter(name, help, labels: ["group", "resource"]).read(from: read)
            case .gauge: metrics.gauge(name, help, labels: ["group", "resource"]).read(from: read)
            }
        }
        byCollection(.gauge, "apiserver_resource_objects", "Stored objects.") { $0.snapshot.objects.count }
        byCollection(.gauge, "apiserver_resource_size_estimate_bytes", "About as many bytes as stored objects take.") {
            let objects = $0.snapshot.objects
            return objects.averageBytes * objects.count
        }
        byCollection(.gauge, "apiserver_watch_cache_resource_version", "The version of the last change of a resource.") { Int($0.snapshot.revision) }
        byCollection(.counter, "apiserver_watch_cache_events_received_total", "Changes of a resource that the store told of.") { $0.eventCount }
        byCollection(.counter, "apiserver_watch_cache_events_dispatched_total", "Changes of a resource that its watchers could hear of.") {
            $0.eventCount
        }
        byCollection(.counter, "apiserver_storage_events_received_total", "Changes of a resource that the store told of.") { $0.eventCount }
        byCollection(.counter, "apiserver_cache_list_returned_objects_total", "Objects in lists.") { $0.listedObjects.load(ordering: .relaxed) }
        metrics.counter("apiserver_cache_list_total", "Lists that were made from memory.", labels: ["group", "resource", "index"]).read {
            registry.stored.map { ([$0.group, $0.plural, ""], Double($0.collection.lists.load(ordering: .relaxed))) }
        }
        metrics.gauge("apiserver_storage_objects", "Stored objects, as it was told before 1.34.", labels: ["resource"]).read {
            registry.stored.map { ([$0.group.isEmpty ? $0.plural : "\($0.plural).\($0.group)"], Double($0.collection.snapshot.objects.count)) }
        }
        metrics.counter("apiserver_watch_events_total", "Events that were sent to watchers.", labels: ["group", "version", "resource"]).read {
            registry.watched.map { ($0.labels, $0.eventSizes.reading().counts.reduce(0, +)) }
        }
        metrics.histogram(
            "apiserver_watch_events_sizes", "Bytes of events that were sent to watchers.", labels: ["group", "version", "resource"],
            buckets: Self.eventBytes.map(Double.init)
        ).read { registry.watched.map { ($0.labels, $0.eventSizes.reading()) } }
        registerAddresses(metrics)
    }

    /// What Services can be given and have been.
    private func registerAddresses(_ metrics: MetricsRegistry) {
        guard let services = registry.resource(group: "", version: "v1", plural: "services")?.strategy as? ServiceStrategy else { return }
        let addresses = services.addresses
        let block = addresses.range.description
        metrics.gauge("kube_apiserver_clusterip_allocator_allocated_ips", "Cluster IPs that Services have.", labels: ["cidr"])
            .read { [([block], Double(addresses.taken.addresses))] }
        metrics.gauge("kube_apiserver_clusterip_allocator_available_ips", "Cluster IPs that are free.", labels: ["cidr"])
            .read { [([block], Double(addresses.range.usable - addresses.taken.addresses))] }
        metrics.gauge("kube_apiserver_nodeport_allocator_allocated_ports", "Node ports that Services have.")
            .read { [([], Double(addresses.taken.ports))] }
        metrics.gauge("kube_apiserver_nodeport_allocator_available_ports", "Node ports that are free.")
            .read { [([], Double(addresses.nodePorts.count - addresses.taken.ports))] }
    }

    private enum Kind { case counter, gauge }
}

extension ResourceRegistry {
    /// One resource for each place in the store.
    fileprivate var stored: [ServedResource] { firstOfEachCollection.filter(\.definition.isStored) }

    /// Resources whose watchers have heard of something.
    fileprivate var watched: [ServedResource] { all.filter { $0.eventSizes.reading().sum > 0 } }
}

extension ServedResource {
    fileprivate var labels: [String] { [group, definition.version, plural] }
}
