/// What a scalar means in YAML 1.1, as go-yaml 2 reads it.
enum YAMLScalar {
    struct Problem: Error {
        var description: String
    }

    /// The value of a scalar with its tag, which is empty unless written.
    static func resolve(_ text: String, tag: String, isPlain: Bool) throws(Problem) -> Value {
        let short = tag.hasPrefix(prefix) ? "!!" + tag.dropFirst(prefix.count) : tag
        switch short {
        case "": return isPlain ? try json(implicit(text)) : .string(text)
        case "!!str", "!": return .string(text)
        case "!!binary":
            guard let bytes = Base64.decode(text) else { throw Problem(description: "!!binary value contains invalid base64 data") }
            return .string(String(decoding: bytes, as: UTF8.self))
        case "!!bool", "!!int", "!!float", "!!null":
            let value = implicit(text)
            guard let converted = convert(value, short) else {
                throw Problem(description: "cannot decode \(name(value)) `\(text)` as a \(short)")
            }
            return try json(converted)
        default: return .string(text)
        }
    }

    private static let prefix = "tag:yaml.org,2002:"

    private static func convert(_ value: Value, _ tag: String) -> Value? {
        switch (tag, value) {
        case ("!!bool", .bool), ("!!int", .integer), ("!!float", .number), ("!!null", .null): value
        case ("!!float", .integer): value
        default: nil
        }
    }

    private static func name(_ value: Value) -> String {
        switch value {
        case .null: "!!null"
        case .bool: "!!bool"
        case .integer: "!!int"
        case .number: "!!float"
        default: "!!str"
        }
    }

    /// JSON has no infinities, and no difference between `1.0` and `1`.
    private static func json(_ value: Value) throws(Problem) -> Value {
        guard case .number(let number) = value else { return value }
        guard number.isFinite else { throw Problem(description: "json: unsupported value: \(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf")") }
        if let whole = Int64(exactly: number), abs(number) < 1e15 { return .integer(whole) }
        return value
    }

    /// The meaning of a plain scalar without a tag.
    static func implicit(_ text: String) -> Value {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): return number(text) ?? .string(text)
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "o"), UInt8(ascii: "O"), UInt8(ascii: "y"),
            UInt8(ascii: "Y"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "~"):
            return word(text)
        default: return .string(text)
        }
    }

    private static func word(_ text: String) -> Value {
        switch text {
        case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON": .bool(true)
        case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF": .bool(false)
        case "~", "null", "Null", "NULL": .null
        default: .string(text)
        }
    }

    private static func number(_ text: String) -> Value? {
        switch text {
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        default: break
        }
        // Underscores may stand between digits.
        let plain = text.utf8.contains(UInt8(ascii: "_")) ? String(decoding: text.utf8.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self) : text
        if let integer = integer(plain) { return .integer(integer) }
        guard isFloat(plain), let number = Double(plain.hasPrefix("+") ? String(plain.dropFirst()) : plain) else { return nil }
        return .number(number)
    }

    /// Decimal, or by prefix: `0x`, `0o`, `0b`, and `0` for octal.
    private static func integer(_ text: String) -> Int64? {
        var digits = text[...]
        let isNegative = digits.utf8.first == UInt8(ascii: "-")
        if isNegative || digits.utf8.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        var radix = 10
        if digits.utf8.count > 1, digits.utf8.first == UInt8(ascii: "0") {
            switch digits.utf8.dropFirst().first {
            case UInt8(ascii: "x"), UInt8(ascii: "X"): (radix, digits) = (16, digits.dropFirst(2))
            case UInt8(ascii: "o"), UInt8(ascii: "O"): (radix, digits) = (8, digits.dropFirst(2))
            case UInt8(ascii: "b"), UInt8(ascii: "B"): (radix, digits) = (2, digits.dropFirst(2))
            default: (radix, digits) = (8, digits.dropFirst())
            }
        }
        guard let first = digits.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else { return nil }
        return Int64((isNegative ? "-" : "") + digits, radix: radix)
    }

    /// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
    private static func isFloat(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        func digits() -> Int {
            let count = bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.count
            bytes = bytes.dropFirst(count)
            return count
        }
        if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        let whole = digits()
        if bytes.first == UInt8(ascii: ".") {
            bytes = bytes.dropFirst()
            if digits() == 0, whole == 0 { return false }
        } else if whole == 0 {
            return false
        }
        if bytes.first == UInt8(ascii: "e") || bytes.first == UInt8(ascii: "E") {
            bytes = bytes.dropFirst()
            if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
            if digits() == 0 { return false }
        }
        return bytes.isEmpty
    }
}
