/// A question about labels: `app=web,tier in (front,back),!canary`, or the same as a `metav1.LabelSelector`.
///
/// An empty selector matches everything. An absent `metav1.LabelSelector` matches nothing.
public struct LabelSelector: Sendable, Hashable {
    /// All of these must hold. Sorted by key.
    public let requirements: [Requirement]

    /// True for the selector that matches no object, whatever its labels.
    public let matchesNothing: Bool

    public static let everything = LabelSelector([])
    public static let nothing = LabelSelector([], matchesNothing: true)

    public init(_ requirements: [Requirement]) { self.init(requirements, matchesNothing: false) }

    private init(_ requirements: [Requirement], matchesNothing: Bool) {
        self.requirements = requirements.sorted { $0.key < $1.key }
        self.matchesNothing = matchesNothing
    }

    /// The labels must all be there with these values.
    public init(matchLabels: [String: String]) {
        self.init(matchLabels.map { Requirement(unchecked: $0.key, .equals, [$0.value]) })
    }

    /// Everything matches.
    public var isEmpty: Bool { requirements.isEmpty && !matchesNothing }

    public enum Operator: String, Sendable {
        case `in` = "in"
        case notIn = "notin"
        case equals = "="
        case doubleEquals = "=="
        case notEquals = "!="
        case exists = "exists"
        case doesNotExist = "!"
        case greaterThan = "gt"
        case lessThan = "lt"
    }

    /// One condition on one label.
    public struct Requirement: Sendable, Hashable {
        public let key: String
        public let `operator`: Operator

        /// Sorted, each once.
        public let values: [String]

        init(unchecked key: String, _ operator: Operator, _ values: [String]) {
            self.key = key
            self.operator = `operator`
            self.values = values
        }
    }
}

// MARK: - Matching

extension LabelSelector {
    public func matches(_ labels: [String: String]) -> Bool {
        !matchesNothing && requirements.allSatisfy { $0.matches(labels[$0.key]) }
    }

    /// Matches an object by its `metadata.labels`, read in place.
    public func matches(_ object: Value) -> Bool { matches(labels: object.metadata["labels"]) }

    /// Matches a `labels` member, such as that of a pod template.
    public func matches(labels: Value) -> Bool {
        if matchesNothing { return false }
        if requirements.isEmpty { return true }
        guard case .object(let fields) = labels else { return requirements.allSatisfy { $0.matches(nil) } }
        return requirements.allSatisfy { $0.matches(fields[$0.key]?.string) }
    }
}

extension LabelSelector.Requirement {
    func matches(_ value: String?) -> Bool {
        switch self.operator {
        case .in, .equals, .doubleEquals: value.map(values.contains) ?? false
        case .notIn, .notEquals: value.map { !values.contains($0) } ?? true
        case .exists: value != nil
        case .doesNotExist: value == nil
        case .greaterThan, .lessThan: compares(value)
        }
    }

    private func compares(_ value: String?) -> Bool {
        guard let value, let left = Int64(value), let bound = values.first, let right = Int64(bound) else { return false }
        return self.operator == .greaterThan ? left > right : left < right
    }
}

// MARK: - metav1.LabelSelector

extension LabelSelector {
    /// Reads a `metav1.LabelSelector`. Throws what upstream's `LabelSelectorAsSelector` returns.
    public init(_ selector: Value) throws(SelectorError) {
        guard selector.isObject else {
            self = .nothing
            return
        }
        var requirements: [Requirement] = []
        for (key, value) in selector["matchLabels"].fields {
            requirements.append(try Requirement(key, .equals, [value.string ?? ""]))
        }
        for expression in selector["matchExpressions"].array {
            let name = expression["operator"].string ?? ""
            guard let kind = Self.operators[name] else { throw SelectorError("\(quoted(name)) is not a valid label selector operator") }
            requirements.append(try Requirement(expression["key"].string ?? "", kind, expression["values"].strings))
        }
        self.init(requirements)
    }

    private static let operators: [String: Operator] = ["In": .in, "NotIn": .notIn, "Exists": .exists, "DoesNotExist": .doesNotExist]
}

// MARK: - Writing

extension LabelSelector: CustomStringConvertible {
    /// The query form, as `status.selector` of a scale carries it.
    public var description: String { requirements.map(\.description).joined(separator: ",") }
}

extension LabelSelector.Requirement: CustomStringConvertible {
    public var description: String {
        switch self.operator {
        case .exists: key
        case .doesNotExist: "!\(key)"
        case .in: "\(key) in (\(values.joined(separator: ",")))"
        case .notIn: "\(key) notin (\(values.joined(separator: ",")))"
        case .equals, .doubleEquals, .notEquals: "\(key)\(self.operator.rawValue)\(values.first ?? "")"
        case .greaterThan: "\(key)>\(values.first ?? "")"
        case .lessThan: "\(key)<\(values.first ?? "")"
        }
    }
}

/// Why a selector could not be read, in upstream's words.
public struct SelectorError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}

/// A text in quotes, as Go's `%q` writes it.
func quoted(_ text: String) -> String { Value.string(text).description }
