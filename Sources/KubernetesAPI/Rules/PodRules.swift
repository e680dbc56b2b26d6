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
        // A volume of no kind is an empty directory.
        DefaultingRule("volumeSource") { volume in
            if !volume.fields.contains(where: { $0.key != "name" }) { volume["emptyDir"] = [:] }
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
        var image = image
        return image.withUTF8 { image -> Value in
            let digest = image.firstIndex(of: UInt8(ascii: "@"))
            let name = image[..<(digest ?? image.count)]
            let afterSlash = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            let tag = name[afterSlash...].lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] }
            guard let tag else { return digest == nil && isRepository(name) ? "Always" : "IfNotPresent" }
            return tag.elementsEqual("latest".utf8) ? "Always" : "IfNotPresent"
        }
    }

    /// Whether an image can have this name. What cannot has no tag either, so it isn't the latest.
    private static func isRepository(_ name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        func isLetterOrDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || isDigit(byte) }
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        // A registry's host may be written in capitals.
        let path = name.firstIndex(of: UInt8(ascii: "/")).map { name[($0 + 1)...] } ?? name
        guard name.count <= 255, let first = path.first, isLetterOrDigit(first) else { return false }
        return path.allSatisfy { isLetterOrDigit($0) || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/")].contains($0) }
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
