import ObjectModel

/// What workloads read: config maps and secrets.
enum ConfigurationTable {
    static let rules: [String: KindValidation.Rules] = ["configmaps": configMap, "secrets": secret]

    private static let bytesMax = 1024 * 1024
    private static let frozen = "field is immutable when `immutable` is set"

    // MARK: Config maps

    @Sendable private static func configMap(_ map: Field, _ old: Field?) {
        var size = 0
        for (key, item) in map.entries("data") {
            self.key(key, item)
            if !map.value["binaryData"][key].isNull { item.refuse(.string(key), "duplicate of key present in binaryData") }
            size += item.text.utf8.count
        }
        for (key, item) in map.entries("binaryData") {
            self.key(key, item)
            size += decodedCount(item.text)
        }
        // Upstream has no name for the whole.
        if size > bytesMax { map.findings.report(.tooLong("[]", max: bytesMax)) }
        if let old { immutable(map, old, ["data", "binaryData"]) }
    }

    private static func key(_ key: String, _ item: Field) { for problem in Validation.configMapKey(key) { item.refuse(.string(key), problem) } }

    private static func immutable(_ object: Field, _ old: Field, _ fields: [String]) {
        guard old.isTrue("immutable") else { return }
        if !object.isTrue("immutable") { object["immutable"].forbid(frozen) }
        for field in fields where object.value[field] != old.value[field] { object[field].forbid(frozen) }
    }

    /// Bytes that a base64 text stands for.
    private static func decodedCount(_ text: String) -> Int {
        let padding = text.utf8.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        return text.utf8.count / 4 * 3 - padding
    }

    // MARK: Secrets

    @Sendable private static func secret(_ secret: Field, _ old: Field?) {
        let data = secret["data"]
        var size = 0
        for (key, item) in secret.entries("data") {
            self.key(key, item)
            size += decodedCount(item.text)
        }
        if size > bytesMax { data.tooLong(max: bytesMax) }
        let keys = data.value.fields
        switch secret.text("type") {
        case "kubernetes.io/service-account-token":
            secret["metadata"]["annotations"].key("kubernetes.io/service-account.name").require()
        case "kubernetes.io/dockercfg": registryLogin(data, ".dockercfg")
        case "kubernetes.io/dockerconfigjson": registryLogin(data, ".dockerconfigjson")
        case "kubernetes.io/basic-auth":
            guard !keys.contains("username"), !keys.contains("password") else { break }
            for key in ["username", "password"] { data.key(key).missing() }
        case "kubernetes.io/ssh-auth": data.key("ssh-privatekey").require()
        case "kubernetes.io/tls": for key in ["tls.crt", "tls.key"] where !keys.contains(key) { data.key(key).missing() }
        default: break
        }
        guard let old else { return }
        secret["type"].immutable(since: old["type"])
        immutable(secret, old, ["data"])
    }

    private static func registryLogin(_ data: Field, _ key: String) {
        guard data.value.fields.contains(key) else { return data.key(key).missing() }
        let bytes = Base64.decode(data.text(key)) ?? []
        do throws(JSONError) {
            _ = try Value(json: bytes)
        } catch {
            data.key(key).refuse("<secret contents redacted>", error.message)
        }
    }
}
