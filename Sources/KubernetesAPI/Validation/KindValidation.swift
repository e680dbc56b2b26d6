import ObjectModel

/// The rules that objects of a kind keep beyond their schema: formats, ranges, what may change.
public enum KindValidation {
    /// All rules that `object` breaks. `old` is nil for a creation; `subresource` is what the write went to.
    public static func validate(_ object: Value, old: Value?, definition: ResourceDefinition, subresource: String) -> [FieldError] {
        var errors = MetadataValidation.validate(object, old: old, definition: definition)
        if subresource.isEmpty, let rules = rules[definition.plural] { errors += rules(object, old) }
        return errors
    }

    typealias Rules = @Sendable (_ object: Value, _ old: Value?) -> [FieldError]

    /// The rules of each kind, by plural. A kind without an entry has its schema and metadata rules only.
    private static let rules: [String: Rules] = [:]
}
