/// A type's fields in the order of their numbers, as the encoder and the decoder walk them.
final class ProtobufTable: Sendable {
    struct Entry: Sendable {
        let number: Int
        let content: Content
    }

    enum Content: Sendable {
        /// A field, by its place among the type's fields.
        case field(Int)

        /// A message whose fields are the type's own: what Go embeds.
        case embedded(ProtobufTable)
    }

    let entries: [Entry]

    /// The places of all fields in it, those of embedded messages included.
    let places: [Int]

    /// By number, the index of the entry; -1 for none.
    private let index: [Int16]

    init(_ fields: [FieldDefinition]) {
        let paths = fields.enumerated().filter { !$0.element.protobufPath.isEmpty }.map { (place: $0.offset, path: $0.element.protobufPath[...]) }
        (entries, places, index) = Self.build(paths)
    }

    private init(paths: [(place: Int, path: ArraySlice<Int>)]) { (entries, places, index) = Self.build(paths) }

    private static func build(_ paths: [(place: Int, path: ArraySlice<Int>)]) -> (entries: [Entry], places: [Int], index: [Int16]) {
        let byNumber = Dictionary(grouping: paths) { $0.path.first ?? 0 }
        let entries = byNumber.sorted { $0.key < $1.key }.map { number, group in
            if let field = group.first(where: { $0.path.count == 1 }) { return Entry(number: number, content: .field(field.place)) }
            return Entry(number: number, content: .embedded(ProtobufTable(paths: group.map { ($0.place, $0.path.dropFirst()) })))
        }
        var index = Array(repeating: Int16(-1), count: (entries.last?.number ?? 0) + 1)
        for (offset, entry) in entries.enumerated() { index[entry.number] = Int16(offset) }
        return (entries, paths.map(\.place), index)
    }

    @inline(__always) func entry(_ number: Int) -> Entry? {
        guard number < index.count, index[number] >= 0 else { return nil }
        return entries[Int(index[number])]
    }
}
