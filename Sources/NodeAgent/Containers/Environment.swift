import ObjectModel

/// The environment variables of one container.
struct Environment: Sendable, Equatable {
    struct Variable: Sendable, Equatable {
        var name: String
        var value: String
    }

    private(set) var variables: [Variable] = []
    private var positions: [String: Int] = [:]

    subscript(name: String) -> String? {
        get { positions[name].map { variables[$0].value } }
        set {
            guard let newValue else { return }
            if let position = positions[name] {
                variables[position].value = newValue
            } else {
                positions[name] = variables.count
                variables.append(Variable(name: name, value: newValue))
            }
        }
    }

    /// `$(NAME)` in commands and arguments.
    func expand(_ text: String) throws(ContainerConfigError) -> String { try VariableExpansion.expand(text) { self[$0] } }
}

/// What an environment is made from: the objects that it refers to are there already, so that making it is pure.
struct EnvironmentSource: Sendable {
    /// Config maps and secrets of the pod's namespace, by name; missing ones are not in it.
    var configMaps: [String: Value] = [:]
    var secrets: [String: Value] = [:]
    var services: [(name: String, value: String)] = []
    var downwardAPI: DownwardAPI

    /// The objects that a container's variables refer to.
    static func references(of container: ContainerSpec) -> (configMaps: Set<String>, secrets: Set<String>) {
        var configMaps: Set<String> = []
        var secrets: Set<String> = []
        for source in container.object["envFrom"].array {
            if let name = source["configMapRef"]["name"].string { configMaps.insert(name) }
            if let name = source["secretRef"]["name"].string { secrets.insert(name) }
        }
        for variable in container.object["env"].array {
            if let name = variable["valueFrom"]["configMapKeyRef"]["name"].string { configMaps.insert(name) }
            if let name = variable["valueFrom"]["secretKeyRef"]["name"].string { secrets.insert(name) }
        }
        return (configMaps, secrets)
    }

    /// Later definitions win: whole objects, then single variables; services' variables only fill what is left.
    func environment(of container: ContainerSpec) throws -> Environment {
        var environment = Environment()
        try addWholeObjects(container, to: &environment)
        let services = Dictionary(self.services.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        for variable in container.object["env"].array {
            guard let name = variable["name"].string else { continue }
            if let value = try value(of: variable, in: container, known: environment, services: services) { environment[name] = value }
        }
        for (name, value) in self.services where environment[name] == nil { environment[name] = value }
        return environment
    }

    // MARK: envFrom

    private func addWholeObjects(_ container: ContainerSpec, to environment: inout Environment) throws {
        for source in container.object["envFrom"].array {
            let prefix = source["prefix"].string ?? ""
            for (key, value) in try wholeObject(source) where !key.isEmpty && !key.contains("=") { environment[prefix + key] = value }
        }
    }

    private func wholeObject(_ source: Value) throws -> [(String, String)] {
        if source["configMapRef"].isObject {
            let reference = source["configMapRef"]
            guard let map = try find(reference, in: configMaps, kind: "configmap") else { return [] }
            return map["data"].stringMap.sorted { $0.key < $1.key }
        }
        let reference = source["secretRef"]
        guard let secret = try find(reference, in: secrets, kind: "secret") else { return [] }
        return secret["data"].stringMap.sorted { $0.key < $1.key }.map { ($0.key, String(decoding: Base64.decode($0.value) ?? [], as: UTF8.self)) }
    }

    private func find(_ reference: Value, in objects: [String: Value], kind: String) throws -> Value? {
        let name = reference["name"].string ?? ""
        if let object = objects[name] { return object }
        if reference["optional"].bool == true { return nil }
        throw ContainerConfigError("\(kind) \"\(name)\" not found")
    }

    // MARK: env

    private func value(of variable: Value, in container: ContainerSpec, known: Environment, services: [String: String]) throws -> String? {
        let source = variable["valueFrom"]
        guard source.isObject else { return try VariableExpansion.expand(variable["value"].string ?? "") { known[$0] ?? services[$0] } }
        if source["fieldRef"].isObject { return try downwardAPI.field(source["fieldRef"]["fieldPath"].string ?? "") }
        if source["resourceFieldRef"].isObject { return try downwardAPI.resource(source["resourceFieldRef"], of: container) }
        if source["configMapKeyRef"].isObject {
            let reference = source["configMapKeyRef"]
            guard let map = try find(reference, in: configMaps, kind: "configmap") else { return nil }
            return try entry(map["data"], reference, kind: "ConfigMap")
        }
        if source["secretKeyRef"].isObject {
            let reference = source["secretKeyRef"]
            guard let secret = try find(reference, in: secrets, kind: "secret") else { return nil }
            return try entry(secret["data"], reference, kind: "Secret").map { String(decoding: Base64.decode($0) ?? [], as: UTF8.self) }
        }
        return nil
    }

    private func entry(_ data: Value, _ reference: Value, kind: String) throws -> String? {
        let key = reference["key"].string ?? ""
        if let value = data[key].string { return value }
        if reference["optional"].bool == true { return nil }
        let pod = downwardAPI.pod
        throw ContainerConfigError("couldn't find key \(key) in \(kind) \(pod.namespace)/\(reference["name"].string ?? "")")
    }
}
