extension YAML {
    /// Writes a value in block style, members by name: the form of `kubectl get -o yaml`.
    public static func write(_ value: Value) -> String {
        var out: [UInt8] = []
        YAMLWriter.node(value, indent: 0, isInline: false, into: &out)
        return String(decoding: out, as: UTF8.self)
    }
}

enum YAMLWriter {
    /// Writes a node that begins at the current column, which is `indent` for a collection that continues a `- `.
    fileprivate static func node(_ value: Value, indent: Int, isInline: Bool, into out: inout [UInt8]) {
        switch value {
        case .object(let fields) where !fields.isEmpty: mapping(fields, indent: indent, isInline: isInline, into: &out)
        case .array(let elements) where !elements.isEmpty: sequence(elements, indent: indent, isInline: isInline, into: &out)
        default:
            scalar(value, indent: indent, into: &out)
            newline(&out)
        }
    }

    private static func mapping(_ fields: Fields, indent: Int, isInline: Bool, into out: inout [UInt8]) {
        var isFirst = isInline
        for (key, value) in fields {
            if !isFirst { pad(indent, &out) }
            isFirst = false
            let start = out.count
            scalar(.string(key), indent: nil, into: &out)
            if out.count - start > keyLengthMax {
                longKey(at: start, value, indent: indent, into: &out)
                continue
            }
            out.append(UInt8(ascii: ":"))
            switch value {
            case .object(let it) where !it.isEmpty:
                newline(&out)
                mapping(it, indent: indent + 2, isInline: false, into: &out)
            case .array(let it) where !it.isEmpty:
                // A list stands at the column of its key.
                newline(&out)
                sequence(it, indent: indent, isInline: false, into: &out)
            default:
                out.append(UInt8(ascii: " "))
                scalar(value, indent: indent + 2, into: &out)
                newline(&out)
            }
        }
    }

    /// A longer key is announced by a `? `, for a reader looks for the colon of any other on its line, and not further than 1024 characters.
    private static let keyLengthMax = 128

    /// - Parameter start: where the key stands that has just been written.
    private static func longKey(at start: Int, _ value: Value, indent: Int, into out: inout [UInt8]) {
        out.insert(contentsOf: "? ".utf8, at: start)
        newline(&out)
        pad(indent, &out)
        out.append(contentsOf: ": ".utf8)
        node(value, indent: indent + 2, isInline: true, into: &out)
    }

    private static func sequence(_ elements: [Value], indent: Int, isInline: Bool, into out: inout [UInt8]) {
        var isFirst = isInline
        for element in elements {
            if !isFirst { pad(indent, &out) }
            isFirst = false
            out.append(contentsOf: "- ".utf8)
            node(element, indent: indent + 2, isInline: true, into: &out)
        }
    }

    /// `indent` is nil for a key, which stays on its line.
    private static func scalar(_ value: Value, indent: Int?, into out: inout [UInt8]) {
        switch value {
        case .string(let text): string(text, indent: indent, into: &out)
        case .object: out.append(contentsOf: "{}".utf8)
        case .array: out.append(contentsOf: "[]".utf8)
        default: JSONWriter.write(value, into: &out)
        }
    }

    private static func string(_ text: String, indent: Int?, into out: inout [UInt8]) {
        let bytes = Array(text.utf8)
        if bytes.contains(0x0A), let indent, canBeLiteral(bytes) { return literal(bytes, indent: indent, into: &out) }
        if text.isEmpty { return out.append(contentsOf: "\"\"".utf8) }
        // Text that would be read as something else is quoted.
        guard case .string = YAMLScalar.implicit(text), text != "<<", !isTimestampOrBase60(bytes) else { return doubleQuoted(text, into: &out) }
        switch shape(bytes) {
        case .plain: out.append(contentsOf: bytes)
        case .singleQuoted:
            out.append(UInt8(ascii: "'"))
            for byte in bytes {
                if byte == UInt8(ascii: "'") { out.append(byte) }
                out.append(byte)
            }
            out.append(UInt8(ascii: "'"))
        case .doubleQuoted: doubleQuoted(text, into: &out)
        }
    }

    private static func doubleQuoted(_ text: String, into out: inout [UInt8]) {
        if isPrintable(Array(text.utf8)) { return JSONWriter.writeString(text, into: &out) }
        // What YAML takes for a line break, or does not take at all, is written by number.
        out.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            if isPrintable(scalar) {
                var piece: [UInt8] = []
                JSONWriter.writeString(String(scalar), into: &piece)
                out.append(contentsOf: piece.dropFirst().dropLast())
            } else {
                let digits = String(scalar.value, radix: 16)
                out.append(contentsOf: "\\u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)".utf8)
            }
        }
        out.append(UInt8(ascii: "\""))
    }

    /// `|`, with `-` where the text does not end in a line break, and `+` where it ends in several.
    private static func literal(_ bytes: [UInt8], indent: Int, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "|"))
        if bytes.first == 0x20 || bytes.first == 0x0A { out.append(UInt8(ascii: "2")) }
        let endsWithBreak = bytes.last == 0x0A
        if !endsWithBreak {
            out.append(UInt8(ascii: "-"))
        } else if bytes.count == 1 || bytes[bytes.count - 2] == 0x0A {
            out.append(UInt8(ascii: "+"))
        }
        let lines = (endsWithBreak ? bytes.dropLast() : bytes[...]).split(separator: 0x0A, omittingEmptySubsequences: false)
        for line in lines {
            newline(&out)
            if !line.isEmpty { pad(max(indent, 2), &out) }
            out.append(contentsOf: line)
        }
    }

    /// A literal block cannot say control characters, nor spaces at a line's end without confusing its reader.
    private static func canBeLiteral(_ bytes: [UInt8]) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte < 0x20, byte != 0x0A, byte != 0x09 { return false }
            if byte == 0x7F || byte == 0x0A && previous == 0x20 { return false }
            previous = byte
        }
        return bytes.first != 0x09 && previous != 0x20 && isPrintable(bytes)
    }

    private enum Shape { case plain, singleQuoted, doubleQuoted }

    private static func shape(_ bytes: [UInt8]) -> Shape {
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) || !isPrintable(bytes) { return .doubleQuoted }
        if bytes.first == 0x20 || bytes.last == 0x20 { return .singleQuoted }
        guard let first = bytes.first else { return .doubleQuoted }
        let next = bytes.count > 1 ? bytes[1] : 0x20
        switch first {
        case UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "&"),
            UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "%"),
            UInt8(ascii: "@"), UInt8(ascii: "`"):
            return .singleQuoted
        case UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: ":"):
            if next == 0x20 { return .singleQuoted }
        default: break
        }
        if bytes.starts(with: "---".utf8) || bytes.starts(with: "...".utf8) { return .singleQuoted }
        for index in bytes.indices {
            let isLast = index == bytes.count - 1
            if bytes[index] == UInt8(ascii: ":"), isLast || bytes[index + 1] == 0x20 { return .singleQuoted }
            if bytes[index] == UInt8(ascii: "#"), index > 0, bytes[index - 1] == 0x20 { return .singleQuoted }
        }
        return .plain
    }

    /// No byte order mark, no line or paragraph separators, no C1 controls: what YAML wants escaped.
    private static func isPrintable(_ bytes: [UInt8]) -> Bool {
        guard bytes.contains(where: { $0 >= 0x7F }) else { return true }
        return String(decoding: bytes, as: UTF8.self).unicodeScalars.allSatisfy(isPrintable)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x7F..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: false
        default: true
        }
    }

    /// Dates and `1:30`, which YAML 1.1 readers may take for times and numbers.
    private static func isTimestampOrBase60(_ bytes: [UInt8]) -> Bool {
        func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
        let unsigned = bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") ? bytes.dropFirst() : bytes[...]
        guard let first = unsigned.first, isDigit(first) else { return false }
        if unsigned.contains(UInt8(ascii: ":")),
            unsigned.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_") })
        {
            return true
        }
        return bytes.count >= 8 && bytes[..<4].allSatisfy(isDigit) && bytes[4] == UInt8(ascii: "-") && isDigit(bytes[5])
            && (isDigit(bytes[6]) || bytes[6] == UInt8(ascii: "-"))
    }

    private static func pad(_ count: Int, _ out: inout [UInt8]) { out.append(contentsOf: repeatElement(0x20, count: count)) }
    private static func newline(_ out: inout [UInt8]) { out.append(0x0A) }
}
