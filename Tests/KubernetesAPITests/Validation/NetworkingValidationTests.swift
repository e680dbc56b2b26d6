import ObjectModel
import Testing

@Suite struct NetworkingValidationTests {
    static let service: Value = [
        "apiVersion": "v1", "kind": "Service", "metadata": ["name": "web"],
        "spec": ["clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ipFamilies": ["IPv4"], "ports": [["port": 80]], "selector": ["app": "web"]],
    ]

    static let services: [Rule] = [
        Rule(#"{}"#), Rule(#"{"type":"LoadBalancer"}"#), Rule(#"{"clusterIP":"None","clusterIPs":["None"],"ports":null}"#),
        Rule(#"{"type":"ExternalName","externalName":"a.example.com.","clusterIP":null,"clusterIPs":null,"ipFamilies":null,"ports":null}"#),
        Rule(#"{"ports":[]}"#, "spec.ports: Required value"),
        Rule(#"{"ports":[{"port":80},{"port":81}]}"#, "spec.ports[0].name: Required value", "spec.ports[1].name: Required value"),
        Rule(#"{"ports":[{"port":80,"name":"a"},{"port":81,"name":"a"}]}"#, #"spec.ports[1].name: Duplicate value: "a""#),
        Rule(#"{"ports":[{"port":80,"name":"a"},{"port":80,"name":"b"}]}"#, #"spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}"#),
        Rule(
            #"{"ports":[{"port":70000}]}"#,
            "spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive"),
        Rule(#"{"ports":[{"port":80,"protocol":"X"}]}"#, #"spec.ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP""#),
        Rule(#"{"ports":[{"port":80,"nodePort":30000}]}"#, "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"),
        Rule(
            #"{"type":"External"}"#,
            #"spec.type: Unsupported value: "External": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort""#),
        Rule(
            #"{"type":"ExternalName","externalName":"x","clusterIP":null}"#,
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
            "spec.ipFamilies: Forbidden: may not be set for ExternalName services"),
        Rule(#"{"sessionAffinity":"Sticky"}"#, #"spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None""#),
        Rule(
            #"{"externalTrafficPolicy":"Local"}"#,
            #"spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services"#),
        Rule(#"{"internalTrafficPolicy":"Near"}"#, #"spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local""#),
        Rule(
            #"{"externalIPs":["127.0.0.1"]}"#,
            #"spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)"#),
        Rule(
            #"{"loadBalancerSourceRanges":["10.0.0.0/8"]}"#,
            "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"),
        Rule(
            #"{"clusterIPs":["10.96.0.7","10.96.0.8"],"ipFamilies":["IPv6","IPv4"]}"#,
            #"spec.clusterIPs: Invalid value: ["10.96.0.7","10.96.0.8"]: may specify no more than one IP for each IP family"#,
            #"spec.clusterIPs[0]: Invalid value: "10.96.0.7": expected an IPv6 value as indicated by `ipFamilies[0]`"#),
        Rule(
            #"{"clusterIPs":["None","10.96.0.8"],"clusterIP":"None"}"#,
            #"spec.clusterIPs: Invalid value: ["None","10.96.0.8"]: 'None' must be the first and only value"#),
        Rule(
            #"{"sessionAffinity":"ClientIP","sessionAffinityConfig":{"clientIP":{"timeoutSeconds":0}}}"#,
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400"),
        Rule(#"{"type":"LoadBalancer","ports":[{"port":10250}]}"#),
        Rule(
            #"{"trafficDistribution":"Near"}"#,
            #"spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone""#),
        Rule(#"{"ipFamilies":["IPv5"]}"#, #"spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6""#),
    ]

    @Test(arguments: services) func `a service keeps its rules`(_ rule: Rule) throws {
        try rule.inSpec.check(Self.service)
    }

    @Test func `a cluster IP stays`() throws {
        try Rule(
            #"{"spec":{"clusterIP":"10.96.0.8","clusterIPs":["10.96.0.8"]}}"#,
            #"spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set"#
        ).check(updating: Self.service)
        try Rule(#"{"spec":{"type":"NodePort","ports":[{"port":81}]}}"#).check(updating: Self.service)
        try Rule(
            #"{"spec":{"clusterIP":"","clusterIPs":[]}}"#, "spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset"
        ).check(updating: Self.service)
    }

    static let slice: Value = [
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": ["name": "web-1"], "addressType": "IPv4",
        "endpoints": [["addresses": ["10.1.0.1"]]], "ports": [["name": "http", "port": 80]],
    ]

    static let slices: [Rule] = [
        Rule(#"{}"#),
        Rule(#"{"addressType":"IPX"}"#, #"addressType: Unsupported value: "IPX": supported values: "FQDN", "IPv4", "IPv6""#),
        Rule(#"{"endpoints":[{"addresses":[]}]}"#, "endpoints[0].addresses: Required value: must contain at least 1 address"),
        Rule(#"{"endpoints":[{"addresses":["::2"]}]}"#, #"endpoints[0].addresses[0]: Invalid value: "::2": must be a valid IPv4 address"#),
        Rule(
            #"{"addressType":"FQDN","endpoints":[{"addresses":["local"]}]}"#,
            #"endpoints[0].addresses[0]: Invalid value: "local": should be a domain with at least two segments separated by dots"#),
        Rule(#"{"ports":[{"port":1},{"port":2}]}"#, #"ports[1].name: Duplicate value: """#),
    ]

    @Test(arguments: slices) func `an endpoint slice keeps its rules`(_ rule: Rule) throws { try rule.check(Self.slice) }

    @Test func `a slice's address type stays`() throws {
        try Rule(#"{"addressType":"FQDN"}"#, #"addressType: Invalid value: "FQDN": field is immutable"#).check(updating: Self.slice)
    }

    static let ingress: Value = [
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": ["name": "web"],
        "spec": [
            "rules": [
                [
                    "host": "a.example.com",
                    "http": ["paths": [["path": "/", "pathType": "Prefix", "backend": ["service": ["name": "web", "port": ["number": 80]]]]]],
                ]
            ]
        ],
    ]

    static let ingresses: [Rule] = [
        Rule(#"{}"#), Rule(#"{"rules":[{"host":"*.example.com"}]}"#),
        Rule(#"{"rules":null}"#, #"spec: Invalid value: "null": either `defaultBackend` or `rules` must be specified"#),
        Rule(#"{"rules":[{"host":"1.2.3.4"}]}"#, #"spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address"#),
        Rule(#"{"defaultBackend":{}}"#, #"spec.defaultBackend: Invalid value: "": resource or service backend is required"#),
        Rule(#"{"defaultBackend":{"service":{"name":"a"}}}"#, "spec.defaultBackend: Required value: port name or number is required"),
        Rule(
            #"{"rules":[{"http":{"paths":[{"path":"x","pathType":"Prefix","backend":{"service":{"name":"a","port":{"name":"http"}}}}]}}]}"#,
            #"spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path"#),
        Rule(
            #"{"rules":[{"http":{"paths":[{"path":"/","backend":{"service":{"name":"a","port":{"name":"http"}}}}]}}]}"#,
            "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"),
    ]

    @Test(arguments: ingresses) func `an ingress keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.ingress) }

    static let policy: Value = [
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": ["name": "web"], "spec": ["podSelector": [:]],
    ]

    static let policies: [Rule] = [
        Rule(#"{}"#),
        Rule(#"{"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}],"ports":[{"port":80,"endPort":90}]}]}"#),
        Rule(#"{"ingress":[{"from":[{}]}]}"#, "spec.ingress[0].from[0]: Required value: must specify a peer"),
        Rule(
            #"{"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/16"]}}]}]}"#,
            #"spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`"#),
        Rule(
            #"{"ingress":[{"ports":[{"port":80,"endPort":70}]}]}"#,
            "spec.ingress[0].ports[0].endPort: Invalid value: 70: must be greater than or equal to `port`"),
        Rule(
            #"{"ingress":[{"ports":[{"endPort":70}]}]}"#,
            "spec.ingress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is not specified"),
        Rule(#"{"policyTypes":["Both"]}"#, #"spec.policyTypes[0]: Unsupported value: "Both": supported values: "Ingress", "Egress""#),
    ]

    @Test(arguments: policies) func `a network policy keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.policy) }
}
