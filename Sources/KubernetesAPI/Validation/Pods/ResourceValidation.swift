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
            let (name, request) = (claim.text("name"), claim.text("request"))
            if name.isEmpty {
                claim.missing()
                continue
            }
            let key = request.isEmpty ? name : "\(name)/\(request)"
            if used.contains(name) {
                claim.duplicate(.string(name))
            } else {
                claim["request"].matches(Validation.dns1123Label)
                // A claim as a whole overlaps with each of its requests.
                let overlaps = request.isEmpty && used.contains { $0.hasPrefix("\(name)/") }
                if overlaps || used.contains(key) { claim.duplicate(.string(key)) }
                used.insert(key)
            }
            if !claims.contains(name) {
                let all = claims.sorted.joined(separator: ", ")
                claim.report(
                    .notFound(claim.path, .string(name)),
                    "must be one of the names in pod.spec.resourceClaims" + (all.isEmpty ? " which is empty" : ": \(all)"))
            }
        }
    }

    /// A pod's own `resources`: no less than its containers ask for, and no less at most than each of them may have.
    static func pod(_ resources: Field, _ spec: Field) {
        if !resources["claims"].isAbsent { resources["claims"].forbid("claims cannot be set for Resources at pod-level") }
        check(resources) { name, field in
            guard !podResources.contains(name), !isHugePages(name) else { return }
            field.unsupported(["cpu", "hugepages-", "memory"])
        }
        var alone = spec.value
        alone["resources"] = nil
        let own = resources.value["requests"].resourceList
        for (name, sum) in PodResources.requests(of: ["spec": alone], includingOverhead: false).sorted(by: { $0.key < $1.key }) {
            guard let wanted = own[name], sum > wanted else { continue }
            resources["requests"].key(name).refuse(
                .string(wanted.description), "must be greater than or equal to aggregate container requests of \(sum)")
        }
        let limits = resources.value["limits"].resourceList
        for (index, container) in spec.value["containers"].array.enumerated() {
            for (name, limit) in container["resources"]["limits"].resourceList.sorted(by: { $0.key < $1.key }) {
                guard let most = limits[name], limit > most else { continue }
                resources["containers"].element(index).key(name)["limits"].refuse(
                    .string(limit.description), "must be less than or equal to pod limits of \(most)")
            }
        }
    }

    /// Overhead: checked as if it were limits, which its errors say too.
    static func overhead(_ amounts: Value, at place: Field) {
        check(place.showing(["limits": amounts]), containerName)
    }

    private static func check(_ resources: Field, _ checkName: (String, Field) -> Void) {
        let (limits, requests) = (resources.value["limits"], resources.value["requests"])
        if limits.isEmpty, requests.isEmpty { return }
        var asksForHugePages = false
        var asksForTheUsual = false
        func check(_ resource: String, _ field: Field) {
            checkName(resource, field)
            amount(resource, field)
            if isHugePages(resource) {
                asksForHugePages = true
                wholePages(resource, field)
            }
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

    /// `hugepages-2Mi` comes in multiples of 2Mi.
    private static func wholePages(_ resource: String, _ field: Field) {
        guard let amount = field.quantity, let size = try? Quantity(.string(String(resource.dropFirst("hugepages-".count)))) else { return }
        let isWhole = size > .zero && amount.milliValue % 1000 == 0 && (amount.milliValue / 1000) % (size.milliValue / 1000) == 0
        if !isWhole { field.refuse(.string(amount.description), "\(amount) is not positive integer multiple of \(resource)") }
    }

    private static func containerName(_ name: String, _ field: Field) {
        if containerResources.contains(name) { return }
        self.name(name, field)
        if !name.contains("/") {
            if !isHugePages(name) { field.refuse(.string(name), "must be a standard resource for containers") }
        } else if !isNative(name), !isExtended(name) {
            field.refuse(.string(name), "doesn't follow extended resource name standard")
        }
    }

    /// Any resource's name. True where it is one.
    @discardableResult
    static func name(_ name: String, _ field: Field) -> Bool {
        let problems = Validation.qualifiedName(name)
        for problem in problems { field.refuse(.string(name), problem) }
        guard problems.isEmpty, !name.contains("/"), !standard.contains(name), !isHugePages(name), !name.hasPrefix("requests.hugepages-") else {
            return problems.isEmpty
        }
        field.refuse(.string(name), "must be a standard resource type or fully qualified")
        return false
    }

    private static let standard: Set<String> = counted.union([
        "cpu", "memory", "ephemeral-storage", "storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage",
    ])

    /// The name of a resource in a limit range, for containers and pods or for anything else.
    static func limited(_ name: String, _ field: Field, ofContainers: Bool) {
        if ofContainers { containerName(name, field) } else { self.name(name, field) }
    }

    // MARK: Kinds of resources

    static func isHugePages(_ name: String) -> Bool { name.hasPrefix("hugepages-") }

    static func isNative(_ name: String) -> Bool { !name.contains("/") || name.contains("kubernetes.io/") }

    static func isExtended(_ name: String) -> Bool {
        !isNative(name) && !name.hasPrefix("requests.") && Validation.qualifiedName("requests.\(name)").isEmpty
    }

    static func mayOvercommit(_ name: String) -> Bool { isNative(name) && !isHugePages(name) }

    /// Objects and devices are counted, not measured.
    static func comesInPieces(_ name: String) -> Bool { counted.contains(name) || isExtended(name) }

    static let counted: Set<String> = [
        "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims", "services.nodeports",
        "services.loadbalancers",
    ]
}
