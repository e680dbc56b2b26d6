/// One node of an API object: what JSON, YAML, CBOR and protobuf bodies all become.
///
/// Numbers keep the distinction that the API makes: a whole number that fits is `.integer`, everything else `.number`.
/// Reading a field that is not there, or that is of another type, yields `.null` or `nil`; it never traps.
public enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([Value])
    case object(Fields)
}

extension Value {
    /// Strings are equal when their bytes are.
    public static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): Bytewise.equal(left, right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

// MARK: - Reading

extension Value {
    public var isNull: Bool { if case .null = self { true } else { false } }

    public var bool: Bool? { if case .bool(let it) = self { it } else { nil } }

    public var string: String? { if case .string(let it) = self { it } else { nil } }

    /// A whole number; a `.number` without a fraction counts as one.
    public var integer: Int64? {
        switch self {
        case .integer(let it): it
        case .number(let it): Int64(exactly: it)
        default: nil
        }
    }

    public var int: Int? { integer.map(Int.init) }

    public var number: Double? {
        switch self {
        case .integer(let it): Double(it)
        case .number(let it): it
        default: nil
        }
    }

    /// The elements of an array, or none. Use a pattern match where an absent array and an empty one differ.
    public var array: [Value] { if case .array(let it) = self { it } else { [] } }

    /// The members of an object, or none.
    public var fields: Fields { if case .object(let it) = self { it } else { Fields() } }

    public var isObject: Bool { if case .object = self { true } else { false } }

    public var isArray: Bool { if case .array = self { true } else { false } }

    /// True for null, `""`, `0`, `false`, `[]` and `{}`: what Go's `omitempty` leaves out.
    public var isEmpty: Bool {
        switch self {
        case .null: true
        case .bool(let it): !it
        case .integer(let it): it == 0
        case .number(let it): it == 0
        case .string(let it): it.isEmpty
        case .array(let it): it.isEmpty
        case .object(let it): it.isEmpty
        }
    }

    /// The members of an object whose values are strings, such as labels, annotations and ConfigMap data.
    public var stringMap: [String: String] {
        var result: [String: String] = [:]
        for (key, value) in fields {
            if let string = value.string { result[key] = string }
        }
        return result
    }

    public var strings: [String] { array.compactMap(\.string) }
}

// MARK: - Reaching in

extension Value {
    /// A member of an object. Reading from anything else yields `.null`; writing into anything else replaces it by an
    /// object; writing `.null` removes the member. (A JSON `null` that must be kept is set through `Fields`.)
    public subscript(key: String) -> Value {
        get { if case .object(let fields) = self { fields[key] ?? .null } else { .null } }
        _modify {
            var fields = takeFields()
            let position = fields.lowerBound(key)
            var member = fields.vacate(key, at: position)
            defer {
                fields.occupy(key, at: position, with: member)
                self = .object(fields)
            }
            yield &member
        }
    }

    /// An element of an array, or `.null` where there is none. Writing outside of the bounds is a programmer's error.
    public subscript(index: Int) -> Value {
        get { if case .array(let it) = self, it.indices.contains(index) { it[index] } else { .null } }
        _modify {
            guard case .array(var elements) = self else { preconditionFailure("not an array") }
            self = .null
            defer { self = .array(elements) }
            yield &elements[index]
        }
    }

    /// Moves the members out, so that a change in place does not copy them.
    private mutating func takeFields() -> Fields {
        guard case .object(let fields) = self else { return Fields() }
        self = .null
        return fields
    }

    public mutating func append(_ element: Value) {
        guard case .array(var elements) = self else {
            self = .array([element])
            return
        }
        self = .null
        elements.append(element)
        self = .array(elements)
    }
}

// MARK: - Literals

extension Value: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByFloatLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: Value...) { self = .array(elements) }

    /// Members whose value is `nil` are left out: `["name": .string(name), "node": node.map(Value.string) ?? nil]`.
    public init(dictionaryLiteral elements: (String, Value)...) {
        self = .object(Fields(elements.filter { !$0.1.isNull }))
    }

    public init(_ value: String) { self = .string(value) }
    public init(_ value: Int) { self = .integer(Int64(value)) }
    public init(_ value: [String]) { self = .array(value.map(Value.string)) }
    public init(_ value: [String: String]) { self = .object(Fields(value.map { ($0.key, .string($0.value)) })) }
}
