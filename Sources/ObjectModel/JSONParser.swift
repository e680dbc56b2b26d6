/// Reads JSON (RFC 8259) into a `Value` in one pass over the bytes.
///
/// Strict where the API is: no trailing commas, no comments, no control characters in strings, nothing after the value. Invalid UTF-8 and
/// lone surrogates become U+FFFD, as in Go's decoder. Complaints are those of Go's decoder.
public struct JSONParser: ~Copyable {
    /// Objects and arrays within each other, at most. A body that nests deeper is an attack, not an object.
    public static let depthMax = 512

    let bytes: UnsafeRawBufferPointer
    var position = 0
    var depth = 0
    private let reportsDuplicates: Bool
    private let common = CommonStrings.table

    /// Members and elements of the collections that are open, one buffer for all: each finished collection is allocated once, at its size.
    private var members = JSONMemberStack()
    private var elements = JSONStack<Value>()
    private var path: [String] = []

    /// Field paths of keys that came twice within one object, such as `spec.replicas`; gathered on request only.
    private var duplicates: [String] = []

    /// How deep the members of the objects are that are read without their managed fields; 0 where all is read.
    let leanDepth: Int
    var isInMetadata = false

    init(_ bytes: UnsafeRawBufferPointer, reportsDuplicates: Bool = false, leanDepth: Int = 0) {
        self.bytes = bytes
        self.reportsDuplicates = reportsDuplicates
        self.leanDepth = leanDepth
    }

    public static func parse(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> Value {
        var parser = JSONParser(bytes)
        return try parser.document()
    }

    /// Like `parse`, and names the keys that came twice.
    public static func parseReportingDuplicates(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> (value: Value, duplicates: [String]) {
        var parser = JSONParser(bytes, reportsDuplicates: true)
        let value = try parser.document()
        return (value, parser.duplicates)
    }

    mutating func document() throws(JSONError) -> Value {
        let result = try value()
        skipSpace()
        guard position == bytes.count else { throw unexpected("after top-level value") }
        return result
    }

    // MARK: Values

    private mutating func value() throws(JSONError) -> Value {
        skipSpace()
        guard position < bytes.count else { throw endOfInput() }
        switch bytes[position] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"):
            let start = position
            return recurring(try object(), from: start)
        case UInt8(ascii: "["):
            let start = position
            return recurring(try array(), from: start)
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected("looking for beginning of value")
        }
    }

    private mutating func object() throws(JSONError) -> Value {
        try enter()
        skipSpace()
        if skip(UInt8(ascii: "}")) {
            depth -= 1
            return .object(Fields())
        }
        let start = members.count
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw unexpected("looking for beginning of object key string") }
            let key = try string()
            skipSpace()
            guard skip(UInt8(ascii: ":")) else { throw unexpected("after object key") }
            if leanDepth > 0, isManagedFields(key) {
                try skipValue()
            } else {
                if reportsDuplicates { path.append(path.isEmpty ? key : ".\(key)") }
                members.push(key, try value())
                if reportsDuplicates { path.removeLast() }
            }
            skipSpace()
            if skip(UInt8(ascii: ",")) { continue }
            guard skip(UInt8(ascii: "}")) else { throw unexpected("after object key:value pair") }
            depth -= 1
            return .object(finished(from: start))
        }
    }

    private mutating func finished(from start: Int) -> Fields {
        if members.sort(from: start) { return Fields(sorted: members.pop(from: start)) }
        var found: [String] = []
        let fields = Fields(unsorted: members.pop(from: start)) { found.append($0) }
        if reportsDuplicates { for key in found { duplicates.append(path.joined() + (path.isEmpty ? key : ".\(key)")) } }
        return fields
    }

    private mutating func array() throws(JSONError) -> Value {
        try enter()
        skipSpace()
        if skip(UInt8(ascii: "]")) {
            depth -= 1
            return .array([])
        }
        let start = elements.count
        while true {
            if reportsDuplicates { path.append("[\(elements.count - start)]") }
            elements.push(try value())
            if reportsDuplicates { path.removeLast() }
            skipSpace()
            if skip(UInt8(ascii: ",")) { continue }
            guard skip(UInt8(ascii: "]")) else { throw unexpected("after array element") }
            depth -= 1
            return .array(elements.pop(from: start))
        }
    }

    private mutating func literal(_ text: StaticString, _ value: Value) throws(JSONError) -> Value {
        for index in 0..<text.utf8CodeUnitCount {
            guard position < bytes.count else { throw endOfInput() }
            guard bytes[position] == text.utf8Start[index] else {
                throw unexpected("in literal \(text) (expecting '\(Unicode.Scalar(text.utf8Start[index]))')")
            }
            position += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> Value {
        let start = position
        var isWhole = true
        if peek == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        skipDigits()
        guard position > firstDigit else { throw unexpected("in numeric literal") }
        if bytes[firstDigit] == UInt8(ascii: "0"), position - firstDigit > 1 {
            position = firstDigit + 1
            throw unexpected(depth == 0 ? "after top-level value" : "after array element")
        }
        if peek == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            let fraction = position
            skipDigits()
            guard position > fraction else { throw unexpected("after decimal point in numeric literal") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            let exponent = position
            skipDigits()
            guard position > exponent else { throw unexpected("in exponent of numeric literal") }
        }
        if isWhole, let whole = integer(from: start) { return .integer(whole) }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let number = Double(text), number.isFinite else { throw JSONError("number \(text) is out of range", offset: start) }
        return .number(number)
    }

    private func integer(from start: Int) -> Int64? {
        let isNegative = bytes[start] == UInt8(ascii: "-")
        var result: Int64 = 0
        for index in (isNegative ? start + 1 : start)..<position {
            let (scaled, overflow) = result.multipliedReportingOverflow(by: 10)
            let digit = Int64(bytes[index] - UInt8(ascii: "0"))
            let (sum, overflowed) = isNegative ? scaled.subtractingReportingOverflow(digit) : scaled.addingReportingOverflow(digit)
            if overflow || overflowed { return nil }
            result = sum
        }
        return result
    }

    private mutating func skipDigits() {
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        position = JSONScan.plainEnd(bytes, from: position)
        guard position < bytes.count else { throw endOfInput() }
        switch bytes[position] {
        case UInt8(ascii: "\""):
            let text = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
            position += 1
            if text.count > CommonStrings.inlineMax, let shared = common.find(text) { return shared }
            let string = String(decoding: text, as: UTF8.self)
            if text.count > CommonStrings.inlineMax, leanDepth > 0, depth >= leanDepth { return recurring(string, text) }
            return string
        case UInt8(ascii: "\\"): return try escapedString(from: start)
        default: throw unexpected("in string literal")
        }
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var text = [UInt8](bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return String(decoding: text, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                position += 1
                try escape(into: &text)
            }
            let plain = position
            position = JSONScan.plainEnd(bytes, from: position)
            text.append(contentsOf: bytes[plain..<position])
            if position < bytes.count, bytes[position] < 0x20 { throw unexpected("in string literal") }
        }
        throw endOfInput()
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let byte = peek else { throw endOfInput() }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            try unicodeEscape(into: &text)
            return
        default: throw unexpected("in string escape code")
        }
        position += 1
    }

    private mutating func unicodeEscape(into text: inout [UInt8]) throws(JSONError) {
        let first = try fourHexDigits()
        var scalar: UInt32 = first
        if (0xD800..<0xDC00).contains(first), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        {
            let mark = position
            position += 2
            let second = try fourHexDigits()
            if (0xDC00..<0xE000).contains(second) {
                scalar = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            } else {
                position = mark
            }
        }
        text.append(contentsOf: String(Character(Unicode.Scalar(scalar) ?? "\u{FFFD}")).utf8)
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt32 {
        var result: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek else { throw endOfInput() }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): result = result << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): result = result << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): result = result << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw unexpected("in \\u hexadecimal character escape")
            }
            position += 1
        }
        return result
    }

    // MARK: Small steps

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func skipSpace() {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position += 1
        }
    }

    mutating func enter() throws(JSONError) {
        position += 1
        depth += 1
        if depth > Self.depthMax { throw JSONError("exceeded max depth", offset: position) }
    }

    func endOfInput() -> JSONError { JSONError("unexpected end of JSON input", offset: bytes.count) }

    func unexpected(_ context: String) -> JSONError {
        guard position < bytes.count else { return endOfInput() }
        return JSONError("invalid character '\(JSONScan.shown(bytes[position]))' \(context)", offset: position)
    }
}

extension Value {
    public init(json bytes: UnsafeRawBufferPointer) throws(JSONError) { self = try JSONParser.parse(bytes) }

    public init(json bytes: [UInt8]) throws(JSONError) {
        let result = bytes.withUnsafeBytes { buffer in Result { () throws(JSONError) in try JSONParser.parse(buffer) } }
        self = try result.get()
    }

    public init(json text: String) throws(JSONError) {
        var text = text
        let result = text.withUTF8 { buffer in Result { () throws(JSONError) in try JSONParser.parse(UnsafeRawBufferPointer(buffer)) } }
        self = try result.get()
    }
}
