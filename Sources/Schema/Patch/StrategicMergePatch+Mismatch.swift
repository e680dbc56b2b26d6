import ObjectModel

extension StrategicMergePatch {
    /// Why a merged object isn't of its type, in the words that upstream has for it: it puts the tree into the type without JSON between, so they
    /// are others than a decoder's. Nil where the object fits.
    public static func mismatch(_ object: Value, type: TypeDefinition) -> String? { mismatch(object, .object(type)) }

    private static func mismatch(_ value: Value, _ type: ValueType) -> String? {
        switch (type, value) {
        case (_, .null): nil
        case (.object(let type), .object(let members)):
            type.fields.lazy.compactMap { field in members[field.name].flatMap { mismatch($0, field.type) } }.first
        case (.object, _): "cannot restore struct from: \(goKind(value))"
        case (.map(let element), .object(let members)): members.lazy.compactMap { mismatch($0.value, element) }.first
        case (.map, _): "cannot restore map from \(goKind(value))"
        case (.list(let element), .array(let elements)): elements.lazy.compactMap { mismatch($0, element) }.first
        case (.list, _): "cannot restore slice from \(goKind(value))"
        case (.bytes, .string): decoding(value, type).map { "error decoding from json: \($0)" }
        case (.bytes, _): "cannot restore slice from \(goKind(value))"
        case (.string, .integer): "cannot convert int64 to string"
        case (.int32, .number), (.int64, .number): "cannot convert float64 to \(type.goName)"
        case (.string, .string), (.bool, .bool), (.int64, .integer), (.double, .integer), (.double, .number): nil
        case (.int32, .integer): decoding(value, type)
        case (.string, _), (.bool, _), (.int32, _), (.int64, _), (.double, _): "unrecognized type: \(type.goName)"
        default: decoding(value, type)
        }
    }

    /// What the types that read themselves say.
    private static func decoding(_ value: Value, _ type: ValueType) -> String? {
        var value = value
        var unknown: [String] = []
        do {
            try SchemaDecoder.decode(&value, type, &unknown)
            return nil
        } catch {
            return error.description
        }
    }

    /// How Go calls what is in the tree.
    private static func goKind(_ value: Value) -> String {
        switch value {
        case .null: "invalid"
        case .bool: "bool"
        case .integer: "int64"
        case .number: "float64"
        case .string: "string"
        case .array: "slice"
        case .object: "map"
        }
    }
}
