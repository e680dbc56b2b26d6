import NIOHTTP1

/// `Warning` headers beside an answer: each thing once, and not more of them than clients and proxies take.
struct WarningHeaders {
    /// Beyond this many characters together, each warning is cut short, and what doesn't fit then is left out.
    private static let totalMax = 4096
    private static let shortenedMax = 256

    /// The texts as they are told.
    let texts: [String]

    init(_ warnings: [String]) {
        var seen: Set<String> = []
        // A header holds no control characters; a field's name may.
        let told = warnings.filter { text in
            !text.isEmpty && !text.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } && seen.insert(text).inserted
        }
        guard told.reduce(0, { $0 + $1.unicodeScalars.count }) > Self.totalMax else {
            texts = told
            return
        }
        var written = 0
        var kept: [String] = []
        for text in told where written < Self.totalMax {
            var shortened = String.UnicodeScalarView()
            shortened.append(contentsOf: text.unicodeScalars.prefix(Self.shortenedMax))
            written += shortened.count
            kept.append(String(shortened))
        }
        texts = kept
    }

    var headers: HTTPHeaders {
        var headers: HTTPHeaders = [:]
        for text in texts {
            let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            headers.add(name: "warning", value: "299 - \"\(quoted)\"")
        }
        return headers
    }
}
