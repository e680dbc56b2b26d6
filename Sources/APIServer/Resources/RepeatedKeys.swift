import ObjectModel

/// Keys that came twice within one object of a request's body, and what strict decoding says of them.
struct RepeatedKeys: Sendable {
    /// Of JSON: the text, and the paths of the fields.
    private let text: [UInt8]
    private let paths: [String]

    /// Of YAML, whose reader tells of them by line, and of all in one.
    private let lines: [YAML.Duplicate]

    static let none = RepeatedKeys(paths: [], in: [])

    init(paths: [String], in text: [UInt8]) {
        self.text = text
        self.paths = paths
        lines = []
    }

    init(_ lines: [YAML.Duplicate]) {
        text = []
        paths = []
        self.lines = lines
    }

    var isEmpty: Bool { paths.isEmpty && lines.isEmpty }

    /// One for each, as warnings tell them, with the fields that the decoder does not know.
    /// - Parameter unknown: their paths, in the order of the tree.
    func warnings(_ unknown: [String]) -> [String] { lines.map(\.description) + fields(unknown) }

    /// As the refusal of a strict request lists them.
    func problems(_ unknown: [String]) -> [String] {
        guard !lines.isEmpty else { return fields(unknown) }
        return ["yaml: unmarshal errors:\n" + lines.map { "  \($0)" }.joined(separator: "\n")] + fields(unknown)
    }

    /// YAML becomes JSON, with its keys in order, before it is decoded: there the order of the tree is that of the document.
    private func fields(_ unknown: [String]) -> [String] {
        if text.isEmpty || (paths.isEmpty && unknown.count < 2) { return unknown.prefix(StrictProblems.countMax).map { "unknown field \"\($0)\"" } }
        return StrictProblems.inOrder(of: text, unknown: unknown)
    }
}
