import ObjectModel

/// What differs between two states of an object, as paths.
public struct FieldComparison: Sendable, Equatable {
    /// What is new or has another value.
    public var changed = FieldSet()

    /// What is gone.
    public var removed = FieldSet()

    public var isSame: Bool { changed.isEmpty && removed.isEmpty }

    init(changed: FieldSet = FieldSet(), removed: FieldSet = FieldSet()) {
        self.changed = changed
        self.removed = removed
    }

    /// The differences without some fields, and without all that others hold.
    public func subtracting(_ fields: FieldSet, andAllUnder roots: FieldSet) -> FieldComparison {
        FieldComparison(
            changed: changed.subtracting(fields).subtractingAll(under: roots), removed: removed.subtracting(fields).subtractingAll(under: roots))
    }

    /// Compares two objects of a type. Without an old one the new one is compared to the empty object of the type, in which those fields
    /// are there already that always are: that is why the set of a freshly created Deployment has what is in `spec`, but not `spec` itself.
    public init(from old: Value?, to new: Value, type: TypeDefinition) {
        let difference = Difference(old.map(Before.value) ?? .zero, new, .structure(type.content))
        changed = difference.changed.children
        removed = difference.removed.children
    }

    /// What was there before.
    fileprivate enum Before {
        case absent

        /// The zero value, which is there without anyone having set it.
        case zero
        case value(Value)

        init(_ value: Value?) { self = value.map { $0.isNull ? .zero : .value($0) } ?? .absent }

        var value: Value? { if case .value(let value) = self { value } else { nil } }

        var isAbsent: Bool { if case .absent = self { true } else { false } }
    }

    /// What differs at one place of the two states.
    fileprivate struct Difference {
        var changed = Side()
        var removed = Side()

        struct Side {
            var isMember = false
            var nodes: [FieldSet.Node] = []
            var children: FieldSet { FieldSet(nodes) }

            func node(_ element: String) -> FieldSet.Node { FieldSet.Node(element, isMember: isMember, children: children) }
        }

        init(_ old: Before, _ new: Value?, _ shape: Shape) {
            guard let new, !new.isNull else {
                guard let value = old.value else { return }
                remove(value, shape)
                return
            }
            guard case .value = old else {
                changed = Self.added(new, shape, isZero: !old.isAbsent)
                return
            }
            switch (shape, old.value, new) {
            case (.structure(let content), .object(let before), .object(let after)): compareFields(before, after, content)
            case (.map(let element), .object(let before), .object(let after)): compareMembers(before, after, element.shape)
            case (.undeclared, .object(let before), .object(let after)): compareMembers(before, after, .undeclared)
            case (.set, .array(let before), .array(let after)), (.associative, .array(let before), .array(let after)):
                compareElements(before, after, shape)
            default: changed.isMember = old.value != new
            }
        }

        private mutating func remove(_ value: Value, _ shape: Shape) {
            removed.isMember = true
            switch (shape, value) {
            case (.structure(let content), .object(let members)): compareFields(members, Fields(), content)
            case (.map(let element), .object(let members)): compareMembers(members, Fields(), element.shape)
            case (.undeclared, .object(let members)): compareMembers(members, Fields(), .undeclared)
            case (.set, .array(let elements)), (.associative, .array(let elements)): compareElements(elements, [], shape)
            default: break
            }
        }

        private mutating func add(_ element: String, _ below: Difference) {
            let (changes, removals) = (below.changed.node(element), below.removed.node(element))
            if !changes.isEmpty { changed.nodes.append(changes) }
            if !removals.isEmpty { removed.nodes.append(removals) }
        }

        // MARK: What comes into being

        /// All of a value where there was none. An object, map or list is then a path of its own.
        /// - Parameter isZero: whether the zero value was there, without anyone having set it.
        private static func added(_ new: Value, _ shape: Shape, isZero: Bool) -> Side {
            switch (shape, new) {
            case (_, .null): Side()
            case (.structure(let content), .object(let members)): Side(isMember: !isZero, nodes: added(members, content, isZero: isZero))
            case (.map(let element), .object(let members)): Side(isMember: !isZero, nodes: added(members, element.shape))
            case (.undeclared, .object(let members)): Side(isMember: !isZero, nodes: added(members, .undeclared))
            case (.set, .array(let elements)), (.associative, .array(let elements)): Side(isMember: !isZero, nodes: added(elements, shape))
            default: Side(isMember: !isZero || !new.isEmpty)
            }
        }

        private static func added(_ members: Fields, _ content: TypeContent, isZero: Bool) -> [FieldSet.Node] {
            var nodes: [FieldSet.Node] = []
            nodes.reserveCapacity(members.count)
            var place = 0
            for (name, value) in members {
                while place < content.fields.count, Bytewise.order(content.fields[place].name, name) < 0 { place += 1 }
                guard place < content.fields.count, content.fields[place].name == name else {
                    let node = added(value, .undeclared, isZero: false).node(PathElement.field(name))
                    if !node.isEmpty { nodes.append(node) }
                    continue
                }
                let field = content.fields[place]
                let isThere = isZero && (field.isEmbeddedObject || field.presence == .always)
                let node = added(value, field.shape, isZero: isThere).node(content.pathElements[place])
                if !node.isEmpty { nodes.append(node) }
            }
            return nodes
        }

        private static func added(_ members: Fields, _ shape: Shape) -> [FieldSet.Node] {
            var nodes: [FieldSet.Node] = []
            nodes.reserveCapacity(members.count)
            for (name, value) in members where !value.isNull { nodes.append(added(value, shape, isZero: false).node(PathElement.field(name))) }
            return nodes
        }

        private static func added(_ elements: [Value], _ shape: Shape) -> [FieldSet.Node] {
            if elements.count == 1, !elements[0].isNull {
                return [added(elements[0], shape.elementShape, isZero: false).node(shape.pathElement(elements[0]) ?? "i:0")]
            }
            let indexed = IndexedElements(elements, shape)
            let nodes = indexed.order.map { element in
                let values = indexed.values(element)
                // Where an element is there more than once, all of them are one piece.
                return values.count == 1 ? added(values[0], shape.elementShape, isZero: false).node(element) : FieldSet.Node(element, isMember: true)
            }
            return FieldSet(unordered: nodes.filter { !$0.isEmpty }).nodes
        }

        // MARK: Objects and maps

        /// Both have their members by name, and so has the type its fields.
        private mutating func compareFields(_ before: Fields, _ after: Fields, _ content: TypeContent) {
            var place = 0
            Self.walk(before, after) { name, left, right in
                while place < content.fields.count, Bytewise.order(content.fields[place].name, name) < 0 { place += 1 }
                guard place < content.fields.count, content.fields[place].name == name else {
                    if left != right { add(PathElement.field(name), Difference(Before(left), right, .undeclared)) }
                    return
                }
                add(content.pathElements[place], Difference(Before(left), right, content.fields[place].shape))
            }
        }

        private mutating func compareMembers(_ before: Fields, _ after: Fields, _ shape: Shape) {
            Self.walk(before, after) { name, left, right in
                add(PathElement.field(name), Difference(Before(left), right, shape))
            }
        }

        private static func walk(_ before: Fields, _ after: Fields, _ visit: (String, Value?, Value?) -> Void) {
            var (left, right) = (0, 0)
            while left < before.count || right < after.count {
                let order =
                    if left == before.count { 1 } else if right == after.count { -1 } else {
                        Bytewise.order(before[left].key, after[right].key)
                    }
                let name = order <= 0 ? before[left].key : after[right].key
                // A plain `nil` would be a JSON null here, which is something else than no member.
                let old = order <= 0 ? Optional.some(before[left].value) : Optional<Value>.none
                let new = order >= 0 ? Optional.some(after[right].value) : Optional<Value>.none
                visit(name, old, new)
                if order <= 0 { left += 1 }
                if order >= 0 { right += 1 }
            }
        }

        // MARK: Lists

        private mutating func compareElements(_ before: [Value], _ after: [Value], _ shape: Shape) {
            // Most lists are as they were.
            if before == after { return }
            if shape.areAligned(before, after) {
                for index in before.indices where before[index] != after[index] {
                    guard let element = shape.pathElement(after[index]) else { continue }
                    add(element, Difference(Before(before[index]), after[index], shape.elementShape))
                }
            } else {
                compareUnaligned(before, after, shape)
            }
            changed.nodes = FieldSet(unordered: changed.nodes).nodes
            removed.nodes = FieldSet(unordered: removed.nodes).nodes
        }

        private mutating func compareUnaligned(_ before: [Value], _ after: [Value], _ shape: Shape) {
            let old = IndexedElements(before, shape)
            let new = IndexedElements(after, shape)
            for element in new.order {
                let values = new.values(element)
                let earlier = old.values(element)
                if values.count == 1, earlier.count <= 1 {
                    add(element, Difference(Before(earlier.first), values[0], shape.elementShape))
                } else if values != earlier {
                    // Where an element is there more than once, all of them are one piece.
                    var below = Difference(.zero, nil, .leaf)
                    below.changed.isMember = true
                    add(element, below)
                }
            }
            for element in old.order where new.values(element).isEmpty {
                for value in old.values(element).prefix(1) { add(element, Difference(.value(value), nil, shape.elementShape)) }
            }
        }
    }
}

/// The elements of a set or an associative list by their path elements.
struct IndexedElements {
    /// Each path element once, in the order of the list.
    private(set) var order: [String] = []
    private(set) var duplicates: [String] = []
    private var all: [String: [Value]] = [:]

    /// Elements that lack a key, which can't be told apart from others, count by their place.
    init(_ elements: [Value], _ shape: Shape) {
        order.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            let path = shape.pathElement(element) ?? "i:\(index)"
            if all[path, default: []].isEmpty { order.append(path) } else { duplicates.append(path) }
            all[path, default: []].append(element)
        }
    }

    func values(_ element: String) -> [Value] { all[element] ?? [] }
}

extension Shape {
    /// The path element of a list's element; nil if it can't be told.
    func pathElement(_ element: Value) -> String? {
        switch self {
        case .associative(let keys, let content): content.pathElement(element, keys: keys)
        default: PathElement.value(element)
        }
    }

    /// Whether both are short associative lists of the same elements in the same order, each of them once, as most are that somebody writes again.
    func areAligned(_ left: [Value], _ right: [Value]) -> Bool {
        guard case .associative(let keys, _) = self, left.count == right.count, left.count <= Self.alignedMax else { return false }
        func areSame(_ one: Value, _ other: Value) -> Bool { keys.allSatisfy { one[$0] == other[$0] } }
        for index in left.indices {
            guard areSame(left[index], right[index]), keys.allSatisfy({ !left[index][$0].isNull }) else { return false }
            for earlier in 0..<index where areSame(left[earlier], left[index]) { return false }
        }
        return true
    }

    private static var alignedMax: Int { 32 }

    var elementShape: Shape {
        switch self {
        case .associative(_, let content): .structure(content)
        default: .leaf
        }
    }
}
