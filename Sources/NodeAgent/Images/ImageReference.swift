/// The name of an image, such as `docker.io/library/nginx:1.27@sha256:…`, read as Docker's clients read it.
struct ImageReference: Sendable, Equatable {
    /// `docker.io` where the name has none.
    var registry: String

    /// `library/nginx`
    var repository: String
    var tag: String?
    var digest: String?

    /// Nil where the name can't be an image's.
    init?(_ name: String) {
        var rest = Substring(name)
        if let at = rest.firstIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            guard Self.isDigest(digest ?? "") else { return nil }
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            tag = String(rest[rest.index(after: colon)...])
            guard Self.isTag(tag ?? "") else { return nil }
            rest = rest[..<colon]
        }
        if let slash = rest.firstIndex(of: "/"), Self.looksLikeHost(rest[..<slash]) {
            registry = String(rest[..<slash])
            repository = String(rest[rest.index(after: slash)...])
        } else {
            registry = "docker.io"
            repository = String(rest)
        }
        if registry == "index.docker.io" { registry = "docker.io" }
        if registry == "docker.io", !repository.contains("/") { repository = "library/\(repository)" }
        guard Self.isRepository(repository) else { return nil }
        if tag == nil, digest == nil { tag = "latest" }
    }

    /// The whole name, with what was left out.
    var full: String { "\(registry)/\(repository)" + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }

    // MARK: Grammar

    private static func looksLikeHost(_ text: Substring) -> Bool {
        text == "localhost" || text.contains(".") || text.contains(":") || text.contains { $0.isUppercase }
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, (1...128).contains(text.utf8.count) else { return false }
        return (isWord(first) || first == UInt8(ascii: "_")) && text.utf8.allSatisfy { isWord($0) || "_.-".utf8.contains($0) }
    }

    private static func isDigest(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":") else { return false }
        let hex = text[text.index(after: colon)...]
        return colon != text.startIndex && hex.utf8.count >= 32 && hex.utf8.allSatisfy { byte in "0123456789abcdefABCDEF".utf8.contains(byte) }
    }

    private static func isRepository(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 255 else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.utf8.first, let last = part.utf8.last, isLower(first), isLower(last) else { return false }
            return part.utf8.allSatisfy { isLower($0) || "._-".utf8.contains($0) }
        }
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isWord(_ byte: UInt8) -> Bool { isLower(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
}
