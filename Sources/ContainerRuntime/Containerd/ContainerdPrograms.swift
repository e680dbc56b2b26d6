import Glibc

/// The programs behind containers, as they are installed on this machine.
struct ContainerdPrograms {
    var containerd: String
    var runc: String

    /// Where Debian has them.
    private static let packages = [
        "containerd": "containerd", "containerd-shim-runc-v2": "containerd", "ctr": "containerd", "runc": "runc",
    ]

    static func find() throws(ContainerRuntimeError) -> ContainerdPrograms {
        let missing = packages.keys.filter { Program.find($0) == nil }.sorted()
        guard missing.isEmpty, let containerd = Program.find("containerd"), let runc = Program.find("runc") else {
            let packages = Set(missing.compactMap { Self.packages[$0] } + ["containernetworking-plugins"]).sorted().joined(separator: " ")
            throw ContainerRuntimeError(
                .missingProgram,
                "\(missing.joined(separator: ", ")) not found: a node needs them to run containers. On Debian: apt-get install \(packages)")
        }
        return ContainerdPrograms(containerd: containerd, runc: runc)
    }

    /// What containerd, its shims and the CNI plugins see of our environment: where programs are, and how the internet is reached.
    var environment: [String: String] {
        var result = ["PATH": Program.searchPath.joined(separator: ":"), "HOME": "/"]
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ"] {
            if let value = getenv(name) { result[name] = String(cString: value) }
        }
        let directories = [containerd, runc].map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        for directory in directories where !Program.searchPath.contains(directory) { result["PATH", default: ""] += ":" + directory }
        return result
    }
}
