import ObjectModel
import Schema

/// Objects of a type in canonical form, with what protobuf can carry: no empty lists and maps, no zeros that are the same as absent.
extension Dice {
    private static let words = ["a", "app", "web-1", "é", "日本😀", "a \"b\"\n", "terminationGracePeriodSeconds", String(repeating: "long ", count: 40)]

    public mutating func object(of type: TypeDefinition, depth: Int) -> Value {
        var object = Value.object(Fields())
        for field in type.fields where !field.protobufPath.isEmpty && (roll(3) == 0 || depth > 5) {
            guard let value = value(of: field.type, depth: depth - 1) else { continue }
            let isZero = field.presence != .pointer && value.isEmpty && !field.type.isObject
            if !isZero { object[field.name] = value }
        }
        return object
    }

    private mutating func value(of type: ValueType, depth: Int) -> Value? {
        switch type {
        case .string: return .string(roll(8) == 0 ? "" : pick(Self.words))
        case .bool: return .bool(roll(2) == 0)
        case .int32: return .integer(Int64(Int32(truncatingIfNeeded: next() >> UInt64(roll(32)))))
        case .int64: return .integer(Int64(bitPattern: next() >> UInt64(roll(64))))
        case .double: return roll(2) == 0 ? .integer(Int64(roll(1000))) : .number(Double(roll(1_000_000)) / 8 + 0.0625)
        case .bytes: return .string(Base64.encode((0..<roll(20)).map { _ in UInt8(roll(256)) }))
        case .quantity: return .string(pick(["1", "250m", "2Gi", "0"]))
        case .intOrString: return roll(2) == 0 ? .integer(Int64(roll(70000))) : .string(pick(["25%", "http"]))
        case .time: return .string(Timestamp(seconds: Int64(roll(2_000_000_000))).rfc3339)
        case .microTime: return .string(Timestamp(seconds: Int64(roll(2_000_000_000)), nanoseconds: Int64(roll(1_000_000)) * 1000).rfc3339Micro)
        case .any, .embeddedObject, .fieldSet: return ["f:a": ["f:b": [:]], "n": 1.5, "l": [1, "x", true]]
        case .object(let type): return depth > 0 ? object(of: type, depth: depth) : Value?.none
        case .list(let element): return list(of: element, depth: depth)
        case .map(let element): return map(of: element, depth: depth)
        case .schemaOrArray(let schema), .schemaOrBool(let schema), .schemaOrStrings(let schema): return union(type, schema, depth: depth)
        }
    }

    private mutating func list(of element: ValueType, depth: Int) -> Value? {
        let items = (0...roll(3)).compactMap { _ in value(of: element, depth: depth - 1) }
        return items.isEmpty ? nil : .array(items)
    }

    private mutating func map(of element: ValueType, depth: Int) -> Value? {
        var map = Value.object(Fields())
        for index in 0...roll(3) {
            if let item = value(of: element, depth: depth - 1) { map["\(pick(Self.words))\(index)"] = item }
        }
        return map.isEmpty ? nil : map
    }

    private mutating func union(_ type: ValueType, _ schema: TypeDefinition, depth: Int) -> Value? {
        if depth > 0, roll(2) == 0 { return object(of: schema, depth: depth) }
        switch type {
        case .schemaOrBool: return .bool(roll(2) == 0)
        case .schemaOrStrings: return ["a", ""]
        default: return depth > 0 ? .some([object(of: schema, depth: depth), object(of: schema, depth: depth)]) : Value?.none
        }
    }
}
