import ObjectModel

/// The rules of services. Which addresses and ports are free is for the server to say.
enum ServiceValidation {
    private static let kubeletPort: Int64 = 10250
    private static let affinityMax: Int64 = 86_400

    @Sendable static func check(_ service: Field, _ old: Field?) {
        let spec = service["spec"]
        if let old { update(spec, old["spec"]) }
        let isHeadless = spec.text("clusterIP") == "None"
        if spec["ports"].isEmpty, !isHeadless, spec.text("type") != "ExternalName" { spec["ports"].missing() }
        type(spec, isHeadless: isHeadless)
        ports(spec)
        spec["selector"].labels()
        sessionAffinity(spec)
        clusterAddresses(spec)
        for address in spec.elements("externalIPs") {
            address.address()
            address.reachableAddress()
        }
        spec["type"].requireOneOf(["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"])
        loadBalancer(spec)
        trafficPolicies(spec)
    }

    // MARK: Type

    private static func type(_ spec: Field, isHeadless: Bool) {
        let kind = spec.text("type")
        switch kind {
        case "LoadBalancer", "NodePort":
            if isHeadless { spec["clusterIPs"].element(0).refuse("None", "may not be set to 'None' for \(kind) services") }
            guard kind == "LoadBalancer" else { break }
            for port in spec.elements("ports") where port["port"].number == kubeletPort {
                port.refuse(.integer(kubeletPort), "may not expose port \(kubeletPort) externally since it is used by kubelet")
            }
        case "ExternalName":
            for field in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] where !spec.value[field].isEmpty {
                spec[field].forbid("may not be set for ExternalName services")
            }
            let name = spec["externalName"]
            let domain = name.text.hasSuffix(".") ? String(name.text.dropLast()) : name.text
            if domain.isEmpty { name.missing() } else { for problem in Validation.dns1123Subdomain(domain) { name.refuse(problem) } }
        default: break
        }
    }

    // MARK: Ports

    private static func ports(_ spec: Field) {
        let ports = spec.elements("ports")
        var names = Names()
        var (places, nodePorts) = (Set<String>(), Set<String>())
        for port in ports {
            let name = port["name"]
            if ports.count > 1 { name.require() }
            name.matches(Validation.dns1123Label)
            names.insertUnique(name)
            port["port"].showing(.integer(port["port"].number)).port()
            port["protocol"].transport()
            port["targetPort"].portOrName()
            port["appProtocol"].matches(Validation.qualifiedName)
            let (transport, number, node) = (port.text("protocol"), port["port"].number, port["nodePort"])
            if !places.insert("\(transport)/\(number)").inserted {
                port.duplicate(["port": .integer(number), "protocol": .string(transport)])
            }
            guard node.number != 0 else { continue }
            if spec.text("type") == "ClusterIP" { node.forbid("may not be used when `type` is 'ClusterIP'") }
            if !nodePorts.insert("\(transport)/\(node.number)").inserted { node.duplicate() }
        }
    }

    // MARK: Affinity

    private static func sessionAffinity(_ spec: Field) {
        spec["sessionAffinity"].requireOneOf(["ClientIP", "None"])
        let config = spec["sessionAffinityConfig"]
        if spec.text("sessionAffinity") == "ClientIP" {
            let timeout = config["clientIP"]["timeoutSeconds"]
            if timeout.isAbsent {
                timeout.missing("when session affinity type is ClientIP")
            } else if timeout.number <= 0 || timeout.number > affinityMax {
                timeout.refuse("must be greater than 0 and less than \(affinityMax)")
            }
        } else if !config.isAbsent {
            config.forbid("must not be set when session affinity is None")
        }
    }

    // MARK: Addresses

    private static func clusterAddresses(_ spec: Field) {
        spec["ipFamilyPolicy"].oneOf(["PreferDualStack", "RequireDualStack", "SingleStack"])
        guard spec.text("type") != "ExternalName" else { return }
        var families = Names()
        for family in spec.elements("ipFamilies") {
            family.mustBeOneOf(["IPv4", "IPv6"])
            families.insertUnique(family)
        }
        let list = spec["clusterIPs"]
        if list.value.array.count > 2 { list.refuse("may only hold up to 2 values") }
        if !list.isEmpty, list.value[0] != spec.value["clusterIP"] { list.refuse("first value must match `clusterIP`") }
        for address in spec.elements("clusterIPs") {
            if address.text == "None" {
                if list.value.array.count > 1 { address.refuse("must be the first and only value") }
            } else if !address.text.isEmpty {
                address.address()
            }
        }
    }

    // MARK: Load balancers and traffic

    private static func loadBalancer(_ spec: Field) {
        let isLoadBalancer = spec.text("type") == "LoadBalancer"
        let ranges = spec["loadBalancerSourceRanges"]
        if !ranges.isEmpty, !isLoadBalancer { ranges.forbid("may only be used when `type` is 'LoadBalancer'") }
        for range in spec.elements("loadBalancerSourceRanges") {
            for problem in Validation.cidr(String(range.text.trimmed)) { range.refuse(problem) }
        }
        if !isLoadBalancer {
            for field in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] where !spec.value[field].isNull {
                spec[field].forbid("may only be used when `type` is 'LoadBalancer'")
            }
        }
        spec["loadBalancerClass"].matches(Validation.qualifiedName)
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
        if health.number != 0, kind != "LoadBalancer" || external.text != "Local" {
            health.refuse("may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")
        }
        if kind != "ExternalName" { spec["internalTrafficPolicy"].requireOneOf(["Cluster", "Local"]) }
        spec["trafficDistribution"].oneOf(["PreferClose", "PreferSameNode", "PreferSameZone"])
    }

    // MARK: Update

    private static func update(_ spec: Field, _ old: Field) {
        let (now, before) = (spec.value, old.value)
        if now["type"].string != "ExternalName", before["type"].string != "ExternalName", !before["clusterIP"].isEmpty {
            let first = spec["clusterIPs"].element(0)
            if now["clusterIP"].isEmpty {
                first.refuse(now["clusterIPs"], "primary clusterIP can not be unset")
            } else if now["clusterIP"] != before["clusterIP"] {
                first.refuse([now["clusterIP"]], "may not change once set")
            } else if now["ipFamilies"][0] != before["ipFamilies"][0] {
                spec["ipFamilies"].element(0).refuse(now["ipFamilies"], "may not change once set")
            }
        }
        func hasHealthCheck(_ spec: Value) -> Bool {
            spec["type"].string == "LoadBalancer" && spec["externalTrafficPolicy"].string == "Local" && !spec["healthCheckNodePort"].isEmpty
        }
        if hasHealthCheck(now), hasHealthCheck(before) { spec["healthCheckNodePort"].immutable(since: old["healthCheckNodePort"]) }
        if now["type"].string == "LoadBalancer", before["type"].string == "LoadBalancer" {
            spec["loadBalancerClass"].immutable(since: old["loadBalancerClass"], "may not change once set")
        }
    }
}

extension String {
    var trimmed: Substring {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}
