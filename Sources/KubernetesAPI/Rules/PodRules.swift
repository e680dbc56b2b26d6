import ObjectModel
import Schema

/// Defaults of pods and their parts that depend on more than a constant.
enum PodRules {
    static let all = [
        DefaultingRule("imagePullPolicy") { container in
            let policy = pullPolicy(image: container["image"].string ?? "")
            container.setDefault("imagePullPolicy", policy)
        },
        DefaultingRule("imageVolumePullPolicy") { volume in
            let policy = pullPolicy(image: volume["reference"].string ?? "")
            volume.setDefault("pullPolicy", policy)
        },
        DefaultingRule("podHostPorts", hostPorts),
        DefaultingRule("podRequestsFromLimits", requestsFromLimits),
        DefaultingRule("serviceAccountNames", serviceAccountNames),
        DefaultingRule("podAddresses") { status in
            if let address = status["podIP"].string { status.setDefault("podIPs", [["ip": .string(address)]]) }
        },
    ]

    /// `latest`, said or meant, is pulled always.
    static func pullPolicy(image: String) -> Value {
        guard !image.isEmpty else { return "IfNotPresent" }
        let parts = image.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0]
        let hasDigest = parts.count > 1
        let afterSlash = name.lastIndex(of: "/").map { name.index(after: $0) } ?? name.startIndex
        guard let colon = name[afterSlash...].lastIndex(of: ":") else { return hasDigest ? "IfNotPresent" : "Always" }
        return name[name.index(after: colon)...] == "latest" ? "Always" : "IfNotPresent"
    }

    /// On the host's network a container's port is the host's.
    private static func hostPorts(_ pod: inout Value) {
        guard pod["spec"]["hostNetwork"].bool == true else { return }
        for list in ["containers", "initContainers"] {
            pod["spec"].updateElements(of: list) { container in
                container.updateElements(of: "ports") { $0.setDefault("hostPort", to: "containerPort") }
            }
        }
    }

    /// A limit without a request is a request too. In templates it isn't: there the pod, once made, gets it.
    private static func requestsFromLimits(_ pod: inout Value) {
        for list in ["containers", "initContainers"] {
            pod["spec"].updateElements(of: list) { container in
                let limits = container["resources"]["limits"]
                guard !limits.isEmpty else { return }
                container["resources"].addMissingMembers(of: limits, to: "requests")
            }
        }
    }

    /// `serviceAccount` is the old name of `serviceAccountName`; both always say the same.
    private static func serviceAccountNames(_ spec: inout Value) {
        spec.setDefault("serviceAccountName", to: "serviceAccount")
        let name = spec["serviceAccountName"]
        spec["serviceAccount"] = name
    }
}
