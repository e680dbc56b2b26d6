import ObjectModel

/// Completes a decoded object: fills in defaults, and what a type always has.
public enum Defaulter {
    /// From the outside in; of one object first the defaults without a condition, then those with one, then `default` lines, then rules in code.
    public static func apply(to value: inout Value, type: TypeDefinition) {
        var members: Fields
        switch value {
        case .object(let fields): members = fields
        case .null: members = Fields()
        default: return
        }
        value = .null
        let completion = type.content.completion
        if completion.isPlain {
            members.addMissing(completion.everything)
        } else {
            applySteps(to: &members, completion)
        }
        if !completion.nestedFields.isEmpty {
            members.match(completion.nestedNames) { place, _, member in
                if let place { apply(to: &member, completion.nestedFields[place].type) }
            }
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

    private static func applySteps(to members: inout Fields, _ completion: Completion) {
        members.addMissing(completion.plainDefaults)
        var value = Value.object(members)
        members = Fields()
        for field in completion.conditionalDefaults where value[field.name].isNull && (field.defaultCondition?.holds(in: value) ?? true) {
            value[field.name] = field.initialValue
        }
        for rule in completion.defaults where rule.condition?.holds(in: value) ?? true { fill(&value, rule.path[...], rule.value) }
        for rule in completion.rules { rule.apply(&value) }
        if case .object(let completed) = value { members = completed }
        value = .null
        // What is always written comes last, so that no rule takes a zero for a choice.
        members.addMissing(completion.alwaysWritten)
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
