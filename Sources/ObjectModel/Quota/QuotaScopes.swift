/// Which objects a ResourceQuota is about: `spec.scopes` and `spec.scopeSelector`.
public enum QuotaScopes {
    /// Whether the quota counts the object, by its scopes and by the names in its `status.hard`.
    public static func matches(_ quota: Value, _ object: Value, resource: String, group: String) -> Bool {
        guard quota.status["hard"].fields.contains(where: { QuotaUsage.concerns($0.key, resource: resource, group: group) }) else { return false }
        return covers(quota, object, resource: resource, group: group)
    }

    /// By the scopes alone: what the controller counts by.
    public static func covers(_ quota: Value, _ object: Value, resource: String, group: String) -> Bool {
        let scopes = quota.spec["scopes"].strings.map { (name: $0, requirement: Value.null) }
        let selected = quota.spec["scopeSelector"]["matchExpressions"].array.map { (name: $0["scopeName"].string ?? "", requirement: $0) }
        if scopes.isEmpty, selected.isEmpty { return true }
        // All scopes but one concern pods, and that one claims; with a scope a quota says nothing about other objects.
        guard group.isEmpty else { return false }
        switch resource {
        case "pods": return (scopes + selected).allSatisfy { has(object, $0.name, $0.requirement) }
        case "persistentvolumeclaims":
            return (scopes + selected).allSatisfy { $0.name == "VolumeAttributesClass" && hasAttributesClass(object, $0.requirement) }
        default: return false
        }
    }

    /// The class that a claim asks for, has, or is on its way to.
    private static func hasAttributesClass(_ claim: Value, _ requirement: Value) -> Bool {
        let wanted = [
            claim.spec["volumeAttributesClassName"], claim.status["currentVolumeAttributesClassName"],
            claim.status["modifyVolumeStatus"]["targetVolumeAttributesClassName"],
        ]
        let names = wanted.compactMap(\.string).filter { !$0.isEmpty }
        let listed = requirement["values"].strings
        switch requirement["operator"].string {
        case "In": return names.contains(where: listed.contains)
        case "NotIn": return names.isEmpty || names.contains { !listed.contains($0) }
        case "DoesNotExist": return names.isEmpty
        default: return !names.isEmpty
        }
    }

    private static func has(_ pod: Value, _ scope: String, _ requirement: Value) -> Bool {
        switch scope {
        case "Terminating": isTerminating(pod)
        case "NotTerminating": !isTerminating(pod)
        case "BestEffort": isBestEffort(pod)
        case "NotBestEffort": !isBestEffort(pod)
        case "PriorityClass": hasPriorityClass(pod, requirement)
        case "CrossNamespacePodAffinity": usesCrossNamespaceAffinity(pod)
        default: false
        }
    }

    private static func isTerminating(_ pod: Value) -> Bool { (pod.spec["activeDeadlineSeconds"].integer ?? -1) >= 0 }

    private static func hasPriorityClass(_ pod: Value, _ requirement: Value) -> Bool {
        let name = pod.spec["priorityClassName"].string ?? ""
        switch requirement["operator"].string {
        case "In": return !name.isEmpty && requirement["values"].strings.contains(name)
        case "NotIn": return name.isEmpty || !requirement["values"].strings.contains(name)
        case "DoesNotExist": return name.isEmpty
        default: return !name.isEmpty
        }
    }

    /// No container asks for, or is limited in, CPU or memory.
    private static func isBestEffort(_ pod: Value) -> Bool {
        let holders = [pod.spec] + pod.spec["containers"].array + pod.spec["initContainers"].array
        return !holders.contains { holder in
            ["requests", "limits"].contains { field in
                ["cpu", "memory"].contains { name in
                    (try? Quantity(holder["resources"][field][name])).map { $0 > .zero } ?? false
                }
            }
        }
    }

    private static func usesCrossNamespaceAffinity(_ pod: Value) -> Bool {
        ["podAffinity", "podAntiAffinity"].contains { kind in
            let affinity = pod.spec["affinity"][kind]
            let terms =
                affinity["requiredDuringSchedulingIgnoredDuringExecution"].array
                + affinity["preferredDuringSchedulingIgnoredDuringExecution"].array.map { $0["podAffinityTerm"] }
            return terms.contains { !$0["namespaces"].isEmpty || !$0["namespaceSelector"].isNull }
        }
    }
}
