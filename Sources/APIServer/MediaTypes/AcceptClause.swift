/// One wish of an `Accept` header: a media type, its parameters, and how much it is wished for.
struct AcceptClause: Sendable, Equatable {
    /// `application/json`, `application/*`, `*/*`
    var type: Substring
    var parameters: [Substring: Substring] = [:]
    var quality = 1.0

    /// The wishes of a header: what is wished for most first; of equals, those that name a type before those that name a family or all, else as they came.
    static func parse(_ header: String) -> [AcceptClause] {
        let clauses = header.split(separator: ",").compactMap { AcceptClause($0) }
        return clauses.enumerated().sorted { left, right in
            if left.element.quality != right.element.quality { return left.element.quality > right.element.quality }
            if left.element.breadth != right.element.breadth { return left.element.breadth < right.element.breadth }
            return left.offset < right.offset
        }.map(\.element)
    }

    private init?(_ text: Substring) {
        let parts = text.split(separator: ";").map(\.trimmed)
        guard let type = parts.first, !type.isEmpty else { return nil }
        self.type = type == "*" ? "*/*" : type
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let (name, value) = (part[..<equals].trimmed, part[part.index(after: equals)...].trimmed)
            if name == "q" { quality = Double(value) ?? 1 } else { parameters[name] = value }
        }
    }

    /// 0 for a type, 1 for a family, 2 for everything.
    private var breadth: Int { type == "*/*" ? 2 : type.hasSuffix("/*") ? 1 : 0 }

    func matches(_ name: String) -> Bool {
        type == name || type == "*/*" || (breadth == 1 && name.hasPrefix(type.dropLast()))
    }
}
