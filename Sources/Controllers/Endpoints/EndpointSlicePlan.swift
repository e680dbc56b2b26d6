import ClusterClient
import ObjectModel

/// Which slices a service should have: as few writes as possible, at most `max` endpoints in each.
struct EndpointSlicePlan {
    private(set) var creates: [Value] = []
    private(set) var updates: [Value] = []
    private(set) var deletes: [Value] = []

    /// A pod's node is not known yet: look again.
    private(set) var missesNode = false

    static let managedBy = "endpointslice.kubernetes.io/managed-by"
    static let serviceName = "kubernetes.io/service-name"
    static let headless = "service.kubernetes.io/headless"
    static let manager = "endpointslice-controller.k8s.io"

    /// Endpoints in a slice, at most.
    static let max = 100

    private let service: Value
    private let labels: Value

    /// - Parameters:
    ///   - pods: those that the service selects.
    ///   - existing: the slices that this controller made for the service.
    init(service: Value, pods: [Value], existing: [Value], node: (String) -> Value?) {
        self.service = service
        labels = Self.labels(of: service)
        let families = service.serviceFamilies
        for slice in existing where !families.contains(slice["addressType"].string ?? "") { deletes.append(slice) }
        for family in families { plan(family, pods, existing.filter { $0["addressType"].string == family && !$0.isBeingDeleted }, node) }
        reuse()
    }

    /// A slice that would go takes the content of one that would come: one write for two, and no moment with both or neither.
    private mutating func reuse() {
        for (index, created) in creates.enumerated().reversed() {
            guard let spare = deletes.firstIndex(where: { $0["addressType"] == created["addressType"] && !$0.isBeingDeleted }) else { continue }
            var slice = with(deletes.remove(at: spare), created["endpoints"].array)
            slice["ports"] = created["ports"]
            updates.append(slice)
            creates.remove(at: index)
        }
    }

    private static func labels(of service: Value) -> Value {
        var labels = service.metadata["labels"]
        labels[headless] = service.isHeadlessService ? .string("") : .null
        labels[serviceName] = .string(service.name)
        labels[managedBy] = .string(manager)
        return labels
    }

    // MARK: One family

    /// Endpoints that share their ports, by the address and pod that they stand for.
    private struct Group {
        var ports: [Value]
        var endpoints: [String: Value] = [:]
    }

    private mutating func plan(_ family: String, _ pods: [Value], _ existing: [Value], _ node: (String) -> Value?) {
        var groups = desired(family, pods, node)
        var kept = 0
        let created = creates.count
        for (key, slices) in Dictionary(grouping: existing, by: { Self.portKey($0["ports"].array) }) {
            guard let group = groups.removeValue(forKey: key) else {
                deletes += slices
                continue
            }
            kept += reconcile(group, slices, family)
        }
        for key in groups.keys.sorted() { if let group = groups[key] { _ = reconcile(group, [], family) } }
        // A service without endpoints has one empty slice.
        guard kept == 0, creates.count == created else { return }
        let placeholder = slice(family, ports: [], endpoints: [])
        if let empty = existing.first(where: { $0["ports"].isEmpty && $0["endpoints"].isEmpty }) {
            deletes.removeAll { $0.uid == empty.uid }
            if empty.metadata["labels"] != labels { updates.append(relabelled(empty)) }
        } else {
            creates.append(placeholder)
        }
    }

    private mutating func desired(_ family: String, _ pods: [Value], _ node: (String) -> Value?) -> [String: Group] {
        var groups: [String: Group] = [:]
        for pod in pods where pod.belongsInEndpoints(includingTerminating: true) {
            guard let address = pod.podAddress(isIPv6: family == "IPv6") else { continue }
            let host = pod.nodeName.isEmpty ? nil : node(pod.nodeName)
            if host == nil, !pod.nodeName.isEmpty, service.spec["publishNotReadyAddresses"].bool != true {
                missesNode = true
                continue
            }
            let ports = Self.ports(of: service, on: pod)
            if ports.isEmpty, !service.spec["ports"].isEmpty { continue }
            groups[Self.portKey(ports), default: Group(ports: ports)].endpoints["\(address)|\(pod.name)"] = endpoint(pod, address, host)
        }
        return groups
    }

    private func endpoint(_ pod: Value, _ address: String, _ node: Value?) -> Value {
        let isServing = pod.isReadyPod
        let isTerminating = pod.isBeingDeleted
        let isReady = service.spec["publishNotReadyAddresses"].bool == true || isServing && !isTerminating
        var endpoint: Value = [
            "addresses": [.string(address)],
            "conditions": ["ready": .bool(isReady), "serving": .bool(isServing), "terminating": .bool(isTerminating)],
            "targetRef": pod.podReference,
        ]
        if !pod.nodeName.isEmpty { endpoint["nodeName"] = .string(pod.nodeName) }
        if let zone = node?.metadata["labels"]["topology.kubernetes.io/zone"].string { endpoint["zone"] = .string(zone) }
        if let hostname = pod.endpointHostname(in: service) { endpoint["hostname"] = .string(hostname) }
        if isReady { endpoint["hints"] = hints(endpoint) }
        return endpoint
    }

    /// Where a service asks for it, traffic stays close to its source.
    private func hints(_ endpoint: Value) -> Value {
        let wish = service.spec["trafficDistribution"].string
        guard wish == "PreferClose" || wish == "PreferSameZone" || wish == "PreferSameNode" else { return .null }
        var hints: Value = [:]
        if !endpoint["zone"].isNull { hints["forZones"] = [["name": endpoint["zone"]]] }
        if wish == "PreferSameNode", !endpoint["nodeName"].isNull { hints["forNodes"] = [["name": endpoint["nodeName"]]] }
        return hints.isEmpty ? .null : hints
    }

    /// The service's ports as they are on a pod; those that the pod does not name are left out.
    static func ports(of service: Value, on pod: Value) -> [Value] {
        service.spec["ports"].array.compactMap { port in
            guard let number = pod.targetPort(of: port) else { return nil }
            var result: Value = [
                "name": .string(port["name"].string ?? ""), "port": Value(number), "protocol": .string(port["protocol"].string ?? "TCP"),
            ]
            result["appProtocol"] = port["appProtocol"]
            return result
        }
    }

    private static func portKey(_ ports: [Value]) -> String {
        ports.map { "\($0["name"].string ?? "")|\($0["protocol"].string ?? "TCP")|\($0["port"].int ?? 0)|\($0["appProtocol"].string ?? "")" }.sorted()
            .joined(separator: ",")
    }

    private static func key(_ endpoint: Value) -> String { "\(endpoint["addresses"][0].string ?? "")|\(endpoint["targetRef"]["name"].string ?? "")" }

    // MARK: Slices of one set of ports

    /// Returns how many of `slices` stay.
    private mutating func reconcile(_ group: Group, _ slices: [Value], _ family: String) -> Int {
        var missing = group.endpoints
        var changed: [Value] = []
        var unchanged: [Value] = []
        var emptied: [Value] = []
        for slice in slices.sorted(by: { $0.name < $1.name }) {
            let before = slice["endpoints"].array
            let after = before.compactMap { missing.removeValue(forKey: Self.key($0)) }
            if after.isEmpty {
                emptied.append(slice)
            } else if after != before || slice.metadata["labels"] != labels {
                changed.append(with(slice, after))
            } else {
                unchanged.append(slice)
            }
        }
        var rest = missing.keys.sorted().compactMap { missing[$0] }[...]
        // Slices that are written anyway are filled first; then the fullest one that takes all of the rest; then new ones.
        for index in changed.indices where !rest.isEmpty { changed[index] = filled(changed[index], &rest) }
        while !rest.isEmpty, !emptied.isEmpty { changed.append(filled(with(emptied.removeFirst(), []), &rest)) }
        if !rest.isEmpty, rest.count <= Self.max {
            let fitting = unchanged.indices.filter { unchanged[$0]["endpoints"].array.count + rest.count <= Self.max }
            if let best = fitting.max(by: { unchanged[$0]["endpoints"].array.count < unchanged[$1]["endpoints"].array.count }) {
                changed.append(filled(unchanged.remove(at: best), &rest))
            }
        }
        while !rest.isEmpty {
            creates.append(slice(family, ports: group.ports, endpoints: Array(rest.prefix(Self.max))))
            rest = rest.dropFirst(Self.max)
        }
        updates += changed
        deletes += emptied
        return changed.count + unchanged.count
    }

    private func filled(_ slice: Value, _ rest: inout ArraySlice<Value>) -> Value {
        var endpoints = slice["endpoints"].array
        let taken = rest.prefix(Swift.max(0, Self.max - endpoints.count))
        endpoints += taken
        rest = rest.dropFirst(taken.count)
        return with(slice, endpoints)
    }

    private func with(_ slice: Value, _ endpoints: [Value]) -> Value {
        var slice = relabelled(slice)
        slice["endpoints"] = .array(endpoints)
        return slice
    }

    private func relabelled(_ slice: Value) -> Value {
        var slice = slice
        slice.metadata["labels"] = labels
        return slice
    }

    private func slice(_ family: String, ports: [Value], endpoints: [Value]) -> Value {
        [
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": [
                "generateName": .string("\(service.name)-"), "namespace": .string(service.namespace), "labels": labels,
                "ownerReferences": [service.controllerReference(as: .services)],
            ], "addressType": .string(family), "endpoints": .array(endpoints), "ports": .array(ports),
        ]
    }
}
