import ObjectModel

/// The rules of what nodes and others tell of a pod.
enum PodStatusValidation {
    @Sendable static func check(_ pod: Field, _ old: Field?) {
        let status = pod["status"]
        let own: Set<String> = ["PodScheduled", "Ready", "Initialized"]
        for (index, condition) in status.elements("conditions").enumerated() where !own.contains(condition.text("type")) {
            for problem in Validation.qualifiedName(condition.text("type")) {
                // Upstream names it so.
                pod["metadata"]["conditions"].element(index)["Type"].refuse(.string(condition.text("type")), problem)
            }
        }
        if let old, status.text("nominatedNodeName") != old["status"].text("nominatedNodeName") {
            status["nominatedNodeName"].matches(Validation.dns1123Subdomain)
        }
        if let before = old?["status"].nonEmpty("qosClass") { status["qosClass"].immutable(since: before) }
        claims(pod, status)
        addresses(status, "podIPs")
        let hosts = status.elements("hostIPs")
        if let first = hosts.first, status.text("hostIP") != first.text("ip") {
            first["ip"].refuse(.string(first.text("ip")), "must be equal to `hostIP`")
        }
        addresses(status, "hostIPs")
    }

    private static func claims(_ pod: Field, _ status: Field) {
        let known = Set(pod["spec"].value["resourceClaims"].array.compactMap { $0["name"].string })
        var names = Names()
        for claim in status.elements("resourceClaimStatuses") {
            let name = claim["name"]
            if !known.contains(name.text) { name.refuse("must match the name of an entry in `spec.resourceClaims`") }
            names.insertUnique(name)
            for problem in claim.nonEmpty("resourceClaimName").map({ Validation.dns1123Subdomain($0.text) }) ?? [] {
                name.refuse(claim.value["resourceClaimName"], problem)
            }
        }
    }

    /// At most one address of each family.
    private static func addresses(_ status: Field, _ list: String) {
        let addresses = status.elements(list)
        for address in addresses { for problem in Validation.ip(address.text("ip")) { address.refuse(.string(address.text("ip")), problem) } }
        guard addresses.count > 1 else { return }
        let families = Set(addresses.compactMap { IPAddress($0.text("ip"))?.isIPv4 })
        if families.count < 2 || addresses.count > 2 { status[list].refuse("may specify no more than one IP for each IP family") }
        var seen = Names()
        for address in addresses { seen.insertUnique(address.text("ip"), address) }
    }
}
