import ObjectModel

/// A place in an object under validation: the value there, and the way to it. Checks report what they find to the object's `Findings`.
///
/// The path is written out only where something is wrong, for most objects are right.
final class Field {
    let value: Value
    let findings: Findings
    private let parent: Field?
    private let step: Step

    private enum Step {
        case root
        case member(String)
        case index(Int)
        case key(String)
    }

    /// The root of an object, whose path is empty.
    init(root value: Value, _ findings: Findings) {
        self.value = value
        self.findings = findings
        parent = nil
        step = .root
    }

    private init(_ value: Value, in parent: Field, _ step: Step) {
        self.value = value
        self.parent = parent
        self.step = step
        findings = parent.findings
    }

    private init(_ value: Value, in parent: Field?, _ step: Step, _ findings: Findings) {
        self.value = value
        self.parent = parent
        self.step = step
        self.findings = findings
    }

    // MARK: Ways down

    subscript(name: String) -> Field { Field(value[name], in: self, .member(name)) }

    /// A member, or nil where it is absent.
    func present(_ name: String) -> Field? {
        let member = value[name]
        return member.isNull ? nil : Field(member, in: self, .member(name))
    }

    /// A member that says something: neither absent nor `""`, `0`, `[]`, `{}`.
    func nonEmpty(_ name: String) -> Field? {
        let member = value[name]
        return member.isEmpty ? nil : Field(member, in: self, .member(name))
    }

    /// The elements of the list at `name`.
    func elements(_ name: String) -> [Field] {
        guard case .array(let list) = value[name], !list.isEmpty else { return [] }
        let owner = self[name]
        return list.indices.map { Field(list[$0], in: owner, .index($0)) }
    }

    /// The members of the map at `name`, whose paths read `name[key]`.
    func entries(_ name: String) -> [(key: String, field: Field)] {
        guard case .object(let members) = value[name], !members.isEmpty else { return [] }
        let owner = self[name]
        return members.map { ($0.key, Field($0.value, in: owner, .key($0.key))) }
    }

    func element(_ index: Int) -> Field { Field(value[index], in: self, .index(index)) }

    func key(_ key: String) -> Field { Field(value[key], in: self, .key(key)) }

    /// The same place with another value, for what upstream shows instead.
    func showing(_ value: Value) -> Field {
        guard let parent else { return Field(root: value, findings) }
        return Field(value, in: parent, step)
    }

    /// The same place, whose checks report elsewhere.
    func reporting(to findings: Findings) -> Field { Field(value, in: parent, step, findings) }

    /// The same value under another name.
    func sibling(_ name: String) -> Field { parent.map { Field(value, in: $0, .member(name)) } ?? self }

    // MARK: Reading

    var isAbsent: Bool { value.isNull }
    var isEmpty: Bool { value.isEmpty }
    var text: String { value.string ?? "" }
    var number: Int64 { value.integer ?? 0 }
    var isTrue: Bool { value.bool == true }

    func text(_ name: String) -> String { value[name].string ?? "" }
    func isTrue(_ name: String) -> Bool { value[name].bool == true }

    /// `spec.containers[0].resources.limits[cpu]`.
    var path: String {
        guard let parent else { return "" }
        let above = parent.path
        switch step {
        case .root: return above
        case .member(let name): return above.isEmpty ? name : "\(above).\(name)"
        case .index(let index): return "\(above)[\(index)]"
        case .key(let key): return "\(above)[\(key)]"
        }
    }
}

/// What the validation of one object found.
final class Findings {
    private(set) var errors: [FieldError] = []

    func report(_ error: FieldError) { errors.append(error) }
}
