import ObjectModel

/// What a pod's containers were granted, and what they run with, where that differs from what the spec asks for: a resize in place goes from the
/// spec (desired) to what the node grants (allocated) to what the kernel was told (actuated).
///
/// Nothing of it is kept on disk: after a restart of the agent, what the status says that a container runs with is where a resize goes on.
struct PodAllocation: Sendable, Equatable {
    /// A resize that the node does not grant, or not now.
    struct Pending: Sendable, Equatable {
        enum Reason: String, Sendable { case deferred = "Deferred", infeasible = "Infeasible" }

        var reason: Reason
        var message: String
        var generation: Int
    }

    /// The name that the pod's own resources go by: no container has it.
    private static let podName = ""

    /// `resources` by container.
    private(set) var allocated: [String: Value]
    private(set) var actuated: [String: Value] = [:]
    var pending: Pending?

    /// What the spec asked for when it was looked at last.
    private var asked: [String: Value]

    /// The generation whose resize is under way, from when it was granted until it is through.
    private(set) var resizing: Int?

    /// Why the last try to carry it out failed.
    var failure: String?

    /// - Parameter running: the containers that run already, by name: those of an earlier run of the agent.
    init(_ pod: Pod, running: [String: String] = [:]) {
        allocated = Self.desired(pod)
        asked = allocated
        let statuses = pod.status["containerStatuses"].array + pod.status["initContainerStatuses"].array
        for (name, id) in running where allocated[name] != nil {
            let status = statuses.first { $0["name"].string == name && $0["containerID"].string == "containerd://\(id)" }
            if let known = status?["resources"], known.isObject { allocated[name] = known }
            actuated[name] = allocated[name]
        }
    }

    /// What the spec asks for: main containers and sidecars can be resized, and so can the pod as a whole.
    static func desired(_ pod: Pod) -> [String: Value] {
        var result: [String: Value] = [:]
        for container in pod.containers + pod.initContainers.filter(\.isSidecar) { result[container.name] = container.object["resources"] }
        if pod.spec["resources"].isObject { result[podName] = pod.spec["resources"] }
        return result
    }

    /// Whether this is what the spec asks for.
    func isDesired(by pod: Pod) -> Bool {
        Self.desired(pod).allSatisfy { name, resources in ResourceChange(from: allocated[name] ?? .null, to: resources).isEmpty }
    }

    /// What the spec asks for now and did not before, container by container.
    mutating func takeRequests(_ pod: Pod) -> [ResourceChange.Step] {
        let desired = Self.desired(pod)
        guard desired != asked else { return [] }
        defer { asked = desired }
        return desired.filter { $0.key != Self.podName }.flatMap { ResourceChange.steps(from: asked[$0.key] ?? .null, to: $0.value) }
    }

    /// The node grants what the spec asks for.
    mutating func grant(_ pod: Pod) {
        allocated = Self.desired(pod)
        resizing = pod.object.generation
        pending = nil
        failure = nil
    }

    /// The pod as it is granted: its spec with the allocated resources.
    func applied(to pod: Pod) -> Pod {
        guard !isDesired(by: pod) else { return pod }
        var object = pod.object
        for list in ["containers", "initContainers"] where !object.spec[list].array.isEmpty {
            let containers = object.spec[list].array.map { container -> Value in
                guard let resources = allocated[container["name"].string ?? ""] else { return container }
                var container = container
                container["resources"] = resources
                return container
            }
            object["spec"][list] = .array(containers)
        }
        if let own = allocated[Self.podName] { object["spec"]["resources"] = own }
        return Pod(object)
    }

    // MARK: Carrying out

    /// The container was made, or changed, with what it is granted.
    mutating func actuate(_ name: String) { actuated[name] = allocated[name] }

    /// What is still to be changed of a container that runs.
    func change(_ name: String) -> ResourceChange {
        guard let old = actuated[name], let new = allocated[name] else { return ResourceChange(from: .null, to: .null) }
        return ResourceChange(from: old, to: new)
    }

    /// Everything is as it was granted.
    mutating func complete() {
        resizing = nil
        failure = nil
    }

    /// What a container runs with.
    func running(_ name: String) -> Value? { actuated[name] ?? allocated[name] }

    // MARK: Words

    /// What events say of it: the containers' resources, and the generation.
    func summary(_ pod: Pod, generation: Int, error: String? = nil) -> String {
        func list(_ containers: [ContainerSpec]) -> Value {
            let entries = containers.map { container -> Value in
                let resources = allocated[container.name] ?? .null
                return ["name": .string(container.name), "resources": resources.isObject ? resources : [:]]
            }
            return .array(entries)
        }
        var summary = Fields()
        let sidecars = pod.initContainers.filter(\.isSidecar)
        if !sidecars.isEmpty { summary["initContainers"] = list(sidecars) }
        summary["containers"] = list(pod.containers)
        if generation > 0 { summary["generation"] = Value(generation) }
        if let error { summary["error"] = .string(error) }
        return String(decoding: Value.object(summary).json(), as: UTF8.self)
    }
}
