import Glibc
import ObjectModel

/// Writes stored JSON as the message of its type without making a tree of it: what lists and watches in protobuf are made of.
///
/// Fields come in the order of their names. What Go embeds may come as several messages under one number, which read as one.
public struct ProtobufTranscoder: ~Copyable {
    private let json: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    /// The text isn't what a schema's decoder writes.
    private struct Irregular: Error {}

    private init(_ json: UnsafeRawBufferPointer) { self.json = json }

    /// The message alone, without an envelope; nil where the text isn't canonical JSON of the type.
    public static func transcode(_ json: [UInt8], as type: TypeDefinition) -> [UInt8]? {
        var out = ProtobufWriter()
        return write(json, type, &out) ? out.bytes : nil
    }

    /// False where the text isn't canonical JSON of the type; what was written until then is of no use.
    public static func write(_ json: [UInt8], _ type: TypeDefinition, _ out: inout ProtobufWriter) -> Bool {
        json.withUnsafeBytes { bytes in
            var transcoder = ProtobufTranscoder(bytes)
            do throws(Irregular) {
                try transcoder.object(type, &out)
                return transcoder.position == bytes.count
            } catch {
                return false
            }
        }
    }

    // MARK: Objects

    private mutating func object(_ type: TypeDefinition, _ out: inout ProtobufWriter) throws(Irregular) {
        let content = type.content
        let names = content.protobufNames
        try expect(UInt8(ascii: "{"))
        if skip(UInt8(ascii: "}")) { return }
        depth += 1
        guard depth <= ProtobufDecoder.depthMax else { throw Irregular() }
        var next = 0
        repeat {
            let key = try plainString()
            try expect(UInt8(ascii: ":"))
            guard let place = names.place(of: key, from: next), !content.fields[place].protobufPath.isEmpty else {
                _ = try span()
                continue
            }
            next = place + 1
            try field(content.fields[place], &out)
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        depth -= 1
    }

    private mutating func field(_ field: FieldDefinition, _ out: inout ProtobufWriter) throws(Irregular) {
        if try skipZero(field) { return }
        let path = field.protobufPath
        if path.count == 1 { return try value(field.type, path[0], &out) }
        let starts = path.dropLast().map { out.open($0) }
        try value(field.type, path[path.count - 1], &out)
        for start in starts.reversed() { out.close(start) }
    }

    /// Passes over null, and over what is the same as absent.
    private mutating func skipZero(_ field: FieldDefinition) throws(Irregular) -> Bool {
        guard position + 1 < json.count else { throw Irregular() }
        let isSkipped =
            switch json[position] {
            case UInt8(ascii: "n"): true
            case UInt8(ascii: "\""): json[position + 1] == UInt8(ascii: "\"")
            case UInt8(ascii: "["): json[position + 1] == UInt8(ascii: "]")
            case UInt8(ascii: "{"): json[position + 1] == UInt8(ascii: "}")
            case UInt8(ascii: "f"): true
            case UInt8(ascii: "0"): json[position + 1] == UInt8(ascii: ",") || json[position + 1] == UInt8(ascii: "}")
            default: false
            }
        guard isSkipped, json[position] == UInt8(ascii: "n") || (field.presence != .pointer && field.type.dropsZero) else { return false }
        _ = try span()
        return true
    }

    // MARK: Values

    private mutating func value(_ type: ValueType, _ number: Int, _ out: inout ProtobufWriter) throws(Irregular) {
        switch type {
        case .string:
            let text = try string()
            if let text = text.owned { out.string(number, text) } else { out.data(number, text.bytes) }
        case .bool: out.bool(number, try bool())
        case .int32, .int64: out.integer(number, try integer())
        case .object(let type):
            let start = out.open(number)
            try object(type, &out)
            out.close(start)
        case .list(let element):
            try expect(UInt8(ascii: "["))
            if skip(UInt8(ascii: "]")) { return }
            repeat { try value(element, number, &out) } while skip(UInt8(ascii: ","))
            try expect(UInt8(ascii: "]"))
        case .map(let element): try map(element, number, &out)
        case .quantity where json[position] == UInt8(ascii: "\""):
            let start = out.open(number)
            try value(.string, 1, &out)
            out.close(start)
        case .time where json[position] == UInt8(ascii: "\""):
            let text = try plainString()
            guard let seconds = ProtobufTime.seconds(text) else { throw Irregular() }
            let start = out.open(number)
            out.integer(1, seconds)
            out.close(start)
        case .any, .embeddedObject, .fieldSet:
            let start = out.open(number)
            out.data(1, try span())
            out.close(start)
        default:
            // The rare ones go through a tree.
            guard let value = try? Value(json: try span()) else { throw Irregular() }
            ProtobufEncoder.write(value, type, number, &out)
        }
    }

    private mutating func map(_ element: ValueType, _ number: Int, _ out: inout ProtobufWriter) throws(Irregular) {
        try expect(UInt8(ascii: "{"))
        if skip(UInt8(ascii: "}")) { return }
        repeat {
            let start = out.open(number)
            try value(.string, 1, &out)
            try expect(UInt8(ascii: ":"))
            if case .list = element {
                let list = out.open(2)
                try value(element, 1, &out)
                out.close(list)
            } else {
                try value(element, 2, &out)
            }
            out.close(start)
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    private mutating func bool() throws(Irregular) -> Bool {
        let text = try span()
        if text.elementsEqual("true".utf8) { return true }
        guard text.elementsEqual("false".utf8) else { throw Irregular() }
        return false
    }

    private mutating func integer() throws(Irregular) -> Int64 {
        let isNegative = skip(UInt8(ascii: "-"))
        var result: Int64 = 0
        let start = position
        while position < json.count, json[position] &- UInt8(ascii: "0") < 10 {
            let (scaled, overflow) = result.multipliedReportingOverflow(by: 10)
            let digit = Int64(json[position] - UInt8(ascii: "0"))
            let (sum, overflowed) = isNegative ? scaled.subtractingReportingOverflow(digit) : scaled.addingReportingOverflow(digit)
            if overflow || overflowed { throw Irregular() }
            result = sum
            position += 1
        }
        guard position > start, position < json.count, json[position] != UInt8(ascii: "."), json[position] | 0x20 != UInt8(ascii: "e") else {
            throw Irregular()
        }
        return result
    }

    // MARK: Text

    /// A string's bytes as they stand in the text, or the string where there are escapes in it.
    private mutating func string() throws(Irregular) -> (bytes: UnsafeRawBufferPointer, owned: String?) {
        let start = position
        let (text, hasEscapes) = try quoted()
        guard hasEscapes else { return (text, nil) }
        guard case .string(let owned)? = try? Value(json: UnsafeRawBufferPointer(rebasing: json[start..<position])) else { throw Irregular() }
        return (text, owned)
    }

    private mutating func plainString() throws(Irregular) -> UnsafeRawBufferPointer {
        let (text, hasEscapes) = try quoted()
        guard !hasEscapes else { throw Irregular() }
        return text
    }

    /// What stands between two quotes.
    @inline(__always) private mutating func quoted() throws(Irregular) -> (UnsafeRawBufferPointer, hasEscapes: Bool) {
        try expect(UInt8(ascii: "\""))
        let start = position
        var hasEscapes = false
        var from = start
        while true {
            guard let base = json.baseAddress, let quote = memchr(base + from, 0x22, json.count - from) else { throw Irregular() }
            let end = UnsafeRawPointer(quote) - base
            guard memchr(base + from, 0x5C, end - from) != nil else {
                position = end + 1
                return (UnsafeRawBufferPointer(rebasing: json[start..<end]), hasEscapes)
            }
            hasEscapes = true
            // Escapes are passed over one by one, up to the quote that isn't one.
            while from < json.count, json[from] != 0x22 { from += json[from] == 0x5C ? 2 : 1 }
            guard from < json.count else { throw Irregular() }
            position = from + 1
            return (UnsafeRawBufferPointer(rebasing: json[start..<from]), true)
        }
    }

    /// A whole value as it stands in the text.
    private mutating func span() throws(Irregular) -> UnsafeRawBufferPointer {
        let start = position
        var open = 0
        while position < json.count {
            switch json[position] {
            case UInt8(ascii: "\""): _ = try quoted()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open += 1
                position += 1
                continue
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if open == 0 { return UnsafeRawBufferPointer(rebasing: json[start..<position]) }
                open -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                if open == 0 { return UnsafeRawBufferPointer(rebasing: json[start..<position]) }
                position += 1
                continue
            default:
                position += 1
                continue
            }
            if open == 0 { return UnsafeRawBufferPointer(rebasing: json[start..<position]) }
        }
        throw Irregular()
    }

    @inline(__always) private mutating func expect(_ byte: UInt8) throws(Irregular) {
        guard skip(byte) else { throw Irregular() }
    }

    @inline(__always) private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < json.count, json[position] == byte else { return false }
        position += 1
        return true
    }
}

/// Times as they are stored.
enum ProtobufTime {
    /// `2026-01-02T15:04:05Z` as seconds since 1970; nil for any other form.
    static func seconds(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count == 20, text[19] == UInt8(ascii: "Z") else { return nil }
        func number(_ start: Int, _ count: Int) -> Int64? {
            var result: Int64 = 0
            for byte in text[start..<start + count] {
                guard byte &- UInt8(ascii: "0") < 10 else { return nil }
                result = result * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            return result
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2), let minute = number(14, 2),
            let second = number(17, 2), (1...12).contains(month)
        else { return nil }
        return Timestamp.days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
    }
}
