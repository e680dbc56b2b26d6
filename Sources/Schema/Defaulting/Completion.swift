import ObjectModel

/// What a type gives to an object that lacks it, sorted out once.
final class Completion: Sendable {
    /// What comes into being without a condition: defaults, and objects that are always there.
    let plainDefaults: Fields
    let conditionalDefaults: [FieldDefinition]
    let defaults: [DefaultRule]
    let rules: [DefaultingRule]

    /// Zeros that are written.
    let alwaysWritten: Fields

    /// Whether there is nothing to decide, so that all goes in at once.
    let isPlain: Bool

    /// `plainDefaults` and `alwaysWritten`.
    let everything: Fields

    /// The fields whose values hold objects, and their names.
    let nestedFields: [FieldDefinition]
    let nestedNames: FieldNames

    init(fields: [FieldDefinition], defaults: [DefaultRule], rules: [DefaultingRule]) {
        let plain = fields.filter { $0.defaultCondition == nil && ($0.hasEffectiveDefault || $0.isEmbeddedObject) }
        let always = fields.filter { $0.presence == .always && !$0.isEmbeddedObject }
        plainDefaults = Fields(plain.map { ($0.name, $0.initialValue) })
        alwaysWritten = Fields(always.map { ($0.name, $0.type.zero) })
        var everything = plainDefaults
        everything.addMissing(alwaysWritten)
        self.everything = everything
        conditionalDefaults = fields.filter { $0.defaultCondition != nil }
        self.defaults = defaults
        self.rules = rules
        isPlain = conditionalDefaults.isEmpty && defaults.isEmpty && rules.isEmpty
        nestedFields = fields.filter { $0.type.objectType != nil }
        nestedNames = FieldNames(nestedFields.map(\.name))
    }
}

extension FieldDefinition {
    /// Whether an object of the field's type is there even if nobody gave it: Go's structs that aren't behind a pointer.
    var isEmbeddedObject: Bool { type.isObject && presence != .pointer }

    /// Whether the default shows: a zero isn't written where it is the same as absent.
    var hasEffectiveDefault: Bool { defaultValue.map { presence != .plain || !$0.isEmpty } ?? false }

    /// What the field holds when nothing was given.
    var initialValue: Value { defaultValue ?? type.zero }
}
