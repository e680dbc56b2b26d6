import ObjectModel

/// Keys that came twice in a body, in the words that upstream has for the body's form.
struct RepeatedKeys: Sendable {
    /// One for each, as warnings tell them.
    let warnings: [String]

    /// Whether they come from YAML, whose reader tells of them all in one.
    private let isYAML: Bool

    static let none = RepeatedKeys(paths: [])

    /// Of JSON: the paths of the fields.
    init(paths: [String]) {
        warnings = paths.map { "duplicate field \"\($0)\"" }
        isYAML = false
    }

    init(_ keys: [YAML.Duplicate]) {
        warnings = keys.map(\.description)
        isYAML = true
    }

    /// As the refusal of a strict request lists them.
    var problems: [String] {
        guard isYAML, !warnings.isEmpty else { return warnings }
        return ["yaml: unmarshal errors:\n" + warnings.map { "  \($0)" }.joined(separator: "\n")]
    }

    var isEmpty: Bool { warnings.isEmpty }
}
