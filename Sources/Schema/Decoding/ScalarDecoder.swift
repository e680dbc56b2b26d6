import ObjectModel

/// Checks one value that has no members, and writes it in its canonical form.
enum ScalarDecoder {
    static func decode(_ value: inout Value, _ type: ValueType) throws(DecodingError) {
        switch (type, value) {
        case (.string, .string), (.bool, .bool), (.int64, .integer), (.double, .integer), (.double, .number): break
        case (.int32, .integer(let number)):
            guard Int32(exactly: number) != nil else { throw .mismatch(found: "number \(number)", wanted: "int32") }
        case (.int32, .number(let number)), (.int64, .number(let number)):
            throw .mismatch(found: "number \(number)", wanted: type.goName)
        case (.bytes, .string(let text)): try bytes(text, &value)
        case (.quantity, _): try quantity(&value)
        case (.intOrString, .string): break
        case (.intOrString, .integer(let number)):
            guard Int32(exactly: number) != nil else { throw DecodingError.mismatch(found: "number \(number)", wanted: "int32") }
        case (.intOrString, _): throw .mismatch(found: value.jsonTypeName, wanted: "int32")
        case (.time, .string(let text)): try time(text, &value, fractionDigits: 0)
        case (.microTime, .string(let text)): try time(text, &value, fractionDigits: 6)
        case (.time, _), (.microTime, _): throw .mismatch(found: value.jsonTypeName, wanted: "string")
        default: throw .mismatch(found: value.jsonTypeName, wanted: type.goName)
        }
    }

    private static func quantity(_ value: inout Value) throws(DecodingError) {
        if case .string(let text) = value, CanonicalForm.isQuantity(text) { return }
        do throws(Quantity.ParseError) {
            value = Value(try Quantity(value))
        } catch {
            throw DecodingError(message: error.description)
        }
    }

    // MARK: Time

    /// Any offset and fraction are taken; kept is UTC, with as many digits as the type has.
    private static func time(_ text: String, _ value: inout Value, fractionDigits: Int) throws(DecodingError) {
        if fractionDigits == 0, CanonicalForm.isTime(text) { return }
        guard let time = Timestamp(rfc3339: text) else {
            let layout = fractionDigits == 0 ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00"
            throw DecodingError(message: "parsing time \"\(text)\" as \"\(layout)\": cannot parse \"\(text)\" as \"2006\"")
        }
        value = .string(fractionDigits == 0 ? time.rfc3339 : time.rfc3339Micro)
    }

    // MARK: Bytes

    /// Standard base64 with padding. Line ends within are tolerated and dropped.
    private static func bytes(_ text: String, _ value: inout Value) throws(DecodingError) {
        var text = text
        let checked = text.withUTF8 { checkBase64($0) }
        if let offset = checked.badOffset { throw DecodingError(message: "illegal base64 data at input byte \(offset)") }
        if checked.hasLineEnds { value = .string(String(decoding: text.utf8.filter { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)) }
    }

    private static func checkBase64(_ text: UnsafeBufferPointer<UInt8>) -> (badOffset: Int?, hasLineEnds: Bool) {
        var digits = 0
        var padding = 0
        var hasLineEnds = false
        for (offset, byte) in text.enumerated() {
            switch byte {
            case 0x0A, 0x0D: hasLineEnds = true
            case UInt8(ascii: "="):
                if digits % 4 < 2 || padding == 4 - digits % 4 { return (offset, hasLineEnds) }
                padding += 1
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "+"),
                UInt8(ascii: "/"):
                if padding > 0 { return (offset, hasLineEnds) }
                digits += 1
            default: return (offset, hasLineEnds)
            }
        }
        return ((digits + padding) % 4 == 0 ? nil : text.count, hasLineEnds)
    }
}
