/// Writes a `Value` as compact JSON.
public enum JSONWriter {
    public static func write(_ value: Value, into out: inout [UInt8]) {
        var sink = ByteSink()
        write(value, &sink)
        sink.append(to: &out)
    }

    /// Writes an object as it is stored and answered: `apiVersion`, `kind` and `metadata` first, the rest by name. With those three in front,
    /// the first `"metadata":{` in the bytes is the object's own, which is where its resource version is spliced in at commit.
    public static func writeObject(_ object: Value, into out: inout [UInt8]) {
        var sink = ByteSink()
        writeObject(object, &sink)
        sink.append(to: &out)
    }

    public static func writeString(_ string: String, into out: inout [UInt8]) {
        var sink = ByteSink()
        writeString(string, &sink)
        sink.append(to: &out)
    }

    public static func writeInteger(_ integer: Int64, into out: inout [UInt8]) {
        var sink = ByteSink()
        writeInteger(integer, &sink)
        sink.append(to: &out)
    }

    // MARK: Values

    static func write(_ value: borrowing Value, _ sink: inout ByteSink) {
        switch value {
        case .string(let it): writeString(it, &sink)
        case .object(let fields): writeMembers(fields, &sink)
        case .array(let elements):
            sink.append(UInt8(ascii: "["))
            for index in elements.indices {
                if index > 0 { sink.append(UInt8(ascii: ",")) }
                write(elements[index], &sink)
            }
            sink.append(UInt8(ascii: "]"))
        case .integer(let it): writeInteger(it, &sink)
        case .bool(let it): sink.append(it ? "true" : "false")
        case .null: sink.append("null")
        case .number(let it): writeNumber(it, &sink)
        }
    }

    private static func writeMembers(_ fields: Fields, _ sink: inout ByteSink) {
        sink.append(UInt8(ascii: "{"))
        for index in fields.members.indices {
            if index > 0 { sink.append(UInt8(ascii: ",")) }
            writeMember(fields.members[index], &sink)
        }
        sink.append(UInt8(ascii: "}"))
    }

    static func writeObject(_ object: Value, _ sink: inout ByteSink) {
        guard case .object(let fields) = object else { return write(object, &sink) }
        sink.append(UInt8(ascii: "{"))
        var isFirst = true
        for isLeading in [true, false] {
            for index in fields.members.indices where leadingKeys.contains(fields.members[index].key) == isLeading {
                if !isFirst { sink.append(UInt8(ascii: ",")) }
                isFirst = false
                writeMember(fields.members[index], &sink)
            }
        }
        sink.append(UInt8(ascii: "}"))
    }

    /// In this order by name, as it happens.
    private static let leadingKeys = ["apiVersion", "kind", "metadata"]

    private static func writeMember(_ member: Fields.Member, _ sink: inout ByteSink) {
        writeString(member.key, &sink)
        sink.append(UInt8(ascii: ":"))
        write(member.value, &sink)
    }

    // MARK: Strings

    static func writeString(_ string: String, _ sink: inout ByteSink) {
        let isWritten: Void? = string.utf8.withContiguousStorageIfAvailable { writeString(UnsafeRawBufferPointer($0), &sink) }
        if isWritten == nil { Array(string.utf8).withUnsafeBytes { writeString($0, &sink) } }
    }

    private static func writeString(_ bytes: UnsafeRawBufferPointer, _ sink: inout ByteSink) {
        sink.append(UInt8(ascii: "\""))
        var clean = 0
        while true {
            let end = JSONScan.plainEnd(bytes, from: clean)
            sink.append(UnsafeRawBufferPointer(rebasing: bytes[clean..<end]))
            if end == bytes.count { break }
            writeEscape(bytes[end], &sink)
            clean = end + 1
        }
        sink.append(UInt8(ascii: "\""))
    }

    private static func writeEscape(_ byte: UInt8, _ sink: inout ByteSink) {
        sink.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: sink.append(UInt8(ascii: "b"))
        case 0x09: sink.append(UInt8(ascii: "t"))
        case 0x0A: sink.append(UInt8(ascii: "n"))
        case 0x0C: sink.append(UInt8(ascii: "f"))
        case 0x0D: sink.append(UInt8(ascii: "r"))
        case 0..<0x20:
            sink.append("u00")
            sink.append(hexadecimal(byte >> 4))
            sink.append(hexadecimal(byte & 15))
        default: sink.append(byte)
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10 }

    // MARK: Numbers

    static func writeInteger(_ integer: Int64, _ sink: inout ByteSink) {
        if integer < 0 { sink.append(UInt8(ascii: "-")) }
        var rest = integer.magnitude
        var divisor: UInt64 = 1
        while rest / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            sink.append(UInt8(ascii: "0") + UInt8(rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// As Go writes a float: without an exponent from 1e-6 up to 1e21.
    private static func writeNumber(_ number: Double, _ sink: inout ByteSink) {
        guard number.isFinite else { return sink.append("null") }
        if let whole = Int64(exactly: number), abs(number) < 1e15 { return writeInteger(whole, &sink) }
        let (digits, point) = decimal(abs(number))
        if number < 0 { sink.append(UInt8(ascii: "-")) }
        if point > 21 || point < -5 {
            sink.append(digits[0])
            if digits.count > 1 {
                sink.append(UInt8(ascii: "."))
                for digit in digits[1...] { sink.append(digit) }
            }
            sink.append(UInt8(ascii: "e"))
            sink.append(UInt8(ascii: point > 0 ? "+" : "-"))
            writeInteger(Int64(abs(point - 1)), &sink)
        } else {
            if point <= 0 { sink.append("0.") }
            for _ in 0..<max(0, -point) { sink.append(UInt8(ascii: "0")) }
            for (index, digit) in digits.enumerated() {
                if index == point, index > 0 { sink.append(UInt8(ascii: ".")) }
                sink.append(digit)
            }
            for _ in 0..<max(0, point - digits.count) { sink.append(UInt8(ascii: "0")) }
        }
    }

    /// The shortest digits that read as `number`, and how many of them stand before the point.
    private static func decimal(_ number: Double) -> (digits: [UInt8], point: Int) {
        let text = Array(number.description.utf8)
        let mantissaEnd = text.firstIndex(of: UInt8(ascii: "e")) ?? text.count
        let exponent = mantissaEnd < text.count ? Int(String(decoding: text[(mantissaEnd + 1)...], as: UTF8.self)) ?? 0 : 0
        let mantissa = text[..<mantissaEnd]
        let whole = mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissaEnd
        var digits = mantissa.filter { $0 != UInt8(ascii: ".") }
        var point = whole + exponent
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            point -= 1
        }
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, point)
    }
}

extension Value {
    /// Compact JSON, members by name.
    public func json() -> [UInt8] {
        var out: [UInt8] = []
        JSONWriter.write(self, into: &out)
        return out
    }

    /// Compact JSON with `apiVersion`, `kind` and `metadata` in front: the canonical form of an object.
    public func canonicalJSON() -> [UInt8] {
        var out: [UInt8] = []
        JSONWriter.writeObject(self, into: &out)
        return out
    }
}

extension Value: CustomStringConvertible {
    public var description: String { String(decoding: json(), as: UTF8.self) }
}
