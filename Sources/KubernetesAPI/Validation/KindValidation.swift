import ObjectModel

/// The rules that objects of a kind keep beyond their schema: formats, ranges, what may change.
public enum KindValidation {
    /// All rules that `object` breaks. `old` is nil for a creation; `subresource` is what the write went to.
    public static func validate(_ object: Value, old: Value?, definition: ResourceDefinition, subresource: String) -> [FieldError] {
        let errors = MetadataValidation.validate(object, old: old, definition: definition)
        guard let check = rules[key(definition, subresource)] else { return errors }
        let findings = Findings()
        check(Field(root: object, findings), old.map { Field(root: $0, findings) })
        return findings.errors.isEmpty ? errors : errors + findings.errors
    }

    /// Reports what breaks a rule in an object, given the object that it replaces, if it does.
    typealias Rules = @Sendable (_ object: Field, _ old: Field?) -> Void

    private static func key(_ definition: ResourceDefinition, _ subresource: String) -> String {
        let resource = definition.group.isEmpty ? definition.plural : "\(definition.group)/\(definition.plural)"
        // A scale changes the number of replicas, which is the object's own.
        return subresource.isEmpty || subresource == "scale" ? resource : "\(resource):\(subresource)"
    }

    /// The rules of each kind, by `group/plural`, or `plural` for the core group; of a write to a subresource, with `:subresource` behind it.
    /// A kind without an entry has its schema and metadata rules only.
    private static let rules: [String: Rules] = [
        PodTable.rules, WorkloadTable.rules, NetworkingTable.rules, ConfigurationTable.rules, ClusterTable.rules, PolicyTable.rules,
        StorageTable.rules, WorkloadStatusValidation.rules,
    ].reduce(into: [:]) { $0.merge($1) { _, last in last } }
}
