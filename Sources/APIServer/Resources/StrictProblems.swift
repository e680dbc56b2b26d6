import ObjectModel

/// What strict decoding objects to in a JSON text, in the order in which upstream's decoder meets it: that of the document.
///
/// The parser's trees are in the order of their keys; where there is more to tell than one thing, the text is walked once more.
struct StrictProblems {
    /// Upstream's decoder remembers no more.
    static let countMax = 100

    private let bytes: [UInt8]
    private let unknown: Set<String>
    private var position = 0
    private var found: [String] = []
    private var isTold: Set<String> = []

    /// - Parameters:
    ///   - bytes: JSON that was read without an error.
    ///   - unknown: the fields that the decoder does not know, by their paths. What is within them is passed over.
    static func inOrder(of bytes: [UInt8], unknown: some Sequence<String>) -> [String] {
        var walk = StrictProblems(bytes: bytes, unknown: Set(unknown))
        walk.value("")
        return walk.found
    }

    private init(bytes: [UInt8], unknown: Set<String>) {
        self.bytes = bytes
        self.unknown = unknown
    }

    private mutating func tell(_ problem: String) {
        if found.count < Self.countMax, isTold.insert(problem).inserted { found.append(problem) }
    }

    private mutating func value(_ path: String) {
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): object(path)
        case UInt8(ascii: "["): array(path)
        default: scalar()
        }
    }

    private mutating func object(_ path: String) {
        position += 1
        var keys: Set<String> = []
        while let byte = nextInCollection(), byte != UInt8(ascii: "}") {
            let key = key()
            skipSpace()
            position += 1
            let field = path.isEmpty ? key : "\(path).\(key)"
            if unknown.contains(field) {
                tell("unknown field \"\(field)\"")
                skipValue()
            } else {
                if !keys.insert(key).inserted { tell("duplicate field \"\(field)\"") }
                value(field)
            }
        }
        position += 1
    }

    private mutating func array(_ path: String) {
        position += 1
        var index = 0
        while let byte = nextInCollection(), byte != UInt8(ascii: "]") {
            value("\(path)[\(index)]")
            index += 1
        }
        position += 1
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte <= UInt8(ascii: " ") { position += 1 }
    }

    /// The first byte of the next member or element, or the collection's end.
    private mutating func nextInCollection() -> UInt8? {
        skipSpace()
        if peek == UInt8(ascii: ",") { position += 1 }
        skipSpace()
        return peek
    }

    private mutating func key() -> String {
        let start = position
        scalar()
        let literal = Array(bytes[start..<position])
        guard literal.contains(UInt8(ascii: "\\")) else { return String(decoding: literal.dropFirst().dropLast(), as: UTF8.self) }
        return (try? Value(json: literal))?.string ?? ""
    }

    private mutating func scalar() {
        guard peek == UInt8(ascii: "\"") else {
            while let byte = peek, byte > UInt8(ascii: " "), !",]}".utf8.contains(byte) { position += 1 }
            return
        }
        position += 1
        while let byte = peek, byte != UInt8(ascii: "\"") { position += byte == UInt8(ascii: "\\") ? 2 : 1 }
        position = min(position + 1, bytes.count)
    }

    private mutating func skipValue() {
        skipSpace()
        var depth = 0
        repeat {
            switch peek {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"): position += 1
            default: scalar()
            }
            skipSpace()
        } while depth > 0 && position < bytes.count
    }
}
