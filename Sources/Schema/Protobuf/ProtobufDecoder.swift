import ObjectModel

/// Reads the message of a type into an object, by the field numbers that its schema declares. Numbers that it doesn't know are passed over, as upstream
/// does. Zeros are dropped where they are the same as absent. Of a message that comes twice in a field for one, the last stays.
public enum ProtobufDecoder {
    /// Messages within each other, at most.
    public static let depthMax = 256

    /// Reads the message alone, without an envelope.
    public static func decode(_ bytes: UnsafeRawBufferPointer, as type: TypeDefinition) throws(ProtobufError) -> Value {
        try object(bytes, type, depth: 0)
    }

    static func object(_ bytes: UnsafeRawBufferPointer, _ type: TypeDefinition, depth: Int) throws(ProtobufError) -> Value {
        guard depth < depthMax else { throw .tooDeep }
        let content = type.content
        if bytes.isEmpty { return .object(Fields()) }
        var values = Array(repeating: Value.null, count: content.fields.count)
        try read(bytes, type, content, content.protobufTable, &values, depth: depth)
        for (place, field) in content.fields.enumerated() { finish(&values[place], field) }
        return .object(Fields(content.names, values))
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, _ type: TypeDefinition, _ content: TypeContent, _ table: ProtobufTable, _ values: inout [Value], depth: Int
    ) throws(ProtobufError) {
        var reader = ProtobufReader(bytes)
        while !reader.isAtEnd {
            let (number, wireType) = try reader.field(of: type.shortName)
            guard let entry = table.entry(number) else {
                try reader.skip(wireType)
                continue
            }
            switch entry.content {
            case .field(let place):
                try field(&reader, wireType, content.fields[place], &values[place], depth: depth)
            case .embedded(let table):
                guard wireType == 2 else { throw .wrongType(wireType, of: "\(type.shortName) \(number)") }
                guard depth < depthMax else { throw .tooDeep }
                try read(try reader.data(), type, content, table, &values, depth: depth + 1)
            }
        }
    }

    /// Drops what is the same as absent, and makes a map of the keys and values that were gathered for it.
    private static func finish(_ value: inout Value, _ field: FieldDefinition) {
        if case .map = field.type, case .array(let pairs) = value {
            value = .object(Fields(stride(from: 0, to: pairs.count, by: 2).map { (pairs[$0].string ?? "", pairs[$0 + 1]) }))
        }
        if field.presence != .pointer, field.type.dropsZero, value.isEmpty { value = .null }
    }

    // MARK: Fields

    private static func field(
        _ reader: inout ProtobufReader, _ wireType: Int, _ field: FieldDefinition, _ value: inout Value, depth: Int
    ) throws(ProtobufError) {
        switch field.type {
        case .list(let element):
            if wireType == 2, element.isPackable {
                var packed = ProtobufReader(try reader.data())
                while !packed.isAtEnd { value.append(try number(&packed, element)) }
            } else {
                value.append(try single(&reader, wireType, element, field, depth: depth))
            }
        case .map(let element):
            guard wireType == 2 else { throw .wrongType(wireType, of: field.name) }
            try entry(ProtobufReader(try reader.data()), element, field, &value, depth: depth)
        default: value = try single(&reader, wireType, field.type, field, depth: depth)
        }
    }

    /// A key and a value of a map, behind those that came before.
    private static func entry(
        _ entry: ProtobufReader, _ element: ValueType, _ field: FieldDefinition, _ value: inout Value, depth: Int
    ) throws(ProtobufError) {
        var reader = entry
        var key = ""
        var item = element.protobufZero
        while !reader.isAtEnd {
            let (number, wireType) = try reader.field(of: "\(field.name)Entry")
            switch (number, element) {
            case (1, _):
                guard wireType == 2 else { throw .wrongType(wireType, of: field.name) }
                key = String(sharing: try reader.data())
            case (2, .list(let inner)):
                guard wireType == 2 else { throw .wrongType(wireType, of: field.name) }
                var items = ProtobufReader(try reader.data())
                item = .array([])
                while !items.isAtEnd {
                    let (number, wireType) = try items.field(of: field.name)
                    guard number == 1 else {
                        try items.skip(wireType)
                        continue
                    }
                    item.append(try single(&items, wireType, inner, field, depth: depth))
                }
            case (2, _): item = try single(&reader, wireType, element, field, depth: depth)
            default: try reader.skip(wireType)
            }
        }
        value.append(.string(key))
        value.append(item)
    }

    private static func single(
        _ reader: inout ProtobufReader, _ wireType: Int, _ type: ValueType, _ field: FieldDefinition, depth: Int
    ) throws(ProtobufError) -> Value {
        guard wireType == type.protobufWireType.rawValue else { throw .wrongType(wireType, of: field.name) }
        switch type {
        case .bool, .int32, .int64, .double: return try number(&reader, type)
        case .string: return .string(String(sharing: try reader.data()))
        case .bytes: return .string(Base64.encode(try reader.data()))
        case .object(let type): return try object(try reader.data(), type, depth: depth + 1)
        default: return try ProtobufUnions.read(try reader.data(), type, depth: depth)
        }
    }

    private static func number(_ reader: inout ProtobufReader, _ type: ValueType) throws(ProtobufError) -> Value {
        switch type {
        case .bool: return .bool(try reader.varint() != 0)
        case .int32: return .integer(Int64(Int32(truncatingIfNeeded: try reader.varint())))
        case .int64: return .integer(Int64(bitPattern: try reader.varint()))
        default:
            let double = Double(bitPattern: try reader.fixed64())
            guard double.isFinite else { throw ProtobufError("json: unsupported value: \(double)") }
            return Int64(exactly: double).map(Value.integer) ?? .number(double)
        }
    }
}

extension ValueType {
    fileprivate var protobufWireType: ProtobufWireType {
        switch self {
        case .bool, .int32, .int64: .varint
        case .double: .fixed64
        default: .bytes
        }
    }

    /// Numbers may come many in one field.
    fileprivate var isPackable: Bool {
        switch self {
        case .bool, .int32, .int64, .double: true
        default: false
        }
    }

    /// What a map's entry holds where it says nothing.
    fileprivate var protobufZero: Value {
        switch self {
        case .list: .array([])
        case .map: .object(Fields())
        default: zero
        }
    }
}
