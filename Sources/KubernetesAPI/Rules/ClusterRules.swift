import ObjectModel
import Schema

/// Defaults of namespaces, nodes, secrets, limits and definitions that depend on more than a constant.
enum ClusterRules {
    static let all = [
        DefaultingRule("namespaceNameLabel") { namespace in
            let name = namespace.name
            if !name.isEmpty { namespace.metadata["labels"].setDefault("kubernetes.io/metadata.name", .string(name)) }
        },
        DefaultingRule("allocatableFromCapacity") { $0.setDefault("allocatable", to: "capacity") },
        DefaultingRule("nodeAddressRanges") { spec in
            if let range = spec["podCIDR"].string { spec.setDefault("podCIDRs", [.string(range)]) }
        },
        DefaultingRule("limitRangeDefaults", limitRangeDefaults),
        DefaultingRule("secretStringData", secretStringData),
        DefaultingRule("definedNames") { spec in
            guard let kind = spec["names"]["kind"].string, !kind.isEmpty else { return }
            spec["names"].setDefault("singular", .string(kind.lowercased()))
            spec["names"].setDefault("listKind", .string("\(kind)List"))
        },
    ]

    /// A container's default limit is the maximum; its default request the default limit, or else the minimum.
    private static func limitRangeDefaults(_ item: inout Value) {
        guard item["type"].string == "Container" else { return }
        for (source, target) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let amounts = item[source]
            item.addMissingMembers(of: amounts, to: target)
        }
    }

    /// `stringData` is for writing only: each value goes into `data`, over what is there.
    private static func secretStringData(_ secret: inout Value) {
        for (key, value) in secret["stringData"].fields {
            secret["data"][key] = .string(base64((value.string ?? "").utf8))
        }
        secret["stringData"] = nil
    }

    private static func base64(_ bytes: String.UTF8View) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(bytes)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for offset in 0..<3 { bits = bits << 8 | (offset < group.count ? Int(group[start + offset]) : 0) }
            for digit in 0..<4 { out.append(digit <= group.count ? digits[bits >> (18 - 6 * digit) & 63] : UInt8(ascii: "=")) }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
