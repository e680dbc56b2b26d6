import ObjectModel

/// The rules of what containers and pods ask for.
enum ResourceValidation {
    private static let containerResources: Set<String> = ["cpu", "memory", "ephemeral-storage"]
    private static let podResources: Set<String> = ["cpu", "memory"]

    /// A container's `resources`.
    static func container(_ resources: Field, claims: Names) {
        check(resources, containerName)
        var used: Set<String> = []
        for claim in resources.elements("claims") {
            let name = claim.text("name")
            if !claim["name"].require() { continue }
            if !used.insert("\(name)/\(claim.text("request"))").inserted { claim.duplicate() }
            if !claims.contains(name) { claim["name"].notFound() }
        }
    }

    /// A pod's own `resources`.
    static func pod(_ resources: Field) {
        check(resources) { name, field in
            guard !podResources.contains(name), !isHugePages(name) else { return }
            field.unsupported(["cpu", "hugepages-", "memory"])
        }
        resources["claims"].mustBeEmpty("claims may not be specified for resources at the pod level")
    }

    /// Overhead and the like: amounts that are not negative.
    static func amounts(of name: String, in owner: Field) {
        for (resource, field) in owner.entries(name) {
            containerName(resource, field)
            amount(resource, field)
        }
    }

    private static func check(_ resources: Field, _ checkName: (String, Field) -> Void) {
        let (limits, requests) = (resources.value["limits"], resources.value["requests"])
        if limits.isEmpty, requests.isEmpty { return }
        var asksForHugePages = false
        var asksForTheUsual = false
        func check(_ resource: String, _ field: Field) {
            checkName(resource, field)
            amount(resource, field)
            if isHugePages(resource) { asksForHugePages = true }
            if resource == "cpu" || resource == "memory" { asksForTheUsual = true }
        }
        for (resource, limit) in resources.entries("limits") { check(resource, limit) }
        for (resource, request) in resources.entries("requests") {
            check(resource, request)
            let limit = limits[resource]
            if limit.isNull {
                if !mayOvercommit(resource) { resources["limits"].missing("Limit must be set for non overcommitable resources") }
            } else if limit != request.value, let most = try? Quantity(limit), let asked = request.quantity, asked != most {
                if !mayOvercommit(resource) {
                    resources["requests"].refuse(.string(asked.description), "must be equal to \(resource) limit of \(most)")
                } else if asked > most {
                    resources["requests"].refuse(.string(asked.description), "must be less than or equal to \(resource) limit of \(most)")
                }
            }
        }
        if asksForHugePages, !asksForTheUsual { resources.forbid("HugePages require cpu or memory") }
    }

    /// An amount is not negative, and whole where the resource comes in pieces.
    static func amount(_ resource: String, _ field: Field) {
        guard let quantity = field.quantity else { return }
        if quantity < .zero { field.refuse(.string(quantity.description), Words.notNegative) }
        if comesInPieces(resource), quantity.milliValue % 1000 != 0 { field.refuse(.string(quantity.description), Words.integer) }
    }

    private static func containerName(_ name: String, _ field: Field) {
        if containerResources.contains(name) { return }
        for problem in Validation.qualifiedName(name) { field.refuse(.string(name), problem) }
        if !name.contains("/") {
            if !isHugePages(name) { field.refuse(.string(name), "must be a standard resource for containers") }
        } else if !isNative(name), !isExtended(name) {
            field.refuse(.string(name), "doesn't follow extended resource name standard")
        }
    }

    // MARK: Kinds of resources

    static func isHugePages(_ name: String) -> Bool { name.hasPrefix("hugepages-") }

    static func isNative(_ name: String) -> Bool { !name.contains("/") || name.contains("kubernetes.io/") }

    static func isExtended(_ name: String) -> Bool {
        !isNative(name) && !name.hasPrefix("requests.") && Validation.qualifiedName("requests.\(name)").isEmpty
    }

    private static func mayOvercommit(_ name: String) -> Bool { isNative(name) && !isHugePages(name) }

    /// Objects and devices are counted, not measured.
    static func comesInPieces(_ name: String) -> Bool { counted.contains(name) || isExtended(name) }

    static let counted: Set<String> = [
        "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports",
        "services.loadbalancers",
    ]
}
