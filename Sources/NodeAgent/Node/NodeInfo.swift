import Glibc
import ObjectModel

/// What a machine is: `status.nodeInfo`, gathered once at start.
struct NodeInfo: Sendable, Equatable {
    /// The version of the API and of a kubelet's behaviour that Apus stands for.
    static let kubeletVersion = "v1.36.2"

    /// The architecture as Go, and so Kubernetes, names it.
    static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }

    var machineID = ""
    var systemUUID = ""
    var bootID = ""
    var kernelVersion = ""
    var osImage = "Linux"

    /// `NAME://VERSION` of the container runtime.
    var containerRuntimeVersion = ""

    /// Reads what the machine tells under `root` (`/` but in tests).
    static func read(root: String = "") -> NodeInfo {
        var info = NodeInfo()
        info.machineID = firstLine("\(root)/etc/machine-id") ?? firstLine("\(root)/var/lib/dbus/machine-id") ?? ""
        info.systemUUID = firstLine("\(root)/sys/class/dmi/id/product_uuid") ?? info.machineID
        info.bootID = firstLine("\(root)/proc/sys/kernel/random/boot_id") ?? ""
        info.kernelVersion = firstLine("\(root)/proc/sys/kernel/osrelease") ?? ""
        if let release = (try? File.read("\(root)/etc/os-release")) ?? (try? File.read("\(root)/usr/lib/os-release")) {
            info.osImage = prettyName(String(decoding: release, as: UTF8.self)) ?? info.osImage
        }
        return info
    }

    var value: Value {
        [
            "machineID": .string(machineID), "systemUUID": .string(systemUUID), "bootID": .string(bootID), "kernelVersion": .string(kernelVersion),
            "osImage": .string(osImage), "containerRuntimeVersion": .string(containerRuntimeVersion),
            "kubeletVersion": .string(Self.kubeletVersion), "kubeProxyVersion": "", "operatingSystem": "linux",
            "architecture": .string(Self.architecture),
        ]
    }

    private static func firstLine(_ path: String) -> String? {
        guard let bytes = try? File.read(path) else { return nil }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }

    /// `PRETTY_NAME` of an `os-release` file.
    static func prettyName(_ text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
            let name = line.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" }
            return name.isEmpty ? nil : name
        }
        return nil
    }
}
