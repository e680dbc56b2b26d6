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
            // The one range is the first of the list; where they differ, the one counts.
            let ranges = spec["podCIDRs"].array
            if let range = spec["podCIDR"].string, !range.isEmpty {
                if ranges.first?.string != range { spec["podCIDRs"] = [.string(range)] }
            } else if let first = ranges.first {
                spec["podCIDR"] = first
            }
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
            secret["data"][key] = .string(Base64.encode((value.string ?? "").utf8))
        }
        secret["stringData"] = nil
    }
}
