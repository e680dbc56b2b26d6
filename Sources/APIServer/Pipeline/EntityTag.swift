/// What stands for one state of a document: by it clients know that they have it already (RFC 9110, 8.8.3).
struct EntityTag: Sendable, Equatable, CustomStringConvertible {
    /// What is between the quotes.
    let opaque: String

    /// As the `ETag` field has it.
    var description: String { "\"\(opaque)\"" }

    /// Whether `If-None-Match` names this state, or any with `*` (RFC 9110, 13.1.2). Weak tags count like strong ones. What is no tag ends the list.
    /// - Parameter fields: the field's values, one for each time that it was sent.
    func isNamed(in fields: [String]) -> Bool { fields.contains { isNamed(in: $0) } }

    private func isNamed(in field: String) -> Bool {
        var rest = field.utf8[...]
        while true {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: ",") }
            if rest.first == UInt8(ascii: "*") { return true }
            if rest.starts(with: "W/".utf8) { rest = rest.dropFirst(2) }
            guard rest.first == UInt8(ascii: "\"") else { return false }
            rest = rest.dropFirst()
            guard let end = rest.firstIndex(of: UInt8(ascii: "\"")) else { return false }
            if rest[..<end].elementsEqual(opaque.utf8) { return true }
            rest = rest[end...].dropFirst()
        }
    }
}
