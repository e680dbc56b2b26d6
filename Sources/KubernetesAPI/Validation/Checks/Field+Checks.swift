import ObjectModel

/// The vocabulary that rules are written in. A check on a field that is absent holds, unless its name says that the field must be there.
extension Field {
    // MARK: Presence

    /// Must say something. True where it does, so that further checks make sense.
    @discardableResult
    func require(_ detail: String = "") -> Bool {
        if isEmpty { missing(detail) }
        return !isEmpty
    }

    /// Must be there, though it may be empty.
    @discardableResult
    func requirePresent(_ detail: String = "") -> Bool {
        if isAbsent { missing(detail) }
        return !isAbsent
    }

    /// Must not say anything.
    func mustBeEmpty(_ detail: String) { if !isEmpty { forbid(detail) } }

    // MARK: Texts

    /// A text keeps a rule, such as `Validation.dns1123Label`. The empty text is not looked at.
    @discardableResult
    func matches(_ rule: (String) -> [String]) -> Bool {
        guard case .string(let text) = value, !text.isEmpty else { return true }
        let problems = rule(text)
        for problem in problems { refuse(problem) }
        return problems.isEmpty
    }

    /// A text must be there and keep a rule.
    @discardableResult
    func requireMatch(_ rule: (String) -> [String], _ detail: String = "") -> Bool { require(detail) && matches(rule) }

    /// Must be one of these; absent is an error of its own.
    func requireOneOf(_ supported: [String], _ detail: String = "") {
        if isEmpty { missing(detail) } else if !supported.contains(text) { unsupported(supported) }
    }

    /// Must be one of these where it says something.
    func oneOf(_ supported: [String]) { if !isEmpty, !supported.contains(text) { unsupported(supported) } }

    /// Must be one of these; the empty text is just another that is not.
    func mustBeOneOf(_ supported: [String]) { if !supported.contains(text) { unsupported(supported) } }

    // MARK: Numbers

    func nonNegative() { if let number = value.integer, number < 0 { refuse(Words.notNegative) } }

    func positive() { if let number = value.integer, number <= 0 { refuse(Words.positive) } }

    func inRange(_ range: ClosedRange<Int64>) {
        if let number = value.integer, !range.contains(number) { refuse("must be between \(range.lowerBound) and \(range.upperBound), inclusive") }
    }

    func port() { inRange(1...65535) }

    func userID() { inRange(0...Words.int32Max) }

    // MARK: Quantities

    /// The amount; nil where there is none that can be read, which decoding has refused.
    var quantity: Quantity? { isAbsent ? nil : try? Quantity(value) }

    func nonNegativeQuantity() {
        if let quantity, quantity < .zero { refuse(.string(quantity.description), Words.notNegative) }
    }

    // MARK: Change

    /// Must be what it was. `old` is nil for a creation.
    func immutable(since old: Field?, _ detail: String = Words.immutable) {
        if let old, old.value != value { refuse(detail) }
    }

    // MARK: Labels

    @discardableResult
    func labels() -> Bool {
        guard !isEmpty else { return true }
        let errors = MetadataValidation.labels(value, path)
        errors.forEach(findings.report)
        return errors.isEmpty
    }

    func labelKey() { matches(Validation.qualifiedName) }

    /// A `metav1.LabelSelector`. True where it can be read.
    @discardableResult
    func labelSelector() -> Bool {
        guard !isEmpty else { return true }
        let found = findings.errors.count
        self["matchLabels"].labels()
        for expression in elements("matchExpressions") {
            let values = expression["values"]
            switch expression.text("operator") {
            case "In", "NotIn": values.require("must be specified when `operator` is 'In' or 'NotIn'")
            case "Exists", "DoesNotExist": values.mustBeEmpty("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            default: expression["operator"].refuse(.string(expression.text("operator")), "not a valid selector operator")
            }
            let key = expression["key"]
            for problem in Validation.qualifiedName(key.text) { key.refuse(.string(key.text), problem) }
            for value in expression.elements("values") { value.matches(Validation.labelValue) }
        }
        return findings.errors.count == found
    }
}

/// Names met so far, of which each may come once.
struct Names {
    private var seen: Set<String> = []

    func contains(_ name: String) -> Bool { seen.contains(name) }

    var sorted: [String] { seen.sorted() }

    /// Reports a name that came before. The empty name is somebody else's to refuse.
    mutating func insertUnique(_ field: Field) { insertUnique(field.text, field) }

    mutating func insertUnique(_ name: String, _ field: Field) {
        if !name.isEmpty, !seen.insert(name).inserted { field.duplicate() }
    }

    @discardableResult
    mutating func insert(_ name: String) -> Bool { seen.insert(name).inserted }
}
