import HTTPServer

/// JSON with a line for each member, for those who read it themselves: `?pretty=true`, and programs that show what they get.
struct Indentation: Sendable {
    private static let readers = ["curl", "Wget", "Mozilla/5.0"]

    /// Nil where the answer stays in one line.
    init?(_ request: HTTPRequest) {
        guard request.api.path.hasPrefix("/api") || request.api.path == "/" || request.api.path == "/version" else { return nil }
        if let wish = request.api.queryValue("pretty"), !wish.isEmpty {
            guard ["1", "t", "T", "true", "TRUE", "True"].contains(wish) else { return nil }
        } else {
            guard let agent = request.headers.first(name: "user-agent"), Self.readers.contains(where: agent.hasPrefix) else { return nil }
        }
    }

    func indent(_ outcome: Outcome) -> Outcome { outcome.changing(elsewhere: \.isLong, Self.indented) }

    @Sendable private static func indented(_ response: HTTPResponse) -> HTTPResponse {
        guard response.headers.first(name: "content-type") == Encoding.json.rawValue, !response.body.isEmpty else { return response }
        var writer = Writer()
        for piece in response.body { writer.write(piece) }
        var indented = response
        indented.body = [writer.text]
        return indented
    }

    /// Breaks valid JSON into lines, two spaces a level. What is empty stays in its line.
    private struct Writer {
        private(set) var text: [UInt8] = []
        private var depth = 0
        private var isInString = false
        private var isEscaped = false

        /// A bracket was opened and nothing has come since.
        private var isOpen = false

        mutating func write(_ json: [UInt8]) {
            text.reserveCapacity(text.count + json.count * 3 / 2)
            for byte in json {
                if isInString {
                    text.append(byte)
                    isInString = isEscaped || byte != UInt8(ascii: "\"")
                    isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                } else {
                    writeToken(byte)
                }
            }
        }

        private mutating func writeToken(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if !isOpen { beginLine() }
                isOpen = false
                text.append(byte)
            case UInt8(ascii: ","):
                text.append(byte)
                beginLine()
            case UInt8(ascii: ":"):
                text.append(byte)
                text.append(UInt8(ascii: " "))
            default:
                if isOpen { beginLine() }
                isOpen = byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[")
                if isOpen { depth += 1 }
                isInString = byte == UInt8(ascii: "\"")
                text.append(byte)
            }
        }

        private mutating func beginLine() {
            text.append(UInt8(ascii: "\n"))
            for _ in 0..<max(depth, 0) {
                text.append(UInt8(ascii: " "))
                text.append(UInt8(ascii: " "))
            }
        }
    }
}
