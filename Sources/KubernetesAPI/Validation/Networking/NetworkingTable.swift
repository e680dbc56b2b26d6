import ObjectModel

/// Services and what stands behind and before them.
enum NetworkingTable {
    static let rules: [String: KindValidation.Rules] = [
        "services": ServiceValidation.check,
        "services:status": ServiceValidation.status,
        "endpoints": EndpointsValidation.endpoints,
        "discovery.k8s.io/endpointslices": EndpointsValidation.slice,
        "networking.k8s.io/ingresses": IngressValidation.check,
        "networking.k8s.io/ingresses:status": { ingress, _ in
            ServiceValidation.loadBalancerStatus(ingress["status"]["loadBalancer"], hasModes: false)
        },
        "networking.k8s.io/ingressclasses": ingressClass,
        "networking.k8s.io/ipaddresses": AddressRangeValidation.address,
        "networking.k8s.io/servicecidrs": AddressRangeValidation.range,
        "networking.k8s.io/networkpolicies": { policy, _ in NetworkPolicyValidation.check(policy["spec"]) },
    ]

    @Sendable private static func ingressClass(_ ingressClass: Field, _ old: Field?) {
        let spec = ingressClass["spec"]
        let controller = spec["controller"]
        if controller.text.utf8.count > 250 { controller.tooLong(max: 250) }
        controller.domainPrefixedPath()
        controller.immutable(since: old?["spec"]["controller"])
        guard let parameters = spec.present("parameters") else { return }
        if let group = parameters.present("apiGroup") { for problem in Validation.dns1123Subdomain(group.text) { group.refuse(problem) } }
        parameters["kind"].requireMatch(Validation.pathSegmentName)
        parameters["name"].requireMatch(Validation.pathSegmentName)
        let (scope, namespace) = (parameters["scope"], parameters["namespace"])
        if !scope.require() { return }
        scope.mustBeOneOf(["Cluster", "Namespace"])
        if scope.text == "Namespace" {
            if namespace.requirePresent("`parameters.scope` is set to 'Namespace'") {
                for problem in Validation.dns1123Label(namespace.text) { namespace.refuse(problem) }
            }
        } else if scope.text == "Cluster", !namespace.isAbsent {
            namespace.forbid("`parameters.scope` is set to 'Cluster'")
        }
    }
}

extension Field {
    /// `example.com/name`.
    func domainPrefixedPath() {
        if !require() { return }
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            return refuse(#"must be a domain-prefixed path (such as "acme.io/foo")"#)
        }
        for problem in Validation.dns1123Subdomain(String(parts[0])) { refuse(.string(String(parts[0])), problem) }
    }

    /// A port's protocol.
    func transport() { requireOneOf(["SCTP", "TCP", "UDP"]) }

    /// An address that can be somebody else's: not this machine, not this link.
    func reachableAddress() {
        guard let address = IPAddress(text) else { return }
        let four = address.isIPv4 ? UInt32(truncatingIfNeeded: address.bits) : nil
        if address.bits == 0 { refuse("may not be unspecified (\(text))") }
        if four.map({ $0 >> 24 == 127 }) ?? (address.bits == 1) { refuse("may not be in the loopback range (127.0.0.0/8, ::1/128)") }
        if four.map({ $0 >> 16 == 0xA9FE }) ?? (address.bits >> 118 == 0x3FA) {
            refuse("may not be in the link-local range (169.254.0.0/16, fe80::/10)")
        }
        if four.map({ $0 >> 8 == 0xE00000 }) ?? (address.bits >> 112 == 0xFF02) {
            refuse("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)")
        }
    }

    @discardableResult
    func address() -> Bool {
        let problems = Validation.ip(text)
        for problem in problems { refuse(.string(text), problem) }
        return problems.isEmpty
    }
}
