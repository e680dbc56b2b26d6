/// A question about an object's selectable fields: `metadata.name=web,status.phase!=Running`.
public struct FieldSelector: Sendable, Hashable {
    /// One condition on one field. An absent field reads as empty.
    public struct Requirement: Sendable, Hashable {
        public var field: String
        public var value: String

        /// `=` and `==`; false for `!=`.
        public var isEqual: Bool

        public init(field: String, value: String, isEqual: Bool = true) {
            self.field = field
            self.value = value
            self.isEqual = isEqual
        }
    }

    /// All of these must hold.
    public var requirements: [Requirement]

    public static let everything = FieldSelector([])

    public init(_ requirements: [Requirement]) { self.requirements = requirements }

    public var isEmpty: Bool { requirements.isEmpty }

    /// Reads the query form. A backslash before `\`, `,` or `=` makes it part of a value. Throws upstream's words.
    public init(parsing text: String) throws(SelectorError) {
        requirements = []
        for term in Self.terms(Array(text.utf8)).sorted(by: { $0.lexicographicallyPrecedes($1) }) where !term.isEmpty {
            guard let requirement = try Self.requirement(term) else {
                throw SelectorError("invalid selector: '\(text)'; can't understand '\(String(decoding: term, as: UTF8.self))'")
            }
            requirements.append(requirement)
        }
        // By what they mean, for `a==b` and `a=b` are the same.
        requirements.sort { ($0.field, $0.value, $0.isEqual ? 0 : 1) < ($1.field, $1.value, $1.isEqual ? 0 : 1) }
    }

    public func matches(_ field: (String) -> String?) -> Bool {
        requirements.allSatisfy { ((field($0.field) ?? "") == $0.value) == $0.isEqual }
    }

    /// Matches an object, reading each field by its dotted path. (What is selectable, and what it means, is the resource's to say.)
    public func matches(_ object: Value) -> Bool {
        matches { path in
            switch path.split(separator: ".").reduce(object, { $0[String($1)] }) {
            case .string(let text): text
            case .bool(let flag): flag ? "true" : "false"
            case .integer(let integer): String(integer)
            default: nil
            }
        }
    }

    /// The value that the selector demands of a field, if it demands one.
    public func required(_ field: String) -> String? { requirements.first { $0.field == field && $0.isEqual }?.value }

    // MARK: Parts

    private static func terms(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var terms: [ArraySlice<UInt8>] = []
        var start = 0
        var isEscaped = false
        for (index, byte) in bytes.enumerated() {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: ",") {
                terms.append(bytes[start..<index])
                start = index + 1
            }
        }
        return terms + [bytes[start...]]
    }

    private static func requirement(_ term: ArraySlice<UInt8>) throws(SelectorError) -> Requirement? {
        for index in term.indices {
            let rest = term[index...]
            for symbol in ["!=", "==", "="] where rest.starts(with: symbol.utf8) {
                let value = try unescaped(rest.dropFirst(symbol.utf8.count))
                return Requirement(field: String(decoding: term[..<index], as: UTF8.self), value: value, isEqual: symbol != "!=")
            }
        }
        return nil
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) throws(SelectorError) -> String {
        var out: [UInt8] = []
        var isEscaped = false
        for byte in bytes {
            let isSpecial = byte == UInt8(ascii: "\\") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "=")
            if isEscaped {
                guard isSpecial else { throw SelectorError(#"invalid field selector: invalid escape sequence: \#(Unicode.Scalar(byte))"#) }
                out.append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if isSpecial {
                throw SelectorError("invalid field selector: unescaped character in value: \(byte)")
            } else {
                out.append(byte)
            }
        }
        if isEscaped { throw SelectorError(#"invalid field selector: invalid escape sequence: \"#) }
        return String(decoding: out, as: UTF8.self)
    }
}

extension FieldSelector: CustomStringConvertible {
    /// The query form, escaped.
    public var description: String {
        requirements.map { requirement in
            let value = requirement.value.utf8.reduce(into: [UInt8]()) { out, byte in
                if byte == UInt8(ascii: "\\") || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "=") { out.append(UInt8(ascii: "\\")) }
                out.append(byte)
            }
            return "\(requirement.field)\(requirement.isEqual ? "=" : "!=")\(String(decoding: value, as: UTF8.self))"
        }.joined(separator: ",")
    }
}
