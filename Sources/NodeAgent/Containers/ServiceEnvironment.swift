import ObjectModel

/// The variables that tell a container of the services that were there when it started, such as `REDIS_SERVICE_HOST`.
enum ServiceEnvironment {
    /// - Parameters:
    ///   - services: services of the pod's namespace and of `default`.
    ///   - enableServiceLinks: without it only the API's own service is told of.
    static func variables(_ services: [Value], namespace: String, enableServiceLinks: Bool) -> [(name: String, value: String)] {
        var chosen: [String: Value] = [:]
        for service in services {
            let ip = service.spec["clusterIP"].string ?? ""
            guard !ip.isEmpty, ip != "None", service.spec["type"].string != "ExternalName" else { continue }
            if service.namespace == "default", service.name == "kubernetes" {
                if chosen[service.name] == nil || namespace == "default" { chosen[service.name] = service }
            } else if service.namespace == namespace, enableServiceLinks {
                chosen[service.name] = service
            }
        }
        return chosen.sorted { $0.key < $1.key }.flatMap { variables($0.value) }
    }

    private static func variables(_ service: Value) -> [(name: String, value: String)] {
        let prefix = upper(service.name)
        let ip = service.spec["clusterIP"].string ?? ""
        let host = ip.utf8.contains(UInt8(ascii: ":")) ? "[\(ip)]" : ip
        let ports = service.spec["ports"].array
        guard let first = ports.first?["port"].int else { return [] }
        var result = [("\(prefix)_SERVICE_HOST", ip), ("\(prefix)_SERVICE_PORT", String(first))]
        for port in ports {
            if let name = port["name"].string, !name.isEmpty {
                result.append(("\(prefix)_SERVICE_PORT_\(upper(name))", String(port["port"].int ?? 0)))
            }
        }
        for (index, port) in ports.enumerated() {
            let number = port["port"].int ?? 0
            let upperProtocol = port["protocol"].string ?? "TCP"
            let address = "\(upperProtocol.lowercased())://\(host):\(number)"
            if index == 0 { result.append(("\(prefix)_PORT", address)) }
            let portPrefix = "\(prefix)_PORT_\(number)_\(upperProtocol)"
            result += [
                (portPrefix, address), ("\(portPrefix)_PROTO", upperProtocol.lowercased()), ("\(portPrefix)_PORT", String(number)),
                ("\(portPrefix)_ADDR", ip),
            ]
        }
        return result.map { (name: $0.0, value: $0.1) }
    }

    private static func upper(_ name: String) -> String { String(name.uppercased().map { $0 == "-" ? "_" : $0 }) }
}
