import ObjectModel

/// Resolves what probes and hooks aim at: ports by number or by name, hosts with the pod's address as the default.
struct HandlerAddress {
    let container: ContainerSpec
    let podIP: String

    func port(_ value: Value) throws -> Int {
        if let number = value.int { return try Self.checked(number) }
        let name = value.string ?? ""
        if let number = Int(name) { return try Self.checked(number) }
        if let number = container.object["ports"].array.first(where: { $0["name"].string == name })?["containerPort"].int { return number }
        throw ContainerConfigError("couldn't find port: \(value) in container: \(container.name)")
    }

    private static func checked(_ number: Int) throws -> Int {
        guard (1..<65_536).contains(number) else { throw ContainerConfigError("invalid port number: \(number)") }
        return number
    }

    func request(_ action: Value) throws -> ProbeHTTP.Request {
        var path = action["path"].string ?? "/"
        if !path.hasPrefix("/") { path = "/" + path }
        return ProbeHTTP.Request(
            scheme: (action["scheme"].string ?? "HTTP").lowercased(), host: action["host"].string.flatMap { $0.isEmpty ? nil : $0 } ?? podIP,
            port: try port(action["port"]), path: path,
            headers: action["httpHeaders"].array.map { ($0["name"].string ?? "", $0["value"].string ?? "") })
    }
}
