import ObjectModel

/// Writes stored JSON as messages of its type without making trees of it: what lists and watches in protobuf are made of.
///
/// Fields come in the order of their names. What Go embeds may come as several messages under one number, which read as one.
public struct ProtobufTranscoder: ~Copyable {
    private typealias Irregular = JSONCursor.Irregular

    private let type: TypeDefinition

    /// Taken from the type, and given back with what was learned.
    private var plan: ProtobufPlan
    private var out: ProtobufWriter
    private var depth = 0
    private var width = 1

    /// - Parameter capacity: How many bytes are expected.
    public init(_ type: TypeDefinition, capacity: Int = 1024) {
        self.type = type
        plan = type.content.protobufPlans.withLock { $0.popLast() } ?? ProtobufPlan(type)
        out = ProtobufWriter(capacity: capacity)
    }

    deinit {
        let plan = plan
        type.content.protobufPlans.withLock { $0.append(plan) }
    }

    /// The message alone, without an envelope; nil where the text isn't canonical JSON of the type.
    public static func transcode(_ json: [UInt8], as type: TypeDefinition) -> [UInt8]? {
        var transcoder = ProtobufTranscoder(type, capacity: json.count)
        return transcoder.append(json) ? transcoder.take() : nil
    }

    // MARK: Messages

    /// Bytes that `take` would return.
    public var count: Int { out.count }

    /// Writes one more message: alone, or as a field. False where the text isn't canonical JSON of the type; nothing is written then.
    public mutating func append(_ json: [UInt8], field number: Int? = nil) -> Bool {
        let before = out.count
        let isWritten = json.withUnsafeBytes { bytes in
            guard var text = JSONCursor(bytes) else { return false }
            depth = 0
            do throws(Irregular) {
                let start = number.map { out.open($0, width: width) }
                try object(0, &text)
                if let start { width = out.close(start, width: width) }
                return text.isAtEnd
            } catch {
                return false
            }
        }
        if !isWritten { out.truncate(to: before) }
        return isWritten
    }

    /// The same, of an object that is a tree.
    public mutating func append(_ object: Value, field number: Int? = nil) {
        let start = number.map { out.open($0) }
        ProtobufEncoder.write(object, type, &out)
        if let start { out.close(start) }
    }

    /// What was written since the last time.
    public mutating func take() -> [UInt8] {
        defer { out.truncate(to: 0) }
        return out.bytes
    }

    // MARK: Objects

    private mutating func object(_ message: Int, _ text: inout JSONCursor) throws(Irregular) {
        try text.expect(UInt8(ascii: "{"))
        if text.skip(UInt8(ascii: "}")) { return }
        depth += 1
        guard depth <= ProtobufDecoder.depthMax else { throw Irregular() }
        let places = plan.places(of: message)
        var last = places.lowerBound
        repeat {
            guard let place = try key(after: last, in: places, &text) else {
                _ = try text.span()
                continue
            }
            last = place
            try field(place, &text)
        } while text.skip(UInt8(ascii: ","))
        try text.expect(UInt8(ascii: "}"))
        depth -= 1
    }

    /// Passes over a key and its colon. Nil for one that the type doesn't declare.
    @inline(__always) private mutating func key(after last: Int, in places: Range<Int>, _ text: inout JSONCursor) throws(Irregular) -> Int? {
        let guess = Int(plan.fields[last].follower)
        if plan.skip(guess, &text) { return guess }
        guard let place = plan.skip(oneOf: places, after: last, &text) else {
            _ = try text.plainText()
            try text.expect(UInt8(ascii: ":"))
            return nil
        }
        plan.note(follower: place, of: last)
        return place
    }

    @inline(__always) private mutating func field(_ place: Int, _ text: inout JSONCursor) throws(Irregular) {
        let field = plan.fields[place]
        if field.kind == .skipped || Self.isAbsent(field, text) { _ = try text.span() } else { try value(place, &text) }
    }

    /// Whether null comes next, or what is the same as absent.
    @inline(__always) private static func isAbsent(_ field: ProtobufPlan.Field, _ text: JSONCursor) -> Bool {
        switch text.peek() {
        case UInt8(ascii: "n"): true
        case UInt8(ascii: "\""): field.dropsZero && text.peek(1) == UInt8(ascii: "\"")
        case UInt8(ascii: "["): field.dropsZero && text.peek(1) == UInt8(ascii: "]")
        case UInt8(ascii: "{"): field.dropsZero && text.peek(1) == UInt8(ascii: "}")
        case UInt8(ascii: "f"): field.dropsZero
        case UInt8(ascii: "0"): field.dropsZero && (text.peek(1) == UInt8(ascii: ",") || text.peek(1) == UInt8(ascii: "}"))
        default: false
        }
    }

    // MARK: Values

    private mutating func value(_ place: Int, _ text: inout JSONCursor) throws(Irregular) {
        let field = plan.fields[place]
        let (number, content, width) = (Int(field.number), Int(field.content), Int(field.width))
        switch field.kind {
        case .skipped: _ = try text.span()
        case .string: try string(number, &text)
        case .bool: out.bool(number, try text.bool())
        case .integer: out.integer(number, try text.integer())
        case .message:
            let start = out.open(number, width: width)
            try object(content, &text)
            plan.note(width: out.close(start, width: width), of: place)
        case .embedded:
            let start = out.open(number, width: width)
            try value(content, &text)
            plan.note(width: out.close(start, width: width), of: place)
        case .list:
            try text.expect(UInt8(ascii: "["))
            if text.skip(UInt8(ascii: "]")) { return }
            repeat { try value(content, &text) } while text.skip(UInt8(ascii: ","))
            try text.expect(UInt8(ascii: "]"))
        case .map:
            try text.expect(UInt8(ascii: "{"))
            if text.skip(UInt8(ascii: "}")) { return }
            var width = width
            repeat {
                let start = out.open(number, width: width)
                try string(1, &text)
                try text.expect(UInt8(ascii: ":"))
                try value(content, &text)
                width = out.close(start, width: width)
            } while text.skip(UInt8(ascii: ","))
            plan.note(width: width, of: place)
            try text.expect(UInt8(ascii: "}"))
        case .quantity where text.peek() == UInt8(ascii: "\""): out.wrapped(number, try text.plainText())
        case .time where text.peek() == UInt8(ascii: "\""):
            guard let seconds = ProtobufTime.seconds(try text.plainText()) else { throw Irregular() }
            let start = out.open(number)
            out.integer(1, seconds)
            out.close(start)
        case .intOrString:
            let start = out.open(number)
            let isString = text.peek() == UInt8(ascii: "\"")
            out.integer(1, isString ? 1 : 0)
            if isString { try string(3, &text) } else { out.integer(2, try text.integer()) }
            out.close(start)
        case .raw: out.wrapped(number, try text.span())
        case .quantity, .time, .tree:
            guard let value = try? Value(json: try text.span()) else { throw Irregular() }
            ProtobufEncoder.write(value, plan.type(place), number, &out)
        }
    }

    @inline(__always) private mutating func string(_ number: Int, _ text: inout JSONCursor) throws(Irregular) {
        let string = try text.text()
        if string.hasEscapes { out.string(number, try string.unescaped()) } else { out.data(number, string.bytes) }
    }
}

/// Times as they are stored.
enum ProtobufTime {
    /// `2026-01-02T15:04:05Z` as seconds since 1970; nil for any other form.
    static func seconds(_ text: UnsafeRawBufferPointer) -> Int64? {
        guard text.count == 20, text[19] == UInt8(ascii: "Z") else { return nil }
        var isTime = true
        func number(_ places: Range<Int>) -> Int64 {
            var result: Int64 = 0
            for place in places {
                let digit = text[place] &- UInt8(ascii: "0")
                if digit >= 10 { isTime = false }
                result = result * 10 + Int64(digit)
            }
            return result
        }
        let (year, month, day) = (number(0..<4), number(5..<7), number(8..<10))
        let (hour, minute, second) = (number(11..<13), number(14..<16), number(17..<19))
        guard isTime, (1...12).contains(month) else { return nil }
        return Timestamp.days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
    }
}
