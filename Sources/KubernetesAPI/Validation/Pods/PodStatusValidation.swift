import ObjectModel

/// The rules of what nodes and others tell of a pod.
enum PodStatusValidation {
    @Sendable static func check(_ pod: Field, _ old: Field?) {
        let status = pod["status"]
        conditions(pod, status)
        generation(status["observedGeneration"])
        if let old, status.text("nominatedNodeName") != old["status"].text("nominatedNodeName") {
            status["nominatedNodeName"].matches(Validation.dns1123Subdomain)
        }
        if let before = old?["status"].nonEmpty("qosClass") { status["qosClass"].immutable(since: before) }
        if let old { ContainerTransitions.check(pod, old) }
        users(pod, status)
        claims(pod, status)
        if let extended = status.present("extendedResourceClaimStatus") { extendedResources(extended, pod.value["spec"]) }
        addresses(status, "podIPs")
        let hosts = status.elements("hostIPs")
        if let first = hosts.first, status.text("hostIP") != first.text("ip") {
            first["ip"].refuse(.string(first.text("ip")), "must be equal to `hostIP`")
        }
        addresses(status, "hostIPs")
    }

    private static let own: Set<String> = ["PodScheduled", "Ready", "Initialized"]

    private static func conditions(_ pod: Field, _ status: Field) {
        for (index, condition) in status.value["conditions"].array.enumerated() {
            // Upstream names the place so.
            var place: Field { pod["metadata"]["conditions"].element(index) }
            if let seen = condition["observedGeneration"].integer, seen < 0 {
                place["observedGeneration"].refuse(.integer(seen), negativeGeneration)
            }
            let type = condition["type"].string ?? ""
            if own.contains(type) { continue }
            for problem in Validation.qualifiedName(type) { place["Type"].refuse(.string(type), problem) }
        }
    }

    private static func generation(_ generation: Field) { if generation.number < 0 { generation.refuse(negativeGeneration) } }

    private static let negativeGeneration = "must be a non-negative integer"

    // MARK: Containers

    /// As whom containers run.
    private static func users(_ pod: Field, _ status: Field) {
        for list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
            for (index, container) in status.value[list].array.enumerated() where !container["user"]["linux"].isNull {
                let linux = status[list].element(index)["linux"].showing(container["user"]["linux"])
                if pod.value["spec"]["os"]["name"] == "windows" {
                    linux.forbid("cannot be set for a windows pod")
                    continue
                }
                linux["uid"].userID()
                linux["gid"].userID()
                for group in linux.elements("supplementalGroups") { group.userID() }
            }
        }
    }

    // MARK: Claims

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

    /// The claim made for what containers ask of extended resources, and which request stands for which of them.
    private static func extendedResources(_ claim: Field, _ spec: Value) {
        let containers = spec["initContainers"].array + spec["containers"].array
        claim["requestMappings"].require("at least one request mapping is required")
        var seen = Names()
        for mapping in claim.elements("requestMappings") {
            let (container, resource) = (mapping["containerName"], mapping["resourceName"])
            if let owner = containers.first(where: { $0["name"].string == container.text }) {
                if owner["resources"]["requests"][resource.text].isNull {
                    resource.refuse(
                        "must match the extended resource name of an entry in spec.initContainers.resources.requests or "
                            + "spec.containers.resources.requests")
                }
            } else {
                container.refuse("must match the name of an entry in spec.initContainers.name or spec.containers.name")
            }
            let request = mapping["requestName"]
            for problem in Validation.dns1123Label(request.text) { claim["requestName"].refuse(.string(request.text), problem) }
            if !seen.insert([container, resource, request].map(\.text).joined(separator: "/")) {
                for part in [container, resource, request] { part.duplicate() }
            }
        }
        claim["resourceClaimName"].requireMatch(Validation.dns1123Subdomain)
    }

    // MARK: Addresses

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
