import ObjectModel
import Schema

/// Defaults of services that depend on more than a constant.
enum ServiceRules {
    static let all = [
        DefaultingRule("serviceTargetPort") { port in
            if port["targetPort"].isEmpty { port["targetPort"] = nil }
            port.setDefault("targetPort", to: "port")
        },
        DefaultingRule("serviceSpec") { spec in
            if spec["sessionAffinity"].string == "None" { spec["sessionAffinityConfig"] = nil }
            if spec["type"].string == "ClusterIP", !spec["externalIPs"].isEmpty { spec.setDefault("externalTrafficPolicy", "Cluster") }
        },
    ]
}
