import ContainerRuntime
import ObjectModel

/// Finds the credentials for an image in a pod's pull secrets.
struct PullSecrets {
    private var entries: [(pattern: String, auth: CRIAuthConfig)] = []

    /// Reads secrets of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg`; what can't be read is left out.
    init(_ secrets: [Value]) {
        for secret in secrets {
            let data = secret["data"]
            if let text = data[".dockerconfigjson"].string, let config = Self.decode(text) {
                add(config["auths"])
            } else if let text = data[".dockercfg"].string, let config = Self.decode(text) {
                add(config)
            }
        }
    }

    private static func decode(_ text: String) -> Value? { Base64.decode(text).flatMap { try? Value(json: $0) } }

    private mutating func add(_ auths: Value) {
        for (server, entry) in auths.fields {
            var auth = CRIAuthConfig()
            auth.username = entry["username"].string ?? ""
            auth.password = entry["password"].string ?? ""
            auth.identityToken = entry["identitytoken"].string ?? ""
            auth.registryToken = entry["registrytoken"].string ?? ""
            if let pair = entry["auth"].string.flatMap(Base64.decode), let colon = pair.firstIndex(of: UInt8(ascii: ":")) {
                auth.username = String(decoding: pair[..<colon], as: UTF8.self)
                auth.password = String(decoding: pair[(colon + 1)...].filter { $0 != 0 }, as: UTF8.self)
            }
            auth.serverAddress = server
            entries.append((Self.pattern(server), auth))
        }
    }

    /// `https://index.docker.io/v1/` is `docker.io`.
    private static func pattern(_ server: String) -> String {
        var text = Substring(server)
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        while text.hasSuffix("/") { text = text.dropLast() }
        for version in ["/v1", "/v2"] where text.hasSuffix(version) { text = text.dropLast(version.count) }
        return text == "index.docker.io" ? "docker.io" : String(text)
    }

    /// Credentials to try, the most specific first.
    func credentials(for image: ImageReference) -> [CRIAuthConfig] {
        entries.filter { Self.matches($0.pattern, image) }.sorted { $0.pattern.utf8.count > $1.pattern.utf8.count }.map(\.auth)
    }

    /// A host, each label of which may be a glob, and a path that the repository begins with.
    private static func matches(_ pattern: String, _ image: ImageReference) -> Bool {
        let parts = pattern.split(separator: "/", maxSplits: 1).map(String.init)
        guard let host = parts.first else { return false }
        let wanted = host.split(separator: ".")
        let actual = image.registry.split(separator: ".")
        guard wanted.count == actual.count, zip(wanted, actual).allSatisfy({ globMatches($0, $1) }) else { return false }
        return parts.count == 1 || image.repository.hasPrefix(parts[1])
    }

    /// `*` within one label.
    private static func globMatches(_ pattern: Substring, _ text: Substring) -> Bool {
        guard let star = pattern.firstIndex(of: "*") else { return pattern == text }
        let head = pattern[..<star]
        let tail = pattern[pattern.index(after: star)...]
        return text.hasPrefix(head) && text.hasSuffix(tail) && text.count >= head.count + tail.count
    }
}
