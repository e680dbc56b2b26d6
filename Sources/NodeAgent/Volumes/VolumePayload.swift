import Glibc
import ObjectModel

/// The files of a volume that is made from objects of the API: config maps, secrets, the pod itself, tokens.
struct VolumePayload {
    /// What a token source asks for.
    struct TokenRequest: Sendable, Hashable {
        var audience: String
        var expirationSeconds: Int64
    }

    /// What the files are made from. Objects are by name; missing ones are not in it.
    struct Source: Sendable {
        var pod: Pod
        var configMaps: [String: Value] = [:]
        var secrets: [String: Value] = [:]
        var downwardAPI: DownwardAPI
        var tokens: [TokenRequest: String] = [:]
    }

    let source: Source

    // MARK: What a volume refers to

    static func references(of volume: Value) -> (configMaps: Set<String>, secrets: Set<String>, tokens: Set<TokenRequest>) {
        var configMaps: Set<String> = []
        var secrets: Set<String> = []
        var tokens: Set<TokenRequest> = []
        if let name = volume["configMap"]["name"].string { configMaps.insert(name) }
        if let name = volume["secret"]["secretName"].string { secrets.insert(name) }
        for projection in volume["projected"]["sources"].array {
            if let name = projection["configMap"]["name"].string { configMaps.insert(name) }
            if let name = projection["secret"]["name"].string { secrets.insert(name) }
            if projection["serviceAccountToken"].isObject { tokens.insert(TokenRequest(projection["serviceAccountToken"])) }
        }
        return (configMaps, secrets, tokens)
    }

    // MARK: Files

    /// The files of a volume, by path.
    func files(of volume: Value) throws -> [String: AtomicDirectory.Content] {
        let name = volume["name"].string ?? ""
        do {
            if volume["configMap"].isObject { return try configMap(volume["configMap"], name: volume["configMap"]["name"].string ?? "", mode: nil) }
            if volume["secret"].isObject { return try secret(volume["secret"], name: volume["secret"]["secretName"].string ?? "", mode: nil) }
            if volume["downwardAPI"].isObject { return try downwardAPI(volume["downwardAPI"], mode: nil) }
            return try projected(volume["projected"])
        } catch let error as ContainerConfigError {
            throw VolumeError(volume: name, message: error.message)
        }
    }

    private static let defaultMode: mode_t = 0o644

    private static func mode(_ value: Value) -> mode_t? { value.int.map { mode_t($0) } }

    private func projected(_ volume: Value) throws -> [String: AtomicDirectory.Content] {
        let mode = Self.mode(volume["defaultMode"]) ?? Self.defaultMode
        var files: [String: AtomicDirectory.Content] = [:]
        for projection in volume["sources"].array {
            if projection["configMap"].isObject {
                files.merge(try configMap(projection["configMap"], name: projection["configMap"]["name"].string ?? "", mode: mode)) { $1 }
            } else if projection["secret"].isObject {
                files.merge(try secret(projection["secret"], name: projection["secret"]["name"].string ?? "", mode: mode)) { $1 }
            } else if projection["downwardAPI"].isObject {
                files.merge(try downwardAPI(projection["downwardAPI"], mode: mode)) { $1 }
            } else if projection["serviceAccountToken"].isObject {
                files[projection["serviceAccountToken"]["path"].string ?? "token"] = try token(projection["serviceAccountToken"], mode: mode)
            } else {
                throw ContainerConfigError("projected volume source \(projection.fields.keys.first ?? "") is not supported")
            }
        }
        return files
    }

    private func configMap(_ source: Value, name: String, mode: mode_t?) throws -> [String: AtomicDirectory.Content] {
        guard let map = self.source.configMaps[name] else {
            if source["optional"].bool == true { return [:] }
            throw ContainerConfigError("configmap \"\(name)\" not found")
        }
        var data = map["data"].stringMap.mapValues { Array($0.utf8) }
        for (key, text) in map["binaryData"].stringMap { data[key] = Base64.decode(text) ?? [] }
        return try pick(data, source, mode: mode) { "configmap references non-existent config key: \($0)" }
    }

    private func secret(_ source: Value, name: String, mode: mode_t?) throws -> [String: AtomicDirectory.Content] {
        guard let secret = self.source.secrets[name] else {
            if source["optional"].bool == true { return [:] }
            throw ContainerConfigError("secret \"\(name)\" not found")
        }
        let data = secret["data"].stringMap.mapValues { Base64.decode($0) ?? [] }
        return try pick(data, source, mode: mode) { "references non-existent secret key: \($0)" }
    }

    /// All keys, or those that `items` names.
    private func pick(
        _ data: [String: [UInt8]], _ source: Value, mode: mode_t?, missing: (String) -> String
    ) throws -> [String: AtomicDirectory.Content] {
        let mode = mode ?? Self.mode(source["defaultMode"]) ?? Self.defaultMode
        guard source["items"].isArray, !source["items"].array.isEmpty else {
            return data.mapValues { AtomicDirectory.Content(bytes: $0, mode: mode) }
        }
        var files: [String: AtomicDirectory.Content] = [:]
        for item in source["items"].array {
            let key = item["key"].string ?? ""
            guard let bytes = data[key] else {
                if source["optional"].bool == true { continue }
                throw ContainerConfigError(missing(key))
            }
            files[try Self.checked(item["path"].string ?? key)] = AtomicDirectory.Content(bytes: bytes, mode: Self.mode(item["mode"]) ?? mode)
        }
        return files
    }

    private func downwardAPI(_ source: Value, mode: mode_t?) throws -> [String: AtomicDirectory.Content] {
        let mode = mode ?? Self.mode(source["defaultMode"]) ?? Self.defaultMode
        var files: [String: AtomicDirectory.Content] = [:]
        for item in source["items"].array {
            let text: String
            if let path = item["fieldRef"]["fieldPath"].string {
                text = try self.source.downwardAPI.field(path)
            } else {
                let container = self.source.pod.container(named: item["resourceFieldRef"]["containerName"].string ?? "")
                guard let container else {
                    throw ContainerConfigError("container \(item["resourceFieldRef"]["containerName"].string ?? "") not found")
                }
                text = try self.source.downwardAPI.resource(item["resourceFieldRef"], of: container)
            }
            let path = try Self.checked(item["path"].string ?? "")
            files[path] = AtomicDirectory.Content(bytes: Array(text.utf8), mode: Self.mode(item["mode"]) ?? mode)
        }
        return files
    }

    /// A token is for its container's user alone, where there is one user; else for whom the mode lets read it.
    private func token(_ source: Value, mode: mode_t) throws -> AtomicDirectory.Content {
        guard let token = self.source.tokens[TokenRequest(source)] else { throw ContainerConfigError("no token") }
        let user = self.source.pod.commonUser
        let isPrivate = user != nil || !self.source.pod.spec["securityContext"]["fsGroup"].isNull
        return AtomicDirectory.Content(bytes: Array(token.utf8), mode: isPrivate ? 0o600 : mode, user: user)
    }

    /// The server checks paths too; a file outside of the volume would be the node's.
    private static func checked(_ path: String) throws -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !path.isEmpty, !path.hasPrefix("/"), !parts.contains(".."), !path.hasPrefix("..") else {
            throw ContainerConfigError("invalid path: \(path)")
        }
        return path
    }
}

extension VolumePayload.TokenRequest {
    init(_ source: Value) {
        self.init(audience: source["audience"].string ?? "", expirationSeconds: source["expirationSeconds"].integer ?? 3_600)
    }
}

extension Pod {
    /// The user that all containers run as, where the spec says so for each and it is the same.
    var commonUser: Int? {
        let shared = spec["securityContext"]["runAsUser"].int
        var users: Set<Int> = []
        for container in allContainers {
            guard let user = container.object["securityContext"]["runAsUser"].int ?? shared else { return nil }
            users.insert(user)
        }
        return users.count == 1 ? users.first : nil
    }
}
