import ClusterClient
import ObjectModel

/// Keeps the Endpoints of services that select pods: the older form of EndpointSlices, for clients that still read it.
public struct EndpointsController: Controller {
    private let context: ControllerContext
    private let services: Informer
    private let pods: Informer
    private let endpoints: Informer
    private let queue = WorkQueue()

    public init(_ context: ControllerContext) {
        self.context = context
        services = context.informers.informer(.services)
        pods = context.informers.informer(.pods)
        endpoints = context.informers.informer(.endpoints)
        EndpointIndex.add(to: pods, services: services)
        services.onChange { [queue] in queue.enqueue($0.object.key) }
        pods.onChange { [queue, services] change in
            for key in EndpointIndex.affected(by: change, in: services) { queue.enqueue(key) }
        }
        endpoints.onChange { [queue] in if $0.new == nil { queue.enqueue($0.object.key) } }
    }

    public func run() async {
        await context.loop("endpoints-controller", queue: queue, reconcile: reconcile).run(after: [services, pods, endpoints])
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        let (namespace, name) = splitKey(key)
        guard let service = services.get(key) else {
            // Endpoints are not owned by their service: they go by name.
            if endpoints.get(key) != nil { try await context.client.delete(.endpoints, namespace: namespace, name: name) }
            return nil
        }
        guard service.spec["type"].string != "ExternalName", !service.spec["selector"].isNull else { return nil }
        let wanted = EndpointsPlan.endpoints(of: service, pods: EndpointIndex.pods(of: service, in: pods))
        do {
            guard var existing = endpoints.get(key) else {
                try await context.client.create(.endpoints, wanted)
                return nil
            }
            guard !existing["subsets"].means(wanted["subsets"]) || existing.metadata["labels"] != wanted.metadata["labels"] else { return nil }
            existing["subsets"] = wanted["subsets"]
            existing.metadata["labels"] = wanted.metadata["labels"]
            existing.metadata["annotations"][EndpointsPlan.overCapacity] = wanted.metadata["annotations"][EndpointsPlan.overCapacity]
            try await context.client.update(.endpoints, existing)
        } catch let error as APIError where isNamespaceTerminating(error) {
        } catch let error as APIError where error.reason == .alreadyExists {
            // The copy is behind: its next change comes back here.
            return .milliseconds(100)
        }
        return nil
    }
}

/// The Endpoints of a service.
enum EndpointsPlan {
    static let overCapacity = "endpoints.kubernetes.io/over-capacity"

    /// Addresses in one object, at most.
    static let max = 1000

    static func endpoints(of service: Value, pods: [Value]) -> Value {
        let publishesAll = service.spec["publishNotReadyAddresses"].bool == true
        let isIPv6 = service.serviceFamilies.first == "IPv6"
        /// Addresses by their ports: those that share all ports share a subset.
        var subsets: [[Value]: (ready: [Value], notReady: [Value])] = [:]
        var count = 0
        for pod in pods.sorted(by: { $0.key < $1.key }) where pod.belongsInEndpoints(includingTerminating: publishesAll) {
            guard let address = pod.podAddress(isIPv6: isIPv6) else { continue }
            let ports = EndpointSlicePlan.ports(of: service, on: pod)
            if ports.isEmpty, !service.spec["ports"].isEmpty { continue }
            count += 1
            if count > max { continue }
            let entry = entry(pod, address, service)
            let key = ports.map(unnamed).sorted { ($0["name"].string ?? "", $0["port"].int ?? 0) < ($1["name"].string ?? "", $1["port"].int ?? 0) }
            if publishesAll || pod.isReadyPod {
                subsets[key, default: ([], [])].ready.append(entry)
            } else {
                subsets[key, default: ([], [])].notReady.append(entry)
            }
        }
        var object: Value = [
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": ["name": .string(service.name), "namespace": .string(service.namespace), "labels": labels(of: service)],
        ]
        if count > max { object.metadata["annotations"] = [overCapacity: "truncated"] }
        let sorted = subsets.sorted { Value.array($0.key).description < Value.array($1.key).description }
        if !sorted.isEmpty { object["subsets"] = .array(sorted.map { subset(ports: $0.key, ready: $0.value.ready, notReady: $0.value.notReady) }) }
        return object
    }

    private static func labels(of service: Value) -> Value {
        var labels = service.metadata["labels"]
        labels[EndpointSlicePlan.headless] = service.isHeadlessService ? .string("") : .null
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller"
        return labels
    }

    private static func entry(_ pod: Value, _ address: String, _ service: Value) -> Value {
        var entry: Value = ["ip": .string(address), "targetRef": pod.podReference]
        if !pod.nodeName.isEmpty { entry["nodeName"] = .string(pod.nodeName) }
        if let hostname = pod.endpointHostname(in: service) { entry["hostname"] = .string(hostname) }
        return entry
    }

    /// A port without a name has none here, where a slice has an empty one.
    private static func unnamed(_ port: Value) -> Value {
        var port = port
        if port["name"].string?.isEmpty == true { port["name"] = .null }
        return port
    }

    private static func subset(ports: [Value], ready: [Value], notReady: [Value]) -> Value {
        var subset: Value = [:]
        let byAddress: (Value, Value) -> Bool = { ($0["ip"].string ?? "") < ($1["ip"].string ?? "") }
        if !ready.isEmpty { subset["addresses"] = .array(ready.sorted(by: byAddress)) }
        if !notReady.isEmpty { subset["notReadyAddresses"] = .array(notReady.sorted(by: byAddress)) }
        if !ports.isEmpty { subset["ports"] = .array(ports) }
        return subset
    }
}
