import ObjectModel

/// The rules of services. Which addresses and ports are free is for the server to say.
enum ServiceValidation {
    private static let affinityMax: Int64 = 86_400

    @Sendable static func check(_ service: Field, _ old: Field?) {
        let spec = service["spec"]
        if let old { ServiceUpdateValidation.check(spec, old["spec"]) }
        annotations(service)
        if spec["ports"].isEmpty, !isHeadless(spec.value), spec.text("type") != "ExternalName" { spec["ports"].missing() }
        type(spec)
        ports(spec)
        spec["selector"].labels()
        sessionAffinity(spec)
        ServiceAddressValidation.check(spec)
        for address in spec.elements("externalIPs") where address.address() { address.reachableAddress() }
        spec["type"].requireOneOf(["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])
        uniquePorts(spec)
        loadBalancer(service)
        trafficPolicies(spec)
    }

    static func isHeadless(_ spec: Value) -> Bool { spec["clusterIPs"].array.count == 1 && spec["clusterIPs"][0].string == "None" }

    private static func annotations(_ service: Field) {
        let annotations = service["metadata"]["annotations"]
        let (hints, mode) = (
            annotations.value["service.kubernetes.io/topology-aware-hints"], annotations.value["service.kubernetes.io/topology-mode"]
        )
        if !hints.isNull, !mode.isNull, hints != mode {
            annotations.key("service.kubernetes.io/topology-mode").refuse(
                "must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified")
        }
    }

    // MARK: Type

    private static func type(_ spec: Field) {
        let kind = spec.text("type")
        switch kind {
        case "LoadBalancer", "NodePort":
            if isHeadless(spec.value) { spec["clusterIPs"].element(0).refuse("None", "may not be set to 'None' for \(kind) services") }
        case "ExternalName":
            for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] where !spec.value[field].isEmpty {
                spec[field].forbid("may not be set for ExternalName services")
            }
            let name = spec["externalName"]
            let domain = name.text.hasSuffix(".") ? String(name.text.dropLast()) : name.text
            if domain.isEmpty {
                name.missing()
            } else {
                for problem in Validation.dns1123Subdomain(domain) { name.refuse(.string(domain), problem) }
            }
        default: break
        }
    }

    // MARK: Ports

    private static func ports(_ spec: Field) {
        let ports = spec.elements("ports")
        var names = Names()
        for port in ports {
            let name = port["name"]
            if ports.count > 1 { name.require() }
            name.matches(Validation.dns1123Label)
            names.insertUnique(name)
            port["port"].showing(.integer(port["port"].number)).port()
            port["protocol"].transport()
            port["targetPort"].portOrName()
            if let kind = port.present("appProtocol") { for problem in Validation.qualifiedName(kind.text) { kind.refuse(problem) } }
        }
    }

    private static func uniquePorts(_ spec: Field) {
        let ports = spec.elements("ports")
        if spec.text("type") == "ClusterIP" {
            for port in ports where port["nodePort"].number != 0 { port["nodePort"].forbid("may not be used when `type` is 'ClusterIP'") }
        }
        var nodePorts = Set<String>()
        for port in ports where port["nodePort"].number != 0 {
            if !nodePorts.insert("\(port.text("protocol"))/\(port["nodePort"].number)").inserted { port["nodePort"].duplicate() }
        }
        var places = Set<String>()
        for port in ports {
            let (transport, number) = (port.text("protocol"), port["port"].number)
            if !places.insert("\(transport)/\(number)").inserted { port.duplicate(["port": .integer(number), "protocol": .string(transport)]) }
        }
    }

    // MARK: Affinity

    private static func sessionAffinity(_ spec: Field) {
        spec["sessionAffinity"].requireOneOf(["ClientIP", "None"])
        let config = spec["sessionAffinityConfig"]
        switch spec.text("sessionAffinity") {
        case "ClientIP":
            let timeout = config["clientIP"]["timeoutSeconds"]
            // Told where the way there ends.
            if let absent = [config, config["clientIP"], timeout].first(where: { $0.isAbsent }) {
                absent.missing("when session affinity type is ClientIP")
            } else if timeout.number <= 0 || timeout.number > affinityMax {
                timeout.refuse("must be greater than 0 and less than \(affinityMax)")
            }
        case "None": if !config.isAbsent { config.forbid("must not be set when session affinity is None") }
        default: break
        }
    }

    // MARK: Load balancers and traffic

    private static let rangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges"

    private static func loadBalancer(_ service: Field) {
        let spec = service["spec"]
        let isLoadBalancer = spec.text("type") == "LoadBalancer"
        let words = "may only be used when `type` is 'LoadBalancer'"
        // Upstream spells it so.
        let ranges = spec["LoadBalancerSourceRanges"].showing(spec.value["loadBalancerSourceRanges"])
        let annotation = service["metadata"]["annotations"].key(rangesAnnotation)
        if !ranges.isEmpty {
            if !isLoadBalancer { ranges.forbid(words) }
            for (index, range) in ranges.value.strings.enumerated() {
                let range = String(range.trimmed)
                for problem in Validation.cidr(range) { ranges.element(index).refuse(.string(range), problem) }
            }
        } else if !annotation.isAbsent {
            if !isLoadBalancer { annotation.forbid(words) }
            let text = annotation.text.trimmed
            for range in text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false) {
                let range = String(range.trimmed)
                for problem in Validation.cidr(range) { annotation.refuse(.string(range), problem) }
            }
        }
        if !isLoadBalancer {
            for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] where !spec.value[field].isNull { spec[field].forbid(words) }
        } else if let balancer = spec.present("loadBalancerClass") {
            for problem in Validation.qualifiedName(balancer.text) { balancer.refuse(problem) }
        }
    }

    static func needsHealthCheck(_ spec: Value) -> Bool {
        spec["type"].string == "LoadBalancer" && spec["externalTrafficPolicy"].string == "Local"
    }

    private static func trafficPolicies(_ spec: Field) {
        let kind = spec.text("type")
        let external = spec["externalTrafficPolicy"]
        let isReachable = kind == "LoadBalancer" || kind == "NodePort" || kind == "ClusterIP" && !spec.value["externalIPs"].isEmpty
        if isReachable {
            external.requireOneOf(["Cluster", "Local"])
        } else if !external.isEmpty {
            external.refuse("may only be set for externally-accessible services")
        }
        let health = spec["healthCheckNodePort"]
        if !needsHealthCheck(spec.value) {
            if health.number != 0 { health.refuse("may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'") }
        } else if health.number != 0 {
            health.port()
        }
        let inside = spec["internalTrafficPolicy"]
        if inside.isAbsent {
            if ["NodePort", "LoadBalancer", "ClusterIP"].contains(kind) { inside.missing() }
        } else {
            inside.mustBeOneOf(["Cluster", "Local"])
        }
        if let distribution = spec.present("trafficDistribution") { distribution.mustBeOneOf(["PreferClose", "PreferSameNode", "PreferSameZone"]) }
    }

    // MARK: Status

    @Sendable static func status(_ service: Field, _ old: Field?) {
        let status = service["status"]["loadBalancer"]
        if service["spec"].text("type") != "LoadBalancer", !status["ingress"].isEmpty {
            return status["ingress"].forbid("may only be used when `spec.type` is 'LoadBalancer'")
        }
        loadBalancerStatus(status, hasModes: true)
    }

    /// What a load balancer says that it is reached by, of a service or an ingress.
    static func loadBalancerStatus(_ status: Field, hasModes: Bool) {
        for point in status.elements("ingress") {
            let (address, mode, name) = (point["ip"], point["ipMode"], point["hostname"])
            if !address.isEmpty { address.address() }
            if hasModes {
                if mode.isAbsent {
                    if !address.isEmpty { mode.missing("must be specified when `ip` is set") }
                } else if address.isEmpty {
                    mode.forbid("may not be specified when `ip` is not set")
                } else {
                    mode.mustBeOneOf(["Proxy", "VIP"])
                }
            }
            guard !name.isEmpty else { continue }
            name.matches(Validation.dns1123Subdomain)
            if IPAddress(name.text) != nil { name.refuse("must be a DNS name, not an IP address") }
        }
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without white space at its ends.
    var trimmed: Substring {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
