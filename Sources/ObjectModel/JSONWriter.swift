/// Writes a `Value` as compact JSON.
public enum JSONWriter {
    public static func write(_ value: Value, into out: inout [UInt8]) {
        switch value {
        case .null: out.append(contentsOf: "null".utf8)
        case .bool(let it): out.append(contentsOf: (it ? "true" : "false").utf8)
        case .integer(let it): writeInteger(it, into: &out)
        case .number(let it): writeNumber(it, into: &out)
        case .string(let it): writeString(it, into: &out)
        case .array(let elements):
            out.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                write(element, into: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let fields):
            out.append(UInt8(ascii: "{"))
            var isFirst = true
            for member in fields.members { writeMember(member.key, member.value, &isFirst, into: &out) }
            out.append(UInt8(ascii: "}"))
        }
    }

    /// Writes an object as it is stored and answered: `apiVersion`, `kind` and `metadata` first, the rest by name. With those three in front,
    /// the first `"metadata":{` in the bytes is the object's own, which is where its resource version is spliced in at commit.
    public static func writeObject(_ object: Value, into out: inout [UInt8]) {
        guard case .object(let fields) = object else { return write(object, into: &out) }
        out.append(UInt8(ascii: "{"))
        var isFirst = true
        for key in leadingKeys {
            if let value = fields[key] { writeMember(key, value, &isFirst, into: &out) }
        }
        for member in fields.members where !leadingKeys.contains(member.key) { writeMember(member.key, member.value, &isFirst, into: &out) }
        out.append(UInt8(ascii: "}"))
    }

    private static let leadingKeys = ["apiVersion", "kind", "metadata"]

    private static func writeMember(_ key: String, _ value: Value, _ isFirst: inout Bool, into out: inout [UInt8]) {
        if !isFirst { out.append(UInt8(ascii: ",")) }
        isFirst = false
        writeString(key, into: &out)
        out.append(UInt8(ascii: ":"))
        write(value, into: &out)
    }

    public static func writeString(_ string: String, into out: inout [UInt8]) {
        var string = string
        out.append(UInt8(ascii: "\""))
        string.withUTF8 { utf8 in
            var clean = 0
            for index in utf8.indices {
                let byte = utf8[index]
                guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
                out.append(contentsOf: utf8[clean..<index])
                clean = index + 1
                writeEscape(byte, into: &out)
            }
            out.append(contentsOf: utf8[clean...])
        }
        out.append(UInt8(ascii: "\""))
    }

    private static func writeEscape(_ byte: UInt8, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: out.append(UInt8(ascii: "b"))
        case 0x09: out.append(UInt8(ascii: "t"))
        case 0x0A: out.append(UInt8(ascii: "n"))
        case 0x0C: out.append(UInt8(ascii: "f"))
        case 0x0D: out.append(UInt8(ascii: "r"))
        case 0..<0x20:
            let digits = Array("0123456789abcdef".utf8)
            out.append(contentsOf: "u00".utf8)
            out.append(digits[Int(byte >> 4)])
            out.append(digits[Int(byte & 15)])
        default: out.append(byte)
        }
    }

    public static func writeInteger(_ integer: Int64, into out: inout [UInt8]) {
        if integer < 0 { out.append(UInt8(ascii: "-")) }
        var rest = integer.magnitude
        let start = out.count
        repeat {
            out.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        out[start...].reverse()
    }

    private static func writeNumber(_ number: Double, into out: inout [UInt8]) {
        if let whole = Int64(exactly: number), abs(number) < 1e15 { return writeInteger(whole, into: &out) }
        out.append(contentsOf: number.description.utf8)
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
        out.reserveCapacity(1024)
        JSONWriter.writeObject(self, into: &out)
        return out
    }
}

extension Value: CustomStringConvertible {
    public var description: String { String(decoding: json(), as: UTF8.self) }
}
