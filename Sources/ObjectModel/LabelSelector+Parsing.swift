extension LabelSelector {
    /// Reads the query form: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.
    public init(parsing text: String) throws(SelectorError) {
        var parser = Parser(text)
        self.init(try parser.requirements())
    }
}

extension LabelSelector.Requirement {
    /// A condition whose key and values are valid for labels and for the operator. Throws as upstream's `NewRequirement`.
    public init(_ key: String, _ operator: LabelSelector.Operator, _ values: [String]) throws(SelectorError) {
        let sorted = Set(values).sorted()
        var errors: [String] = []
        let keyProblems = Validation.qualifiedName(key)
        if !keyProblems.isEmpty { errors.append("key: Invalid value: \(quoted(key)): \(keyProblems.joined(separator: "; "))") }
        if let problem = Self.countProblem(`operator`, sorted) { errors.append("values: Invalid value: \(Value(sorted)): \(problem)") }
        if `operator` == .greaterThan || `operator` == .lessThan {
            for (index, value) in sorted.enumerated() where Int64(value) == nil {
                errors.append("values[\(index)]: Invalid value: \(quoted(value)): for 'Gt', 'Lt' operators, the value must be an integer")
            }
        }
        for (index, value) in sorted.enumerated() {
            let problems = Validation.labelValue(value)
            if !problems.isEmpty { errors.append("values[\(index)][\(key)]: Invalid value: \(quoted(value)): \(problems.joined(separator: "; "))") }
        }
        guard errors.isEmpty else { throw SelectorError(errors.count == 1 ? errors[0] : "[" + errors.joined(separator: ", ") + "]") }
        self.init(unchecked: key, `operator`, sorted)
    }

    private static func countProblem(_ operator: LabelSelector.Operator, _ values: [String]) -> String? {
        switch `operator` {
        case .in, .notIn: values.isEmpty ? "for 'in', 'notin' operators, values set can't be empty" : nil
        case .equals, .doubleEquals, .notEquals: values.count != 1 ? "exact-match compatibility requires one single value" : nil
        case .exists, .doesNotExist: values.isEmpty ? nil : "values set must be empty for exists and does not exist"
        case .greaterThan, .lessThan: values.count != 1 ? "for 'Gt', 'Lt' operators, exactly one value is required" : nil
        }
    }
}

/// Tokens of the query form.
private enum Token: Equatable {
    case end
    case identifier(String)
    case symbol(String)

    /// `in` or `notin`, which are operators only where an operator may stand.
    case word(String)

    var text: String {
        switch self {
        case .end: ""
        case .identifier(let text), .symbol(let text), .word(let text): text
        }
    }

    var isIdentifier: Bool {
        switch self {
        case .identifier, .word: true
        default: false
        }
    }
}

/// Recursive descent, with upstream's complaints.
private struct Parser {
    private var tokens: [Token] = []
    private var position = 0

    init(_ text: String) { tokens = Self.scan(Array(text.utf8)) }

    mutating func requirements() throws(SelectorError) -> [LabelSelector.Requirement] {
        var requirements: [LabelSelector.Requirement] = []
        while true {
            let token = peek
            if token == .end { return requirements }
            guard token.isIdentifier || token == .symbol("!") else {
                throw SelectorError("found '\(token.text)', expected: !, identifier, or 'end of string'")
            }
            do {
                requirements.append(try requirement())
            } catch {
                throw SelectorError("unable to parse requirement: \(error)")
            }
            switch next() {
            case .end: return requirements
            case .symbol(","):
                guard peek.isIdentifier || peek == .symbol("!") else { throw SelectorError("found '\(peek.text)', expected: identifier after ','") }
            case let other: throw SelectorError("found '\(other.text)', expected: ',' or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(SelectorError) -> LabelSelector.Requirement {
        var token = next()
        let isNegated = token == .symbol("!")
        if isNegated { token = next() }
        guard token.isIdentifier else { throw SelectorError("found '\(token.text)', expected: identifier") }
        let key = token.text
        let problems = Validation.qualifiedName(key)
        guard problems.isEmpty else { throw SelectorError("<nil>: Invalid value: \(quoted(key)): \(problems.joined(separator: "; "))") }
        if isNegated { return try LabelSelector.Requirement(key, .doesNotExist, []) }
        if peek == .end || peek == .symbol(",") { return try LabelSelector.Requirement(key, .exists, []) }
        let kind = try operation()
        let values = kind == .in || kind == .notIn ? try valueList() : [try exactValue()]
        return try LabelSelector.Requirement(key, kind, values)
    }

    private mutating func operation() throws(SelectorError) -> LabelSelector.Operator {
        let token = next()
        switch token {
        case .word("in"): return .in
        case .word("notin"): return .notIn
        case .symbol("="): return .equals
        case .symbol("=="): return .doubleEquals
        case .symbol("!="): return .notEquals
        case .symbol(">"): return .greaterThan
        case .symbol("<"): return .lessThan
        default: throw SelectorError("found '\(token.text)', expected: in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func exactValue() throws(SelectorError) -> String {
        if peek == .end || peek == .symbol(",") { return "" }
        let token = next()
        guard token.isIdentifier else { throw SelectorError("found '\(token.text)', expected: identifier") }
        return token.text
    }

    private mutating func valueList() throws(SelectorError) -> [String] {
        let open = next()
        guard open == .symbol("(") else { throw SelectorError("found '\(open.text)' expected: '('") }
        if peek == .symbol(")") {
            _ = next()
            return []
        }
        guard peek.isIdentifier || peek == .symbol(",") else { throw SelectorError("found '\(peek.text)', expected: ',', ')' or identifier") }
        let values = try identifiers()
        let close = next()
        guard close == .symbol(")") else { throw SelectorError("found '\(close.text)', expected: ')'") }
        return values
    }

    /// Empty places between commas are empty values.
    private mutating func identifiers() throws(SelectorError) -> [String] {
        var values: [String] = []
        while true {
            let token = next()
            if token.isIdentifier {
                values.append(token.text)
                if peek == .symbol(",") { continue }
                if peek == .symbol(")") { return values }
                throw SelectorError("found '\(peek.text)', expected: ',' or ')'")
            }
            guard token == .symbol(",") else { throw SelectorError("found '\(token.text)', expected: ',', or identifier") }
            if values.isEmpty { values.append("") }
            if peek == .symbol(")") { return values + [""] }
            if peek == .symbol(",") {
                _ = next()
                values.append("")
            }
        }
    }

    // MARK: Tokens

    private var peek: Token { position < tokens.count ? tokens[position] : .end }

    private mutating func next() -> Token {
        defer { position += 1 }
        return peek
    }

    private static func scan(_ bytes: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            let start = position
            if isSpace(byte) {
                position += 1
            } else if isSpecial(byte) {
                // `==` and `!=` are the only symbols of two characters.
                let isPair =
                    (byte == UInt8(ascii: "=") || byte == UInt8(ascii: "!")) && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "=")
                position += isPair ? 2 : 1
                tokens.append(.symbol(String(decoding: bytes[start..<position], as: UTF8.self)))
            } else {
                while position < bytes.count, !isSpace(bytes[position]), !isSpecial(bytes[position]) { position += 1 }
                let text = String(decoding: bytes[start..<position], as: UTF8.self)
                tokens.append(text == "in" || text == "notin" ? .word(text) : .identifier(text))
            }
        }
        return tokens
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: ">"), UInt8(ascii: "<"): true
        default: false
        }
    }
}
