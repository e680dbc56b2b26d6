import ClusterClient
import ObjectModel

/// Which pods stand behind which services, found without a walk over all of either.
enum EndpointIndex {
    static let podLabels = "label"
    static let podNamespace = "namespace"
    static let podNode = "node"
    static let serviceSelector = "selector"

    /// Labels that nearly every pod has with a value of its own: not worth an index.
    private static let scattered: Set<String> = [
        "pod-template-hash", "controller-revision-hash", "pod-template-generation", "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid", "controller-uid", "batch.kubernetes.io/job-completion-index",
    ]

    private static func key(_ namespace: String, _ label: String, _ value: String) -> String { "\(namespace)|\(label)=\(value)" }

    @Sendable static func podKeys(_ pod: Value) -> [String] {
        pod.metadata["labels"].fields.compactMap { label, value in
            scattered.contains(label) ? nil : value.string.map { key(pod.namespace, label, $0) }
        }
    }

    /// The one pair of a service's selector under which its pods are looked up; nil where none is indexed.
    static func podKey(_ service: Value) -> String? {
        service.spec["selector"].fields.first { !scattered.contains($0.key) }.map { key(service.namespace, $0.key, $0.value.string ?? "") }
    }

    /// Services are found from a pod by the same pair, or by namespace.
    @Sendable static func serviceKeys(_ service: Value) -> [String] {
        service.spec["selector"].isEmpty ? [] : [podKey(service) ?? service.namespace]
    }

    /// What a lookup of pods by a selector takes.
    static func addPodIndexes(to pods: Informer) {
        pods.addIndex(podLabels, podKeys)
        pods.addIndex(podNamespace) { [$0.namespace] }
    }

    static func add(to pods: Informer, services: Informer) {
        addPodIndexes(to: pods)
        pods.addIndex(podNode) { $0.nodeName.isEmpty ? [] : [$0.nodeName] }
        services.addIndex(serviceSelector, serviceKeys)
    }

    /// The pods that a service selects.
    static func pods(of service: Value, in pods: Informer) -> [Value] {
        let selector = LabelSelector(matchLabels: service.spec["selector"].stringMap)
        let candidates = podKey(service).map { pods.indexed(podLabels, $0) } ?? pods.indexed(podNamespace, service.namespace)
        return candidates.filter { selector.matches($0) }
    }

    /// The pods of a namespace that a `LabelSelector` selects; none where there is no selector.
    static func pods(in namespace: String, matching selector: Value, from pods: Informer) -> [Value] {
        guard selector.isObject, let matcher = try? LabelSelector(selector) else { return [] }
        let pair = selector["matchLabels"].fields.first { !scattered.contains($0.key) }
        let candidates =
            pair.map { pods.indexed(podLabels, key(namespace, $0.key, $0.value.string ?? "")) } ?? pods.indexed(podNamespace, namespace)
        return candidates.filter { matcher.matches($0) }
    }

    /// The keys of the services that select a pod.
    static func services(of pod: Value, in services: Informer) -> [String] {
        (podKeys(pod) + [pod.namespace]).flatMap { services.indexed(serviceSelector, $0) }
            .filter { LabelSelector(matchLabels: $0.spec["selector"].stringMap).matches(pod) }.map(\.key)
    }

    /// The keys of the services whose endpoints a change of a pod may change.
    static func affected(by change: Informer.Change, in services: Informer) -> Set<String> {
        guard let old = change.old, let new = change.new else { return Set(Self.services(of: change.object, in: services)) }
        let isRelabelled = old.metadata["labels"] != new.metadata["labels"]
        if !isRelabelled, Facts(old) == Facts(new) { return [] }
        return Set(Self.services(of: new, in: services)).union(isRelabelled ? Self.services(of: old, in: services) : [])
    }

    /// All of a pod that shows in an endpoint.
    private struct Facts: Equatable {
        let uid: String
        let addresses: [Value]
        let node: String
        let isReady: Bool
        let isTerminal: Bool
        let isBeingDeleted: Bool
        let hostname: Value
        let subdomain: Value

        init(_ pod: Value) {
            uid = pod.uid
            addresses = pod.status["podIPs"].array + [pod.status["podIP"]]
            node = pod.nodeName
            isReady = pod.isReadyPod
            isTerminal = pod.isTerminalPod
            isBeingDeleted = pod.isBeingDeleted
            hostname = pod.spec["hostname"]
            subdomain = pod.spec["subdomain"]
        }
    }
}

/// What endpoints are made of.
extension Value {
    /// Has an address and has not finished.
    func belongsInEndpoints(includingTerminating: Bool) -> Bool {
        !isTerminalPod && !podAddresses.isEmpty && (includingTerminating || !isBeingDeleted)
    }

    var podAddresses: [String] {
        let all = status["podIPs"].array.compactMap { $0["ip"].string }
        return all.isEmpty ? status["podIP"].string.map { $0.isEmpty ? [] : [$0] } ?? [] : all
    }

    func podAddress(isIPv6: Bool) -> String? { podAddresses.first { $0.utf8.contains(UInt8(ascii: ":")) == isIPv6 } }

    var isHeadlessService: Bool { spec["clusterIP"].string == "None" }

    /// The families of a service's addresses, the primary one first.
    var serviceFamilies: [String] {
        let families = spec["ipFamilies"].strings
        if !families.isEmpty { return families }
        return [spec["clusterIP"].string?.contains(":") == true ? "IPv6" : "IPv4"]
    }

    /// The number of the port on a pod that a service's port leads to; nil where the pod names no such port (`podutil.FindPort`).
    func targetPort(of servicePort: Value) -> Int? {
        let target = servicePort["targetPort"]
        if let number = target.int, number != 0 { return number }
        guard let name = target.string, !name.isEmpty else { return servicePort["port"].int }
        let wanted = servicePort["protocol"].string ?? "TCP"
        let sidecars = spec["initContainers"].array.filter { $0["restartPolicy"].string == "Always" }
        for container in spec["containers"].array + sidecars {
            for port in container["ports"].array where port["name"].string == name && (port["protocol"].string ?? "TCP") == wanted {
                return port["containerPort"].int
            }
        }
        return nil
    }

    /// The pod's own name in the service's domain, where it has one.
    func endpointHostname(in service: Value) -> String? {
        guard let hostname = spec["hostname"].string, !hostname.isEmpty, spec["subdomain"].string == service.name, namespace == service.namespace
        else { return nil }
        return hostname
    }

    /// `targetRef` of an endpoint.
    var podReference: Value {
        ["kind": "Pod", "namespace": .string(namespace), "name": .string(name), "uid": .string(uid)]
    }
}
