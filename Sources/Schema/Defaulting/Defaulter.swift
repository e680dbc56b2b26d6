import ObjectModel

/// Completes a decoded object: fills in defaults, and what a type always has.
public enum Defaulter {
    /// From the outside in; of one object first the defaults without a condition, then those with one, then `default` lines, then rules in code.
    public static func apply(to value: inout Value, type: TypeDefinition) {
        guard value.isObject || value.isNull else { return }
        let content = type.content
        if content.hasOwnWork { completeOwn(&value, content) }
        guard content.hasNestedFields, case .object(var members) = value else { return }
        value = .null
        let fields = content.nestedFields
        var next = 0
        members.mapInPlace { key, member in
            while next < fields.count, fields[next].name < key { next += 1 }
            guard next < fields.count, fields[next].name == key else { return }
            apply(to: &member, fields[next].type)
        }
        value = .object(members)
    }

    private static func apply(to value: inout Value, _ type: ValueType) {
        switch type {
        case .object(let type): apply(to: &value, type: type)
        case .list(let element):
            guard case .array(var elements) = value else { return }
            value = .null
            for index in elements.indices { apply(to: &elements[index], element) }
            value = .array(elements)
        case .map(let element):
            guard case .object(var members) = value else { return }
            value = .null
            members.mapInPlace { _, member in apply(to: &member, element) }
            value = .object(members)
        default: break
        }
    }

    // MARK: One object

    private static func completeOwn(_ value: inout Value, _ content: TypeContent) {
        var members = value.fields
        value = .null
        for field in content.plainDefaults where !members.contains(field.name) { members[field.name] = field.initialValue }
        value = .object(members)
        for field in content.conditionalDefaults where value[field.name].isNull && (field.defaultCondition?.holds(in: value) ?? true) {
            value[field.name] = field.initialValue
        }
        for rule in content.defaults where rule.condition?.holds(in: value) ?? true { fill(&value, rule.path[...], rule.value) }
        for rule in content.rules { rule.apply(&value) }
        // What is always written comes last, so that no rule takes a zero for a choice.
        guard !content.alwaysWritten.isEmpty else { return }
        members = value.fields
        value = .null
        for field in content.alwaysWritten where !members.contains(field.name) { members[field.name] = field.type.zero }
        value = .object(members)
    }

    /// Sets what is absent at the end of a path; objects on the way come into being.
    private static func fill(_ value: inout Value, _ path: ArraySlice<String>, _ new: Value) {
        guard let key = path.first else { return }
        if path.count > 1 {
            fill(&value[key], path.dropFirst(), new)
        } else if value[key].isNull {
            value[key] = new
        }
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
