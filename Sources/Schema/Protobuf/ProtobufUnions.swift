import ObjectModel

/// Reads what is a plain value in JSON and a message in protobuf: quantities, times, an integer or a string, a schema or something else.
enum ProtobufUnions {
    static func read(_ bytes: UnsafeRawBufferPointer, _ type: ValueType, depth: Int) throws(ProtobufError) -> Value {
        switch type {
        case .quantity: return .string(try fields(bytes, "Quantity").text(1))
        case .intOrString:
            let fields = try fields(bytes, "IntOrString")
            switch fields.integers[1] {
            case 0: return .integer(Int64(Int32(truncatingIfNeeded: fields.integers[2])))
            case 1: return .string(fields.text(3))
            default: throw ProtobufError("impossible IntOrString.Type")
            }
        case .time, .microTime:
            // No bytes are no time; a second of zero is one.
            if bytes.isEmpty { return .null }
            let fields = try fields(bytes, "Timestamp")
            if case .time = type { return .string(Timestamp(seconds: fields.integers[1]).rfc3339) }
            let fraction = Int64(Int32(truncatingIfNeeded: fields.integers[2]))
            return .string(Timestamp(seconds: fields.integers[1], nanoseconds: fraction).rfc3339Micro)
        case .any, .embeddedObject, .fieldSet: return try json(try fields(bytes, "RawExtension").data[1])
        case .schemaOrArray(let schema):
            let fields = try fields(bytes, "JSONSchemaPropsOrArray")
            guard fields.lists[2].isEmpty else {
                return .array(try fields.lists[2].map { item throws(ProtobufError) in try self.schema(item, schema, depth) })
            }
            return try fields.data[1].map { item throws(ProtobufError) in try self.schema(item, schema, depth) } ?? .null
        case .schemaOrBool(let schema):
            let fields = try fields(bytes, "JSONSchemaPropsOrBool")
            return try fields.data[2].map { item throws(ProtobufError) in try self.schema(item, schema, depth) } ?? .bool(fields.integers[1] != 0)
        case .schemaOrStrings(let schema):
            let fields = try fields(bytes, "JSONSchemaPropsOrStringArray")
            if let item = fields.data[1] { return try self.schema(item, schema, depth) }
            return .array(fields.lists[2].map { .string(String(sharing: $0)) })
        default: return .null
        }
    }

    /// A message of at most three fields, whatever they are.
    private struct Small {
        var integers: [Int64] = [0, 0, 0, 0]
        var data: [UnsafeRawBufferPointer?] = [nil, nil, nil, nil]
        var lists: [[UnsafeRawBufferPointer]] = [[], [], [], []]

        func text(_ number: Int) -> String { data[number].map { String(sharing: $0) } ?? "" }
    }

    private static func fields(_ bytes: UnsafeRawBufferPointer, _ name: String) throws(ProtobufError) -> Small {
        var small = Small()
        var reader = ProtobufReader(bytes)
        while !reader.isAtEnd {
            let (number, wireType) = try reader.field(of: name)
            switch wireType {
            case 0 where number <= 3: small.integers[number] = Int64(bitPattern: try reader.varint())
            case 2 where number <= 3:
                let data = try reader.data()
                small.data[number] = data
                small.lists[number].append(data)
            default: try reader.skip(wireType)
            }
        }
        return small
    }

    private static func schema(_ bytes: UnsafeRawBufferPointer, _ type: TypeDefinition, _ depth: Int) throws(ProtobufError) -> Value {
        try ProtobufDecoder.object(bytes, type, depth: depth + 1)
    }

    private static func json(_ bytes: UnsafeRawBufferPointer?) throws(ProtobufError) -> Value {
        guard let bytes, !bytes.isEmpty else { return .null }
        do throws(JSONError) {
            return try Value(json: bytes)
        } catch {
            throw ProtobufError(error.message)
        }
    }
}
