import ObjectModel

/// The rules of resource quotas.
enum ResourceQuotaValidation {
    @Sendable static func check(_ quota: Field, _ old: Field?) {
        let spec = quota["spec"]
        for (name, amount) in spec.entries("hard") { self.amount(name, amount) }
        scopes(spec)
        selector(spec)
        if old == nil { amounts(quota["status"]) }
        guard let old, Set(spec.value["scopes"].strings) != Set(old["spec"].value["scopes"].strings) else { return }
        spec["scopes"].refuse(Words.immutable)
    }

    /// A quota's status: what holds, and what is used of it.
    static func amounts(_ status: Field) {
        for list in ["hard", "used"] { for (name, amount) in status.entries(list) { self.amount(name, amount) } }
    }

    // MARK: Resources

    private static let ofPods: Set<String> = ["pods", "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"]
    private static let ofClaims: Set<String> = ["persistentvolumeclaims", "requests.storage"]
    private static let measured: Set<String> = ofPods.union([
        "ephemeral-storage", "requests.storage", "requests.ephemeral-storage", "limits.ephemeral-storage",
    ])

    private static func isStandard(_ name: String) -> Bool {
        measured.contains(name) || ResourceValidation.counted.contains(name) || name.hasPrefix("hugepages-") || name.hasPrefix("requests.hugepages-")
    }

    private static func amount(_ name: String, _ field: Field) {
        ResourceValidation.name(name, field)
        if !name.contains("/"), !isStandard(name) { field.refuse(.string(name), "must be a standard resource for quota") }
        ResourceValidation.amount(name, field)
    }

    // MARK: Scopes

    private static let known: Set<String> = [
        "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating", "VolumeAttributesClass",
    ]

    private static func isCounted(_ resource: String, in scope: String) -> Bool {
        guard isStandard(resource) else { return true }
        return switch scope {
        case "BestEffort": resource == "pods"
        case "Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity": ofPods.contains(resource)
        case "VolumeAttributesClass": ofClaims.contains(resource)
        default: true
        }
    }

    private static func exclude(_ scopes: Set<String>) -> Bool {
        scopes.isSuperset(of: ["BestEffort", "NotBestEffort"]) || scopes.isSuperset(of: ["Terminating", "NotTerminating"])
    }

    private static func scopes(_ spec: Field) {
        let list = spec["scopes"]
        let scopes = list.value.strings
        for scope in scopes {
            if !known.contains(scope) { list.refuse("unsupported scope") }
            for resource in spec.value["hard"].fields.keys.sorted() where !isCounted(resource, in: scope) {
                list.refuse("unsupported scope applied to resource")
            }
        }
        if exclude(Set(scopes)) { list.refuse("conflicting scopes") }
    }

    /// Upstream reports on the list, not on its elements.
    private static func selector(_ spec: Field) {
        guard let selector = spec.present("scopeSelector") else { return }
        let list = selector["matchExpressions"]
        var scopes: Set<String> = []
        for requirement in selector.elements("matchExpressions") {
            let (scope, operation, values) = (requirement.text("scopeName"), requirement.text("operator"), requirement["values"])
            if !known.contains(scope) { list["scopeName"].refuse(.string(scope), "unsupported scope") }
            for resource in spec.value["hard"].fields.keys.sorted() where !isCounted(resource, in: scope) {
                list.refuse(selector.value, "unsupported scope applied to resource")
            }
            if known.contains(scope), !["PriorityClass", "VolumeAttributesClass"].contains(scope), operation != "Exists" {
                list["operator"].refuse(
                    .string(operation),
                    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
                        + "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity")
            }
            switch operation {
            case "In", "NotIn":
                if values.isEmpty { list["values"].missing("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector") }
            case "Exists", "DoesNotExist":
                if !values.isEmpty {
                    list["values"].refuse(values.value, "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector")
                }
            default: list["operator"].refuse(.string(operation), "not a valid selector operator")
            }
            scopes.insert(scope)
        }
        if exclude(scopes) { list.refuse(spec.value["scopes"], "conflicting scopes") }
    }
}
