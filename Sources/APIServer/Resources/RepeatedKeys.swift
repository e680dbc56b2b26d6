import ObjectModel

/// Keys that came twice in a body, in the words that upstream has for the body's form.
struct RepeatedKeys: Sendable {
    /// Of JSON: the paths of the fields.
    private let paths: [String]

    /// Of YAML, whose reader tells of them by line, and of all in one.
    private let lines: [YAML.Duplicate]

    static let none = RepeatedKeys(paths: [])

    init(paths: [String]) {
        self.paths = paths
        lines = []
    }

    init(_ lines: [YAML.Duplicate]) {
        paths = []
        self.lines = lines
    }

    var isEmpty: Bool { paths.isEmpty && lines.isEmpty }

    /// One for each, as warnings tell them.
    var warnings: [String] { paths.map { "duplicate field \"\($0)\"" } + lines.map(\.description) }

    /// As the refusal of a strict request lists them.
    var problems: [String] {
        guard !lines.isEmpty else { return warnings }
        return ["yaml: unmarshal errors:\n" + lines.map { "  \($0)" }.joined(separator: "\n")]
    }

    /// What is unknown is passed over with all that is in it, so it isn't told of twice.
    /// - Parameter unknown: as the decoder tells it: `unknown field "spec.foo"`.
    func outside(_ unknown: [String]) -> RepeatedKeys {
        guard !paths.isEmpty, !unknown.isEmpty else { return self }
        let fields = unknown.compactMap { $0.split(separator: "\"").dropFirst().first }
        return RepeatedKeys(
            paths: paths.filter { path in !fields.contains { path == $0 || path.hasPrefix("\($0).") || path.hasPrefix("\($0)[") } })
    }
}
