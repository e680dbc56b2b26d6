import ContainerRuntime
import ObjectModel

/// Makes the CRI description of a pod's sandbox.
struct PodSandboxConfig {
    let pod: Pod
    let attempt: Int
    let dns: PodDNS
    let hostname: String
    let logDirectory: String
    let cgroupParent: String

    var value: CRIPodSandboxConfig {
        var config = CRIPodSandboxConfig()
        config.metadata.name = pod.name
        config.metadata.namespace = pod.namespace
        config.metadata.uid = pod.uid
        config.metadata.attempt = UInt32(attempt)
        // The machine's own name stands on its own network.
        if !pod.usesHostNetwork { config.hostname = hostname }
        config.logDirectory = logDirectory
        config.dnsConfig.servers = dns.servers
        config.dnsConfig.searches = dns.searches
        config.dnsConfig.options = dns.options
        config.labels = pod.object.labels.merging(RuntimeLabels.labels(pod)) { $1 }
        config.annotations = pod.object.annotations
        config.portMappings = portMappings
        config.linux.cgroupParent = cgroupParent
        config.linux.sysctls = sysctls
        config.linux.securityContext = securityContext
        return config
    }

    private var portMappings: [CRIPortMapping] {
        guard !pod.usesHostNetwork else { return [] }
        return (pod.containers + pod.initContainers.filter(\.isSidecar)).flatMap { $0.object["ports"].array }.compactMap { port in
            guard let containerPort = port["containerPort"].int else { return nil }
            let hostPort = port["hostPort"].int ?? 0
            guard hostPort > 0 else { return nil }
            return .with {
                $0.containerPort = Int32(containerPort)
                $0.hostPort = Int32(hostPort)
                $0.hostIp = port["hostIP"].string ?? ""
                $0.protocol = Self.protocols[port["protocol"].string ?? "TCP"] ?? .tcp
            }
        }
    }

    private static let protocols: [String: CRIProtocol] = ["TCP": .tcp, "UDP": .udp, "SCTP": .sctp]

    private var sysctls: [String: String] {
        var result: [String: String] = [:]
        for sysctl in pod.spec["securityContext"]["sysctls"].array {
            if let name = sysctl["name"].string { result[name] = sysctl["value"].string ?? "" }
        }
        return result
    }

    private var securityContext: CRILinuxSandboxSecurityContext {
        var context = CRILinuxSandboxSecurityContext()
        let spec = pod.spec["securityContext"]
        context.namespaceOptions = Self.namespaces(pod)
        context.privileged = (pod.containers + pod.initContainers).contains { $0.object["securityContext"]["privileged"].bool == true }
        if let user = spec["runAsUser"].integer { context.runAsUser.value = user }
        if let group = spec["runAsGroup"].integer, spec["runAsUser"].integer != nil { context.runAsGroup.value = group }
        context.supplementalGroups = Self.supplementalGroups(pod)
        context.supplementalGroupsPolicy = spec["supplementalGroupsPolicy"].string == "Strict" ? .strict : .merge
        context.selinuxOptions = SecurityContext.selinux(spec["seLinuxOptions"])
        // The pause process needs nothing that the default profile forbids.
        context.seccomp.profileType = .runtimeDefault
        return context
    }

    static func namespaces(_ pod: Pod) -> CRINamespaceOption {
        .with {
            $0.network = pod.usesHostNetwork ? .node : .pod
            $0.ipc = pod.usesHostIPC ? .node : .pod
            $0.pid = pod.usesHostPID ? .node : pod.sharesProcessNamespace ? .pod : .container
        }
    }

    static func supplementalGroups(_ pod: Pod) -> [Int64] {
        let spec = pod.spec["securityContext"]
        var groups = spec["fsGroup"].integer.map { [$0] } ?? []
        groups += spec["supplementalGroups"].array.compactMap(\.integer)
        return groups
    }
}
