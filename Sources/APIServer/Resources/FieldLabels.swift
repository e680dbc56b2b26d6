import ObjectModel

/// Which fields a field selector may name, and what upstream says of the others.
enum FieldLabels {
    /// The selector with its fields as they are selected by, or 400.
    static func resolved(_ selector: FieldSelector, _ resource: ServedResource) throws(APIError) -> FieldSelector {
        let conversion = resource.conversion?.selectableFields
        let known = conversion.map { Set($0.keys) } ?? resource.strategy.selectableFieldNames
        var requirements: [FieldSelector.Requirement] = []
        for var requirement in selector.requirements {
            let field = requirement.field
            if field == "spec.host", resource.plural == "pods" {
                // The field's name in clients from before 1.0.
                requirement.field = "spec.nodeName"
            } else if field != "metadata.name", !known.contains(field), field != "metadata.namespace" || namesOnly.contains(resource.plural) {
                throw .badRequest(refusal(of: field, resource))
            }
            requirement.field = conversion?[field] ?? requirement.field
            requirements.append(requirement)
        }
        return FieldSelector(requirements)
    }

    /// Kinds without a namespace that have a list of fields of their own.
    private static let namesOnly: Set<String> = ["nodes", "namespaces", "certificatesigningrequests"]

    /// Kinds with a list of fields of their own.
    private static let own: Set<String> = [
        "pods", "nodes", "replicationcontrollers", "events", "namespaces", "secrets", "services", "certificatesigningrequests",
    ]

    private static func refusal(of field: String, _ resource: ServedResource) -> String {
        if own.contains(resource.plural) { return "field label not supported: \(field)" }
        if resource.plural == "jobs" { return "field label \"\(field)\" not supported for Job" }
        return "\"\(field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
    }
}
