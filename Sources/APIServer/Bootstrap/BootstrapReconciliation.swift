import ObjectModel

/// What a start has to do about one bootstrap object.
public enum BootstrapChange: Sendable, Equatable {
    case create(Value)
    case update(Value)

    /// A binding's role can't be changed in place: delete, then create.
    case replace(Value)
}

/// Brings what a server holds up to what it should: missing objects are made, defaults that were cut down are extended, what users added stays.
public enum BootstrapReconciliation {
    /// - Parameter wanted: one of `BootstrapObjects.objects()`.
    /// - Returns: nil where nothing is to be done.
    public static func reconcile(existing: Value?, wanted: Value) -> BootstrapChange? {
        guard let existing else { return .create(wanted) }
        switch wanted.kind {
        case "Role", "ClusterRole": return role(existing, wanted)
        case "RoleBinding", "ClusterRoleBinding": return binding(existing, wanted)
        case "FlowSchema", "PriorityLevelConfiguration": return flowControl(existing, wanted)
        // Namespaces and priority classes are the users' once they are there.
        default: return nil
        }
    }

    // MARK: Roles and bindings

    private static let autoupdate = "rbac.authorization.kubernetes.io/autoupdate"

    private static func role(_ existing: Value, _ wanted: Value) -> BootstrapChange? {
        guard existing.annotations[autoupdate] != "false" else { return nil }
        var result = existing
        mergeMetadata(&result, wanted)
        if wanted["aggregationRule"].isNull {
            let missing = RuleCover.missing(from: existing["rules"].array.map { PolicyRule($0) }, wanted["rules"].array.map { PolicyRule($0) })
            for rule in RuleCover.compact(missing) { result["rules"].append(rule.value) }
        } else {
            // The rules are the aggregation's.
            let held = existing["aggregationRule"]["clusterRoleSelectors"].array
            for selector in wanted["aggregationRule"]["clusterRoleSelectors"].array where !held.contains(selector) {
                result["aggregationRule"]["clusterRoleSelectors"].append(selector)
            }
        }
        return result == existing ? nil : .update(result)
    }

    private static func binding(_ existing: Value, _ wanted: Value) -> BootstrapChange? {
        guard existing.annotations[autoupdate] != "false" else { return nil }
        if existing["roleRef"] != wanted["roleRef"] { return .replace(wanted) }
        var result = existing
        mergeMetadata(&result, wanted)
        let held = existing["subjects"].array.map(identity)
        for subject in wanted["subjects"].array where !held.contains(identity(subject)) { result["subjects"].append(subject) }
        return result == existing ? nil : .update(result)
    }

    /// What makes two subjects the same, whatever their group is defaulted to.
    private static func identity(_ subject: Value) -> [String] { ["kind", "namespace", "name"].map { subject[$0].string ?? "" } }

    /// Adds labels and annotations that are missing; values that someone changed stay.
    private static func mergeMetadata(_ object: inout Value, _ wanted: Value) {
        for field in ["labels", "annotations"] {
            for (key, value) in wanted.metadata[field].fields where object.metadata[field][key].isNull { object.metadata[field][key] = value }
        }
    }

    // MARK: Flow control

    private static let autoupdateSpec = "apf.kubernetes.io/autoupdate-spec"

    /// The two that must be there for the server to work at all.
    private static let mandatory: Set<String> = ["exempt", "catch-all"]

    private static func flowControl(_ existing: Value, _ wanted: Value) -> BootstrapChange? {
        let follows: Bool
        switch existing.annotations[autoupdateSpec] {
        case "true": follows = true
        case "false": follows = false
        default: follows = existing.generation == 1
        }
        let mayUpdate = follows || mandatory.contains(wanted.name)
        var result = existing
        // Compared field by field: what the server defaulted beside ours is no difference.
        if mayUpdate, !holds(existing.spec, wanted.spec) { result.spec = wanted.spec }
        if mayUpdate { result.metadata["annotations"][autoupdateSpec] = "true" }
        return result == existing ? nil : .update(result)
    }

    private static func holds(_ existing: Value, _ wanted: Value) -> Bool {
        switch (existing, wanted) {
        case (.object, .object(let fields)): fields.allSatisfy { holds(existing[$0.key], $0.value) }
        case (.array(let left), .array(let right)): left.count == right.count && zip(left, right).allSatisfy(holds)
        default: existing == wanted
        }
    }
}
