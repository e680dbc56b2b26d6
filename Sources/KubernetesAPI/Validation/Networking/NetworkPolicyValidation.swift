import ObjectModel

enum NetworkPolicyValidation {
    static func check(_ spec: Field) {
        spec["podSelector"].labelSelector()
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            for rule in spec.elements(direction) {
                for port in rule.elements("ports") { self.port(port) }
                for peer in rule.elements(peers) { self.peer(peer) }
            }
        }
        if spec.value["policyTypes"].array.count > 2 { return spec["policyTypes"].refuse("may not specify more than two policyTypes") }
        for type in spec.elements("policyTypes") { type.mustBeOneOf(["Ingress", "Egress"]) }
    }

    private static func port(_ port: Field) {
        if let transport = port.present("protocol") { transport.mustBeOneOf(["TCP", "UDP", "SCTP"]) }
        let (first, last) = (port["port"], port["endPort"])
        if first.isAbsent {
            if !last.isAbsent { last.refuse("may not be specified when `port` is not specified") }
            return
        }
        first.portOrName()
        guard !last.isAbsent else { return }
        if first.value.string != nil {
            last.refuse("may not be specified when `port` is non-numeric")
        } else {
            if last.number < first.number { last.refuse("must be greater than or equal to `port`") }
            last.port()
        }
    }

    private static func peer(_ peer: Field) {
        let selectors = ["podSelector", "namespaceSelector"].compactMap { peer.present($0) }
        for selector in selectors { selector.labelSelector() }
        guard let block = peer.present("ipBlock") else {
            if selectors.isEmpty { peer.missing("must specify a peer") }
            return
        }
        self.block(block)
        if !selectors.isEmpty { peer.forbid("may not specify both ipBlock and another peer") }
    }

    private static func block(_ block: Field) {
        let range = block["cidr"]
        if !range.require() { return }
        for problem in Validation.cidr(range.text) { range.refuse(problem) }
        guard let outer = CIDR(range.text) else { return }
        for exception in block.elements("except") {
            guard let inner = CIDR(exception.text) else {
                for problem in Validation.cidr(exception.text) { exception.refuse(problem) }
                continue
            }
            if !outer.contains(inner.address) || outer.prefixLength >= inner.prefixLength {
                exception.refuse("must be a strict subset of `cidr`")
            }
        }
    }
}
