import ObjectModel

/// A pod's `/etc/hosts`.
enum HostsFile {
    /// - Parameter machine: the machine's own file, for pods on its network.
    static func text(_ pod: Pod, podIPs: [String], hostname: String, domain: String, machine: String) -> String {
        var text: String
        if pod.usesHostNetwork {
            text = "# Kubernetes-managed hosts file (host network).\n" + machine
        } else {
            text = """
                # Kubernetes-managed hosts file.
                127.0.0.1\tlocalhost
                ::1\tlocalhost ip6-localhost ip6-loopback
                fe00::0\tip6-localnet
                fe00::0\tip6-mcastprefix
                fe00::1\tip6-allnodes
                fe00::2\tip6-allrouters

                """
            for ip in podIPs { text += domain.isEmpty ? "\(ip)\t\(hostname)\n" : "\(ip)\t\(hostname).\(domain)\t\(hostname)\n" }
        }
        let aliases = pod.spec["hostAliases"].array
        guard !aliases.isEmpty else { return text }
        text += "\n# Entries added by HostAliases.\n"
        for alias in aliases { text += "\(alias["ip"].string ?? "")\t\(alias["hostnames"].strings.joined(separator: "\t"))\n" }
        return text
    }
}

extension Pod {
    /// The host name inside the pod, and the domain that makes it full (empty without a subdomain).
    func hostname(clusterDomain: String) -> (name: String, domain: String) {
        let name = spec["hostname"].string.flatMap { $0.isEmpty ? nil : $0 } ?? self.name
        // 63 bytes is what the kernel's field and RFC 1123 labels hold.
        var short = String(name.prefix(63))
        while let last = short.last, last == "-" || last == "." { short.removeLast() }
        guard let subdomain = spec["subdomain"].string, !subdomain.isEmpty else { return (short, "") }
        return (short, "\(subdomain).\(namespace).svc.\(clusterDomain)")
    }
}
