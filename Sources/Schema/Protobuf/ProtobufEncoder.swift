import ObjectModel

/// Writes an object as the message of its type, from the field numbers that its schema declares.
///
/// Takes objects in canonical form (`SchemaDecoder`); what isn't of its field's type is left out. A zero is written where it differs from absent only:
/// upstream's encoder writes it for every field that isn't a pointer, which reads the same.
public enum ProtobufEncoder {
    /// The message alone, without an envelope.
    public static func encode(_ object: Value, as type: TypeDefinition) -> [UInt8] {
        var out = ProtobufWriter()
        write(object, type, &out)
        return out.bytes
    }

    public static func write(_ object: Value, _ type: TypeDefinition, _ out: inout ProtobufWriter) {
        guard case .object(let members) = object, !members.isEmpty else { return }
        let content = type.content
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: content.fields.count + 1) { buffer in
            let places = UnsafeMutableBufferPointer(rebasing: buffer[..<content.fields.count])
            members.findPlaces(of: content.names, into: places)
            write(members, places, content, content.protobufTable, &out)
        }
    }

    private static func write(
        _ members: Fields, _ places: UnsafeMutableBufferPointer<Int32>, _ content: TypeContent, _ table: ProtobufTable, _ out: inout ProtobufWriter
    ) {
        for entry in table.entries {
            switch entry.content {
            case .field(let field):
                if places[field] >= 0 { write(members.value(at: places[field]), content.fields[field], entry.number, &out) }
            case .embedded(let table):
                guard table.places.contains(where: { places[$0] >= 0 }) else { continue }
                let start = out.open(entry.number)
                write(members, places, content, table, &out)
                out.close(start)
            }
        }
    }

    private static func write(_ value: Value, _ field: FieldDefinition, _ number: Int, _ out: inout ProtobufWriter) {
        if field.presence != .pointer, field.type.dropsZero, value.isEmpty { return }
        write(value, field.type, number, &out)
    }

    // MARK: Values

    static func write(_ value: Value, _ type: ValueType, _ number: Int, _ out: inout ProtobufWriter) {
        switch (type, value) {
        case (_, .null): break
        case (.string, .string(let text)): out.string(number, text)
        case (.bool, .bool(let flag)): out.bool(number, flag)
        case (.int32, _), (.int64, _): if let integer = value.integer { out.integer(number, integer) }
        case (.double, _): if let double = value.number { out.double(number, double) }
        case (.bytes, .string(let text)): out.data(number, Base64.decode(text) ?? [])
        case (.object(let type), .object):
            let start = out.open(number)
            write(value, type, &out)
            out.close(start)
        case (.list(let element), .array(let elements)):
            for item in elements { write(item, element, number, &out) }
        case (.map(let element), .object(let members)):
            for (key, item) in members {
                let start = out.open(number)
                out.string(1, key)
                writeMapped(item, element, &out)
                out.close(start)
            }
        case (.any, _), (.embeddedObject, _), (.fieldSet, _):
            let start = out.open(number)
            out.data(1, value.json())
            out.close(start)
        default: writeMessage(value, type, number, &out)
        }
    }

    /// A map's value. Where it is a list, as `extra` of a user has them, the list is a message of its own.
    private static func writeMapped(_ value: Value, _ type: ValueType, _ out: inout ProtobufWriter) {
        guard case .list = type else { return write(value, type, 2, &out) }
        let start = out.open(2)
        write(value, type, 1, &out)
        out.close(start)
    }

    // MARK: Types that are messages in protobuf only

    private static func writeMessage(_ value: Value, _ type: ValueType, _ number: Int, _ out: inout ProtobufWriter) {
        let start = out.open(number)
        switch (type, value) {
        case (.quantity, .string(let text)): out.string(1, text)
        case (.quantity, _): out.string(1, value.description)
        case (.intOrString, .string(let text)):
            out.integer(1, 1)
            out.string(3, text)
        case (.intOrString, _):
            out.integer(1, 0)
            out.integer(2, value.integer ?? 0)
        case (.time, .string(let text)):
            // The seconds also where they are zero: an empty message is no time.
            if let time = Timestamp(rfc3339: text) { out.integer(1, time.seconds) }
        case (.microTime, .string(let text)):
            if let time = Timestamp(rfc3339: text) {
                out.integer(1, time.seconds)
                out.integer(2, time.fraction / 1_000 * 1_000)
            }
        case (.schemaOrArray(let schema), .array): write(value, .list(.object(schema)), 2, &out)
        case (.schemaOrArray(let schema), _), (.schemaOrStrings(let schema), .object): write(value, .object(schema), 1, &out)
        case (.schemaOrStrings, .array): write(value, .list(.string), 2, &out)
        case (.schemaOrBool, .bool(let flag)): out.bool(1, flag)
        case (.schemaOrBool(let schema), _):
            out.bool(1, true)
            write(value, .object(schema), 2, &out)
        default: break
        }
        out.close(start)
    }
}
