import ObjectModel
import Synchronization

/// One schema file. Its head is read at once, the places of its types when one is first asked for, a type when it is first used:
/// a start costs next to nothing. The language is described in `EmbeddedDefinitions/Definitions/README.md`.
final class SchemaFile: Sendable {
    let group: String
    let version: String

    /// The prefix of the names of the types within: `io.k8s.api.apps.v1`.
    let package: String
    let protobufPackage: String

    /// Prefixes that stand for other packages: `core` → `io.k8s.api.core.v1`.
    let aliases: [String: String]

    private let text: [UInt8]
    private let bodyStart: Int
    private let index = AtomicLazyReference<Index>()

    init(text: [UInt8]) {
        var group = ""
        var version = ""
        var package = ""
        var protobufPackage = ""
        var aliases: [String: String] = [:]
        var reader = SchemaLines(text: text, range: text.indices)
        var bodyStart = text.count
        while let line = reader.next() {
            switch line.words.first {
            case "group":
                group = line.word(1)
                version = line.word(2)
            case "package": package = line.word(1)
            case "proto": protobufPackage = line.word(1)
            case "use": aliases[line.word(1)] = line.word(2)
            default:
                bodyStart = line.start
            }
            if bodyStart < text.count { break }
        }
        self.text = text
        self.bodyStart = bodyStart
        self.group = group
        self.version = version
        self.package = package
        self.protobufPackage = protobufPackage
        self.aliases = aliases
    }

    /// Where the file's kinds and types stand.
    private final class Index: Sendable {
        let kinds: [Range<Int>]
        let types: [(name: String, range: Range<Int>)]

        init(kinds: [Range<Int>], types: [(name: String, range: Range<Int>)]) {
            self.kinds = kinds
            self.types = types
        }
    }

    private var places: Index { index.load() ?? index.storeIfNil(makeIndex()) }

    /// A block begins with a line that isn't indented and ends before the next such line.
    private func makeIndex() -> Index {
        var starts: [Int] = []
        var isLineStart = true
        for position in bodyStart..<text.count {
            let byte = text[position]
            if isLineStart, byte == UInt8(ascii: "t") || byte == UInt8(ascii: "k") { starts.append(position) }
            isLineStart = byte == UInt8(ascii: "\n")
        }
        var kinds: [Range<Int>] = []
        var types: [(name: String, range: Range<Int>)] = []
        for (number, start) in starts.enumerated() {
            let range = start..<(number + 1 < starts.count ? starts[number + 1] : text.count)
            if text[start] == UInt8(ascii: "k") {
                kinds.append(range)
            } else {
                let nameEnd = text[(start + 5)...].firstIndex { $0 <= UInt8(ascii: " ") } ?? text.count
                types.append((String(decoding: text[(start + 5)..<nameEnd], as: UTF8.self), range))
            }
        }
        return Index(kinds: kinds, types: types)
    }

    func combine(into hash: inout FNV1a) { hash.combine(text) }

    /// The short names of the file's types, in order.
    var typeNames: [String] { places.types.map(\.name) }

    func kinds() -> [KindDefinition] {
        places.kinds.map { range in
            var lines = SchemaLines(text: text, range: range)
            return KindParser.parse(&lines, in: self)
        }
    }

    /// A shell for each type; what a type says is parsed on its first use.
    func makeTypes(in registry: SchemaRegistry) -> [String: TypeDefinition] {
        var types: [String: TypeDefinition] = [:]
        for (name, range) in places.types {
            // The registry lives as long as its types do: both are kept for the life of the program.
            types[name] = TypeDefinition(name: "\(package).\(name)") { [text] in
                var lines = SchemaLines(text: text, range: range)
                return TypeParser.parse(&lines, in: self, registry)
            }
        }
        return types
    }
}
