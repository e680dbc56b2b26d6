import ObjectModel

/// Warnings about services.
enum ServiceWarnings {
    static func warnings(_ service: Value) -> [String] {
        var warnings: [String] = []
        let spec = service["spec"]
        let type = spec["type"].string ?? "ClusterIP"
        if !service.metadata["annotations"]["service.kubernetes.io/topology-aware-hints"].isNull {
            warnings.append(
                "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead")
        }
        let isHeadless = type == "ClusterIP" && spec["clusterIP"].string == "None"
        if isHeadless {
            if !spec["loadBalancerIP"].isEmpty { warnings.append("spec.loadBalancerIP is ignored for headless services") }
            if !spec["externalIPs"].isEmpty { warnings.append("spec.externalIPs is ignored for headless services") }
            if let affinity = spec["sessionAffinity"].string, affinity != "None" {
                warnings.append("spec.SessionAffinity is ignored for headless services")
            }
        }
        if !spec["externalIPs"].isEmpty, !isHeadless, type != "ExternalName" {
            warnings.append("spec.externalIPs is deprecated and may no longer be implemented in some clusters")
        }
        if type == "ExternalName", !spec["externalIPs"].isEmpty {
            warnings.append("spec.externalIPs is ignored when spec.type is \"ExternalName\"")
        }
        if type != "ExternalName", !spec["externalName"].isEmpty {
            warnings.append("spec.externalName is ignored when spec.type is not \"ExternalName\"")
        }
        if spec["trafficDistribution"].string == "PreferClose" {
            warnings.append("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"")
        }
        return warnings
    }
}
