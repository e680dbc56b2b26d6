import ObjectModel

/// Merges an applied configuration into an object: what the configuration says holds, the rest stays.
enum TypedMerge {
    static func merge(_ configuration: Value, into live: Value, type: TypeDefinition) -> Value {
        merge(live, configuration, .structure(type.content))
    }

    private static func merge(_ live: Value, _ configuration: Value, _ shape: Shape) -> Value {
        switch (shape, live, configuration) {
        case (.structure(let content), .object(let live), .object(let changes)):
            return .object(merge(live, changes) { content.shape(ofMember: $0) ?? .undeclared })
        case (.map(let element), .object(let live), .object(let changes)):
            let shape = element.shape
            return .object(merge(live, changes) { _ in shape })
        case (.undeclared, .object(let live), .object(let changes)): return .object(merge(live, changes) { _ in .undeclared })
        case (.set, .array(let live), .array(let changes)), (.associative, .array(let live), .array(let changes)):
            return .array(merge(live, changes, shape))
        default: return configuration
        }
    }

    private static func merge(_ live: Fields, _ changes: Fields, _ shapeOf: (String) -> Shape) -> Fields {
        var merged = live
        for (name, change) in changes {
            if let old = live[name], !old.isNull {
                merged[name] = merge(old, change, shapeOf(name))
            } else {
                merged[name] = change
            }
        }
        return merged
    }

    /// Elements that the configuration names come in its order. Those that only the object has stay where they are among them: an element of
    /// the object that the configuration has moved is passed over until its turn comes.
    private static func merge(_ live: [Value], _ changes: [Value], _ shape: Shape) -> [Value] {
        if shape.areAligned(live, changes) { return zip(live, changes).map { merge($0, $1, shape.elementShape) } }
        let old = IndexedElements(live, shape)
        let new = IndexedElements(changes, shape)
        var shared = new.order.filter { !old.values($0).isEmpty }[...]
        var pending = new.order[...]
        var merged: [Value] = []
        func take() {
            let element = pending.removeFirst()
            if shared.first == element { shared.removeFirst() }
            guard let change = new.values(element).first else { return }
            merged.append(old.values(element).first.map { merge($0, change, shape.elementShape) } ?? change)
        }
        for element in old.order {
            if new.values(element).isEmpty {
                merged += old.values(element)
            } else if element == shared.first {
                while pending.first != element { take() }
                take()
            }
        }
        while !pending.isEmpty { take() }
        return merged
    }
}

/// Takes fields out of an object.
enum TypedRemoval {
    static func remove(_ fields: FieldSet, from object: Value, type: TypeDefinition) -> Value {
        fields.isEmpty ? object : remove(fields, from: object, .structure(type.content))
    }

    /// What loses all that it holds becomes null.
    private static func remove(_ fields: FieldSet, from value: Value, _ shape: Shape) -> Value {
        switch (shape, value) {
        case (.structure(let content), .object(let members)):
            return remove(fields, members) { content.shape(ofMember: $0) ?? .undeclared }
        case (.map(let element), .object(let members)):
            let shape = element.shape
            return remove(fields, members) { _ in shape }
        case (.undeclared, .object(let members)): return remove(fields, members) { _ in .undeclared }
        case (.set, .array(let elements)), (.associative, .array(let elements)):
            var kept: [Value] = []
            for element in elements {
                guard let node = shape.pathElement(element).flatMap({ fields.node($0) }) else {
                    kept.append(element)
                    continue
                }
                if !node.isMember { kept.append(remove(node.children, from: element, shape.elementShape)) }
            }
            return kept.isEmpty ? .null : .array(kept)
        default: return value
        }
    }

    private static func remove(_ fields: FieldSet, _ members: Fields, _ shapeOf: (String) -> Shape) -> Value {
        var kept: [(String, Value)] = []
        kept.reserveCapacity(members.count)
        for (name, value) in members {
            guard let node = fields.node(PathElement.field(name)) else {
                kept.append((name, value))
                continue
            }
            if !node.isMember { kept.append((name, node.children.isEmpty ? value : remove(node.children, from: value, shapeOf(name)))) }
        }
        return kept.isEmpty ? .null : .object(Fields(kept))
    }
}
