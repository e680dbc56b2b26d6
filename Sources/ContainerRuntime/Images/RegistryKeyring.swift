import FoundationEssentials
import ObjectModel

/// Credentials of registries, gathered from the `imagePullSecrets` of a pod, and found again by the image to pull.
///
/// Follows upstream's rules: an entry may have wildcards in its host (`*.example.com`) and a path (`example.com/team`), ports must be equal,
/// and of several that match the most specific comes first.
public struct RegistryKeyring: Sendable {
    private struct Entry: Sendable {
        var host: [String]
        var port: String
        var path: String
        var auth: CRIAuthConfig

        /// What entries are sorted by.
        var key: String { host.joined(separator: ".") + (port.isEmpty ? "" : ":\(port)") + path }
    }

    private var entries: [Entry] = []

    public init() {}

    /// Adds the credentials of a Secret of the type `kubernetes.io/dockerconfigjson` or `kubernetes.io/dockercfg`; others have none.
    ///
    /// Throws `.invalidArgument` for a Secret that can't be read.
    public mutating func add(secret: Value) throws(ContainerRuntimeError) {
        let data = secret["data"]
        if secret["type"].string == "kubernetes.io/dockerconfigjson", let encoded = data[".dockerconfigjson"].string {
            try add(dockerConfig: try Self.decoded(encoded, of: secret))
        } else if secret["type"].string == "kubernetes.io/dockercfg", let encoded = data[".dockercfg"].string {
            try add(registries: try Self.parsed(try Self.decoded(encoded, of: secret)))
        }
    }

    /// Adds the credentials of a `config.json` of Docker's.
    public mutating func add(dockerConfig: [UInt8]) throws(ContainerRuntimeError) {
        try add(registries: try Self.parsed(dockerConfig)["auths"])
    }

    /// The credentials to try for an image, in this order; none where it is pulled without.
    public func credentials(for image: ImageReference) -> [CRIAuthConfig] {
        let (host, port) = Self.split(image.registry)
        let path = "/\(image.repository)"
        let matching = entries.filter { entry in
            entry.port == port && path.hasPrefix(entry.path) && entry.host.count == host.count
                && zip(entry.host, host).allSatisfy { Self.matches(pattern: $0, $1) }
        }
        if !matching.isEmpty { return matching.map(\.auth) }
        // Docker's own registry has an older name, under which its credentials are kept.
        return image.registry == "docker.io" ? entries.filter { $0.key == "index.docker.io" }.map(\.auth) : []
    }

    // MARK: - Reading

    private mutating func add(registries: Value) throws(ContainerRuntimeError) {
        for (location, value) in registries.fields {
            var auth = CRIAuthConfig()
            auth.username = value["username"].string ?? ""
            auth.password = value["password"].string ?? ""
            if let encoded = value["auth"].string, !encoded.isEmpty {
                guard let decoded = Self.decodedBase64(encoded), let colon = decoded.firstIndex(of: UInt8(ascii: ":")) else {
                    throw ContainerRuntimeError(
                        .invalidArgument, "unable to parse auth field of \(location), must be formatted as base64(username:password)")
                }
                auth.username = String(decoding: decoded[..<colon], as: UTF8.self)
                auth.password = String(decoding: decoded[(colon + 1)...], as: UTF8.self)
            }
            guard !auth.username.isEmpty || !auth.password.isEmpty else { continue }
            entries.append(Self.entry(location, auth))
        }
        entries.sort { $0.key > $1.key }
    }

    /// `https://host:port/v1/path`, of which only the host must be there.
    private static func entry(_ location: String, _ auth: CRIAuthConfig) -> Entry {
        var rest = location[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let (host, port) = split(String(rest[..<slash]))
        var path = rest[slash...]
        if path.hasPrefix("/v2/") || path.hasPrefix("/v1/") { path = path.dropFirst(3) }
        if path == "/" { path = "" }
        return Entry(host: host, port: port, path: String(path), auth: auth)
    }

    private static func split(_ host: String) -> (host: [String], port: String) {
        let colon = host.lastIndex(of: ":")
        let name = colon.map { host[..<$0] } ?? host[...]
        return (
            name.split(separator: ".", omittingEmptySubsequences: false).map(String.init), colon.map { String(host[host.index(after: $0)...]) } ?? ""
        )
    }

    /// A pattern of a shell's for one label of a host: `*`, `?` and other characters.
    private static func matches(pattern: String, _ text: String) -> Bool {
        matches(Array(pattern.utf8)[...], Array(text.utf8)[...])
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == UInt8(ascii: "*") {
            return matches(pattern.dropFirst(), text) || (!text.isEmpty && matches(pattern, text.dropFirst()))
        }
        guard let byte = text.first, first == UInt8(ascii: "?") || first == byte else { return false }
        return matches(pattern.dropFirst(), text.dropFirst())
    }

    private static func parsed(_ bytes: [UInt8]) throws(ContainerRuntimeError) -> Value {
        do {
            return try Value(json: bytes)
        } catch {
            throw ContainerRuntimeError(.invalidArgument, "the credentials of registries are not JSON: \(error)", cause: error)
        }
    }

    private static func decoded(_ text: String, of secret: Value) throws(ContainerRuntimeError) -> [UInt8] {
        guard let bytes = decodedBase64(text) else {
            throw ContainerRuntimeError(.invalidArgument, "the data of the secret \(secret["metadata"]["name"].string ?? "") is not base64")
        }
        return bytes
    }

    /// Base64 with its padding or without.
    private static func decodedBase64(_ text: String) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text + padding).map { [UInt8]($0) }
    }
}
