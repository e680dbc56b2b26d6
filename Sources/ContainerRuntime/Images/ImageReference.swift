/// The name of an image as a pod gives it, in its full form: `hello:1` means `docker.io/library/hello:1`.
public struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// The registry, with its port if it has one: `docker.io`, `127.0.0.1:5000`.
    public var registry: String

    /// The name in the registry: `library/hello`.
    public var repository: String

    /// `latest` where neither a tag nor a digest was given.
    public var tag: String?

    /// `sha256:…`
    public var digest: String?

    /// Throws `.invalidArgument` for what is not the name of an image, in the words of upstream's `InvalidImageName`.
    public init(_ text: String) throws(ContainerRuntimeError) {
        var rest = text[...]
        if let at = rest.lastIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        }
        if let slash = rest.firstIndex(of: "/"), Self.isRegistry(rest[..<slash]) {
            registry = String(rest[..<slash])
            repository = String(rest[rest.index(after: slash)...])
        } else {
            registry = "docker.io"
            repository = String(rest)
        }
        if registry == "index.docker.io" { registry = "docker.io" }
        if registry == "docker.io", !repository.contains("/") { repository = "library/\(repository)" }
        if tag == nil, digest == nil { tag = "latest" }

        guard Self.isRepository(repository), tag.map(Self.isTag) ?? true, digest.map(Self.isDigest) ?? true else {
            throw ContainerRuntimeError(
                .invalidArgument,
                "couldn't parse image name \"\(text)\": invalid reference format"
                    + (repository.contains(where: \.isUppercase) ? ": repository name must be lowercase" : ""))
        }
    }

    /// Registry and repository, without tag and digest: what credentials are looked up by.
    public var name: String { "\(registry)/\(repository)" }

    public var description: String {
        name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }

    /// What comes before the first slash is a registry if it looks like a host: it has a dot, a port or a capital letter, or is `localhost`.
    private static func isRegistry(_ text: Substring) -> Bool {
        text == "localhost" || text.contains { $0 == "." || $0 == ":" || $0.isUppercase }
    }

    /// Lower-case words with `.`, `_`, `__` or dashes between them, and slashes between such names.
    private static func isRepository(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { component in
                guard let first = component.utf8.first, let last = component.utf8.last, isAlphanumeric(first), isAlphanumeric(last) else {
                    return false
                }
                return component.utf8.allSatisfy { isAlphanumeric($0) || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains($0) }
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy { byte in
            isAlphanumeric(byte | 0x20) && byte != 0x10 || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
        }
    }

    private static func isDigest(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && parts[1].utf8.count >= 32 && parts[1].allSatisfy(\.isHexDigit)
    }
}
