extension Quantity {
    /// Why a text is not a quantity, in upstream's words.
    public enum ParseError: Error, Sendable, Equatable, CustomStringConvertible {
        case format
        case numeric
        case suffix

        public var description: String {
            switch self {
            case .format: #"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"#
            case .numeric: "unable to parse numeric part of quantity"
            case .suffix: "unable to parse quantity's suffix"
            }
        }
    }

    /// Reads a quantity as `resource.ParseQuantity` does: what is finer than a billionth is rounded away from zero, binary amounts end at 2⁶³-1.
    public init(_ text: String) throws(ParseError) {
        var text = text
        let parsed = text.withUTF8 { bytes in Result { () throws(ParseError) in try Quantity(parsing: bytes) } }
        self = try parsed.get()
    }

    /// Reads a quantity as it stands in an object: a string, or a number. Absent means zero.
    public init(_ value: Value) throws(ParseError) {
        switch value {
        case .null: self = .zero
        case .string(let text): self = try Quantity(trimming: text)
        case .integer(let integer): self.init(integer)
        case .number(let number): try self.init(number.description)
        default: throw .format
        }
    }

    /// Space around a quantity in an object is tolerated.
    private init(trimming text: String) throws(ParseError) {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = text.utf8.first, let last = text.utf8.last, isSpace(first) || isSpace(last) else {
            self = try Quantity(text)
            return
        }
        let trimmed = Array(text.utf8).drop(while: isSpace)
        let end = trimmed.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? trimmed.startIndex
        self = try Quantity(String(decoding: trimmed[trimmed.startIndex..<end], as: UTF8.self))
    }

    init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(ParseError) {
        guard !bytes.isEmpty else { throw .format }
        var position = 0
        var isNegative = false
        if bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+") {
            isNegative = bytes[0] == UInt8(ascii: "-")
            position = 1
        }
        var number = Mantissa()
        let start = position
        while position < bytes.count, let digit = Self.digit(bytes[position]) {
            number.append(digit)
            position += 1
        }
        var hasDigits = position > start
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            while position < bytes.count, let digit = Self.digit(bytes[position]) {
                number.appendFraction(digit)
                position += 1
                hasDigits = true
            }
        }
        let suffix = try Suffix(parsing: UnsafeBufferPointer(rebasing: bytes[position...]))
        // No digits at all read as zero, as upstream: `-`, `.`, `Ki`; but not where upstream leaves its fast path.
        guard hasDigits || suffix.base2 < 50 && suffix.base10 >= -9 else { throw .numeric }
        var amount = number.nanos(suffix)
        var format = suffix.format
        if format == .binarySI {
            amount = min(amount, Int128(Int64.max) * Self.nanosPerUnit)
            if amount > 0, amount < Self.nanosPerUnit { format = .decimalSI }
        }
        self.init(nanos: isNegative ? -amount : amount, format)
    }

    private static func digit(_ byte: UInt8) -> Int128? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int128(byte - UInt8(ascii: "0")) : nil
    }

    /// What multiplies the number.
    private struct Suffix {
        var format: Format
        var base10 = 0
        var base2 = 0

        init(parsing bytes: UnsafeBufferPointer<UInt8>) throws(ParseError) {
            try Self.checkShape(bytes)
            switch bytes.count {
            case 0: (format, base10) = (.decimalSI, 0)
            case 1:
                guard let exponent = Self.decimal(bytes[0]) else { throw .suffix }
                (format, base10) = (.decimalSI, exponent)
            default:
                if bytes.count == 2, bytes[1] == UInt8(ascii: "i"), let exponent = Self.binary(bytes[0]) {
                    (format, base2) = (.binarySI, exponent)
                } else if bytes[0] == UInt8(ascii: "e") || bytes[0] == UInt8(ascii: "E") {
                    guard let exponent = Int(String(decoding: bytes[1...], as: UTF8.self)) else { throw .suffix }
                    (format, base10) = (.decimalExponent, max(-1000, min(1000, exponent)))
                } else {
                    throw .suffix
                }
            }
        }

        /// Letters, at most one sign, digits.
        private static func checkShape(_ bytes: UnsafeBufferPointer<UInt8>) throws(ParseError) {
            var position = 0
            while position < bytes.count, isSuffixLetter(bytes[position]) { position += 1 }
            if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") { position += 1 }
            while position < bytes.count, digit(bytes[position]) != nil { position += 1 }
            guard position == bytes.count else { throw .format }
        }

        private static func isSuffixLetter(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "i"), UInt8(ascii: "n"), UInt8(ascii: "u"), UInt8(ascii: "m"), UInt8(ascii: "k"),
                UInt8(ascii: "K"), UInt8(ascii: "M"), UInt8(ascii: "G"), UInt8(ascii: "T"), UInt8(ascii: "P"):
                true
            default: false
            }
        }

        private static func decimal(_ byte: UInt8) -> Int? {
            switch byte {
            case UInt8(ascii: "n"): -9
            case UInt8(ascii: "u"): -6
            case UInt8(ascii: "m"): -3
            case UInt8(ascii: "k"): 3
            case UInt8(ascii: "M"): 6
            case UInt8(ascii: "G"): 9
            case UInt8(ascii: "T"): 12
            case UInt8(ascii: "P"): 15
            case UInt8(ascii: "E"): 18
            default: nil
            }
        }

        private static func binary(_ byte: UInt8) -> Int? {
            switch byte {
            case UInt8(ascii: "K"): 10
            case UInt8(ascii: "M"): 20
            case UInt8(ascii: "G"): 30
            case UInt8(ascii: "T"): 40
            case UInt8(ascii: "P"): 50
            case UInt8(ascii: "E"): 60
            default: nil
            }
        }
    }

    /// The digits so far, and how many of them came after the point. Digits beyond what 128 bits hold count as "a little more".
    private struct Mantissa {
        private var digits: Int128 = 0
        private var scale = 0
        private var isInexact = false
        private var isTooLarge = false

        mutating func append(_ digit: Int128) { isTooLarge = !shift(digit) || isTooLarge }

        mutating func appendFraction(_ digit: Int128) {
            if !isInexact, shift(digit) { scale += 1 } else if digit != 0 || isInexact { isInexact = true }
        }

        private mutating func shift(_ digit: Int128) -> Bool {
            let (product, overflow) = digits.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = product.addingReportingOverflow(digit)
            if overflow || overflowed { return false }
            digits = sum
            return true
        }

        /// In billionths; any rest is rounded up.
        func nanos(_ suffix: Suffix) -> Int128 {
            if isTooLarge { return .max }
            if digits == 0 { return isInexact ? 1 : 0 }
            var amount = digits
            for _ in 0..<suffix.base2 {
                let (doubled, overflow) = amount.multipliedReportingOverflow(by: 2)
                if overflow { return .max }
                amount = doubled
            }
            var exponent = 9 + suffix.base10 - scale
            var rest = isInexact
            while exponent > 0 {
                let (product, overflow) = amount.multipliedReportingOverflow(by: 10)
                if overflow { return .max }
                amount = product
                exponent -= 1
            }
            while exponent < 0, amount > 0 {
                let (quotient, remainder) = amount.quotientAndRemainder(dividingBy: 10)
                rest = rest || remainder != 0
                amount = quotient
                exponent += 1
            }
            return rest ? amount + 1 : amount
        }
    }
}
