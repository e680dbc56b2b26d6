import ObjectModel

/// How server-side apply sees what a field holds.
enum Shape {
    /// One piece: a scalar, or an atomic list, map or object.
    case leaf

    /// An object with declared fields.
    case structure(TypeContent)
    case map(ValueType)

    /// A list of different scalars.
    case set

    /// A list of objects that are told apart by the values of some fields.
    case associative(keys: [String], TypeContent)

    /// What no schema speaks of: objects are maps, everything else is one piece.
    case undeclared
}

extension ValueType {
    /// What a list's element, a map's value or a whole object looks like.
    var shape: Shape { shape(isAtomic: false, listType: nil) }

    func shape(isAtomic: Bool, listType: FieldDefinition.ListType?) -> Shape {
        switch self {
        case .object(let type):
            let content = type.content
            return isAtomic || content.isAtomic ? .leaf : .structure(content)
        case .map(let element): return isAtomic ? .leaf : .map(element)
        case .list(let element):
            switch listType {
            case .set: return .set
            case .map(let keys):
                guard case .object(let type) = element else { return .leaf }
                return .associative(keys: keys, type.content)
            case .atomic, nil: return .leaf
            }
        default: return .leaf
        }
    }
}

extension FieldDefinition {
    var shape: Shape { type.shape(isAtomic: isAtomic, listType: listType) }
}

extension TypeContent {
    /// What a member of an object looks like; nil if there must be no such member.
    func shape(ofMember name: String) -> Shape? { field(name)?.shape ?? (preservesUnknownFields ? .undeclared : nil) }

    /// The path element of a list's element of this type, told apart by `keys`; nil if it lacks one that has no default.
    func pathElement(_ element: Value, keys: [String]) -> String? {
        var values: [(String, Value)] = []
        values.reserveCapacity(keys.count)
        for key in keys {
            let value = element[key]
            if !value.isNull {
                values.append((key, value))
            } else if let standard = field(key)?.defaultValue {
                values.append((key, standard))
            } else {
                return nil
            }
        }
        return PathElement.keys(Fields(values))
    }
}
