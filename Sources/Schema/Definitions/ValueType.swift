/// What a field, a list's element or a map's value holds.
public indirect enum ValueType: Sendable {
    case string
    case bool
    case int32
    case int64
    case double

    /// Base64 in JSON, raw bytes in protobuf.
    case bytes

    /// A number with a unit, such as `250m` or `1Gi`; a string in JSON, a bare number is accepted.
    case quantity

    /// A whole number, or a string such as `25%` or a port's name.
    case intOrString

    /// RFC 3339 to the second.
    case time

    /// RFC 3339 to the microsecond.
    case microTime

    /// Any JSON value, kept as it came.
    case any

    /// A whole object of some other kind, kept as it came.
    case embeddedObject

    /// `metav1.FieldsV1`: the set of fields that a manager owns.
    case fieldSet

    /// `apiextensions/v1`'s unions: a schema or a list of schemas, a schema or a boolean, a schema or a list of strings.
    case schemaOrArray(TypeDefinition)
    case schemaOrBool(TypeDefinition)
    case schemaOrStrings(TypeDefinition)

    case object(TypeDefinition)
    case list(ValueType)
    case map(ValueType)
}

extension ValueType {
    /// The type of the objects within: the object's own, a list's elements', a map's values'.
    public var objectType: TypeDefinition? {
        switch self {
        case .object(let type): type
        case .list(let element), .map(let element): element.objectType
        default: nil
        }
    }

    public var isScalar: Bool {
        switch self {
        case .string, .bool, .int32, .int64, .double, .bytes: true
        default: false
        }
    }

    public var isList: Bool { if case .list = self { true } else { false } }

    public var isBytes: Bool { if case .bytes = self { true } else { false } }

    public var isMap: Bool { if case .map = self { true } else { false } }

    public var isObject: Bool { if case .object = self { true } else { false } }
}
