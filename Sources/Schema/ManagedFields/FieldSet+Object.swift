import ObjectModel

/// Why an object can't be applied, or taken apart into fields.
public struct TypedError: Error, Equatable, CustomStringConvertible {
    /// Each with the path that it is about: `.spec.replica: field not declared in schema`.
    public var problems: [String]

    public var description: String { problems.count == 1 ? problems[0] : "errors:\n" + problems.map { "  " + $0 }.joined(separator: "\n") }
}

extension FieldSet {
    /// The fields that an applied configuration sets: its leaves, the elements of its associative lists, the keys of its maps.
    /// Throws where the configuration doesn't fit the type, or tells an element of a list twice.
    public init(of configuration: Value, type: TypeDefinition) throws(TypedError) {
        var walk = FieldSetWalk(isStrict: true)
        let found = walk.visit(configuration, .structure(type.content))
        guard walk.problems.isEmpty else { throw TypedError(problems: walk.problems) }
        self = found.children
    }

    /// The fields of an object that is known to fit its type; in a list, of elements that are there twice the first counts.
    init(ofLive object: Value, type: TypeDefinition) {
        var walk = FieldSetWalk(isStrict: false)
        self = walk.visit(object, .structure(type.content)).children
    }
}

/// Takes an object apart into fields.
private struct FieldSetWalk {
    let isStrict: Bool
    var problems: [String] = []
    private var path: [String] = []

    init(isStrict: Bool) { self.isStrict = isStrict }

    typealias Found = (isMember: Bool, children: FieldSet)

    private static let leaf: Found = (true, FieldSet())

    mutating func visit(_ value: Value, _ shape: Shape) -> Found {
        switch shape {
        case .leaf: return Self.leaf
        case .undeclared:
            guard case .object(let members) = value else { return Self.leaf }
            return (false, visit(members, .undeclared, nil))
        case .structure(let content):
            guard let members = object(value) else { return (false, FieldSet()) }
            return (false, visit(members, content).withStructureMembers(content))
        case .map(let element):
            guard let members = object(value) else { return (false, FieldSet()) }
            return (false, visit(members, element.shape, element).withAllMembers)
        case .set, .associative:
            guard case .array(let elements) = value else {
                if !value.isNull { fail("expected list, got \(Self.shown(value))") }
                return (false, FieldSet())
            }
            return (false, visit(elements, shape))
        }
    }

    /// Texts, numbers and truths are what their types say; other leaves are looked at when the object is decoded.
    private mutating func checkScalar(_ value: Value, _ type: ValueType) {
        switch (type, value) {
        case (_, .null), (.string, .string), (.bytes, .string), (.bool, .bool), (.int32, .integer), (.int64, .integer), (.double, .integer): break
        case (.int32, .number), (.int64, .number), (.double, .number): break
        case (.string, _), (.bytes, _): fail("expected string, got &value.valueUnstructured{Value:\(GoFormat.string(value))}")
        case (.bool, _): fail("expected boolean, got \(Self.shown(value))")
        case (.int32, _), (.int64, _), (.double, _): fail("expected numeric (int or float), got \(Self.goType(of: value))")
        default: break
        }
    }

    private static func goType(of value: Value) -> String {
        switch value {
        case .null: "<nil>"
        case .bool: "bool"
        case .integer: "int64"
        case .number: "float64"
        case .string: "string"
        case .array: "[]interface {}"
        case .object: "map[string]interface {}"
        }
    }

    private mutating func object(_ value: Value) -> Fields? {
        if case .object(let members) = value { return members }
        if !value.isNull { fail("expected map, got \(Self.shown(value))") }
        return nil
    }

    private mutating func visit(_ members: Fields, _ shape: Shape, _ type: ValueType?) -> FieldSet {
        var nodes: [FieldSet.Node] = []
        nodes.reserveCapacity(members.count)
        for (name, value) in members { visit(value, PathElement.field(name), shape, type, &nodes) }
        return FieldSet(nodes)
    }

    /// Both have their members by name, and so has the type its fields.
    private mutating func visit(_ members: Fields, _ content: TypeContent) -> FieldSet {
        var nodes: [FieldSet.Node] = []
        nodes.reserveCapacity(members.count)
        var place = 0
        for (name, value) in members {
            while place < content.fields.count, Bytewise.order(content.fields[place].name, name) < 0 { place += 1 }
            if place < content.fields.count, content.fields[place].name == name {
                visit(value, content.pathElements[place], content.fields[place].shape, content.fields[place].type, &nodes)
            } else {
                visit(value, PathElement.field(name), content.shape(ofMember: name), nil, &nodes)
            }
        }
        return FieldSet(nodes)
    }

    private mutating func visit(_ value: Value, _ element: String, _ shape: Shape?, _ type: ValueType?, _ nodes: inout [FieldSet.Node]) {
        path.append(element)
        defer { path.removeLast() }
        guard let shape else { return fail("field not declared in schema") }
        if isStrict, let type { checkScalar(value, type) }
        let below = visit(value, shape)
        let isEmpty = value.isNull || (value.isObject && value.isEmpty)
        let node = FieldSet.Node(element, isMember: below.isMember || isEmpty, children: below.children)
        if !node.isEmpty { nodes.append(node) }
    }

    private mutating func visit(_ elements: [Value], _ shape: Shape) -> FieldSet {
        var nodes: [FieldSet.Node] = []
        nodes.reserveCapacity(elements.count)
        var seen = Set<String>()
        for (index, value) in elements.enumerated() {
            guard let element = pathElement(value, shape, index) else { continue }
            guard elements.count == 1 || seen.insert(element).inserted else {
                fail("duplicate entries for key \(PathElement.describe(element))")
                continue
            }
            path.append(element)
            nodes.append(FieldSet.Node(element, isMember: true, children: visit(value, shape.elementShape).children))
            path.removeLast()
        }
        return FieldSet(unordered: nodes)
    }

    private mutating func pathElement(_ value: Value, _ shape: Shape, _ index: Int) -> String? {
        guard case .associative(let keys, let content) = shape else {
            if value.isNull || value.isObject || value.isArray {
                fail(
                    "element \(index): associative list without keys has an element that's a \(value.isNull ? "null" : value.isObject ? "map" : "list") type"
                )
                return nil
            }
            return PathElement.value(value)
        }
        guard value.isObject else {
            fail("element \(index): associative list with keys may not have non-map elements")
            return nil
        }
        if let element = content.pathElement(value, keys: keys) { return element }
        let missing = keys.first { value[$0].isNull && content.field($0)?.defaultValue == nil } ?? ""
        fail("element \(index): associative list with keys has an element that omits key field \"\(missing)\" (and doesn't have default value)")
        return nil
    }

    private mutating func fail(_ problem: String) { if isStrict { problems.append("\(PathElement.describe(path)): \(problem)") } }

    private static func shown(_ value: Value) -> String { "&{\(GoFormat.string(value))}" }
}

extension FieldSet {
    /// Each key of a map is a field of its own, also where it holds an object.
    fileprivate var withAllMembers: FieldSet {
        FieldSet(nodes.map { FieldSet.Node($0.element, isMember: true, children: $0.children) })
    }

    /// So is a member of an object that its type doesn't declare.
    fileprivate func withStructureMembers(_ content: TypeContent) -> FieldSet {
        guard content.preservesUnknownFields else { return self }
        return FieldSet(
            nodes.map { node in
                let isDeclared = PathElement.name(of: node.element).map { content.field(String($0)) != nil } ?? true
                return isDeclared ? node : FieldSet.Node(node.element, isMember: true, children: node.children)
            })
    }

    /// The set with every declared field on the way to a member, but no key of a map and no element of a list, which may be owned by somebody else.
    func withNamedFields(_ type: TypeDefinition) -> FieldSet { withNamedFields(.structure(type.content)) }

    private func withNamedFields(_ shape: Shape) -> FieldSet {
        FieldSet(
            nodes.map { node in
                guard !node.children.isEmpty else { return node }
                var node = node
                switch shape {
                case .structure(let content):
                    guard let name = PathElement.name(of: node.element), let field = content.field(String(name)) else { break }
                    node.isMember = true
                    node.children = node.children.withNamedFields(field.shape)
                case .map(let element): node.children = node.children.withNamedFields(element.shape)
                case .associative(_, let content): node.children = node.children.withNamedFields(.structure(content))
                default: break
                }
                return node
            })
    }
}
