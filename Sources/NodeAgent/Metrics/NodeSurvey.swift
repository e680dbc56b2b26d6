import ContainerRuntime
import ObjectModel

/// What everything on the node uses at one moment: made when somebody asks, for watching all the time would cost more than it tells.
struct NodeSurvey: Sendable {
    struct Container: Sendable {
        var name: String
        var id: String
        var image: String
        var createdAt: Timestamp
        var usage: CgroupUsage
    }

    struct PodUsage: Sendable {
        var pod: Pod

        /// The pod's cgroup, as the runtime is told of it.
        var group: String
        var createdAt: Timestamp
        var sandboxID: String
        var usage: CgroupUsage

        /// Nil on the machine's own network, which is not the pod's.
        var network: [InterfaceUsage]?
        var containers: [Container]
    }

    var time: Timestamp
    var machine: MachineUsage
    var pods: [PodUsage]

    /// Looks at all pods with a running sandbox.
    static func take(_ services: NodeServices, pods: [Value]) async throws -> NodeSurvey {
        let sandboxes = try await services.runtime.podSandboxes(.with { $0.state.state = .sandboxReady })
        let containers = try await services.runtime.containers(.with { $0.state.state = .containerRunning })
        let bySandbox = Dictionary(grouping: containers, by: \.podSandboxID)
        let byUID = Dictionary(pods.map { ($0.uid, Pod($0)) }) { first, _ in first }
        var survey = NodeSurvey(time: services.now(), machine: MachineUsage.read(), pods: [])
        guard let cgroups = services.cgroups else { return survey }
        for sandbox in sandboxes {
            guard let uid = sandbox.labels[RuntimeLabels.podUID], let pod = byUID[uid], let usage = cgroups.usage(pod) else { continue }
            let network = pod.usesHostNetwork ? nil : cgroups.process(pod, container: sandbox.id).map(InterfaceUsage.read(process:))
            let parts = (bySandbox[sandbox.id] ?? []).compactMap { container -> Container? in
                guard let usage = cgroups.usage(pod, container: container.id) else { return nil }
                let name = container.labels[RuntimeLabels.containerName] ?? container.metadata.name
                return Container(
                    name: name, id: container.id, image: pod.container(named: name)?.image ?? container.image.image,
                    createdAt: Timestamp(nanoseconds: container.createdAt), usage: usage)
            }
            survey.pods.append(
                PodUsage(
                    pod: pod, group: cgroups.path(pod), createdAt: Timestamp(nanoseconds: sandbox.createdAt), sandboxID: sandbox.id, usage: usage,
                    network: network,
                    containers: parts.sorted { $0.name < $1.name }))
        }
        survey.pods.sort { $0.pod.key < $1.pod.key }
        return survey
    }
}
