import ClusterClient
import HTTPServer
import NIOHTTP1
import ObjectModel

/// The `proxy` subresources: an HTTP request, upgrade included, passed on to a pod, to an endpoint of a service or to a node.
extension NodeProxy {
    /// `nodes/NAME/proxy`: the node's own API, or another port of its address.
    public func proxy(_ request: HTTPRequest, node name: String) -> Outcome {
        answer { () throws(APIError) in
            guard let target = ProxyTarget(name) else { throw APIError(.badRequest, "invalid node request \(quoted(name))") }
            guard let endpoint = endpoint(target.name) else { throw .notFound(resource: "nodes", group: "", name: target.name) }
            let backend: Tunnel.Backend =
                target.port.isEmpty || target.port == "\(endpoint.port)"
                ? try self.backend(target.name) : try Self.backend(target.scheme, endpoint.host, try Self.port(target.port))
            return Self.pass(request, on: backend, isNamespaced: false)
        }
    }

    /// `pods/NAME/proxy`: the port that is named, or the first that a container declares.
    public func proxy(_ request: HTTPRequest, pod name: String, find: (String) -> Value?) -> Outcome {
        answer { () throws(APIError) in
            guard let target = ProxyTarget(name) else { throw APIError(.badRequest, "invalid pod request \(quoted(name))") }
            guard let pod = find(target.name) else { throw .notFound(resource: "pods", group: "", name: target.name) }
            guard let address = pod.status["podIP"].string, !address.isEmpty else { throw APIError(.badRequest, "address not allowed") }
            let declared = pod.spec["containers"].array.lazy.flatMap { $0["ports"].array }.compactMap { $0["containerPort"].int }.first
            let standard = declared ?? (target.scheme == "https" ? 443 : 80)
            let port = target.port.isEmpty ? standard : try Self.port(target.port)
            return Self.pass(request, on: try Self.backend(target.scheme, address, port), isNamespaced: true)
        }
    }

    /// `services/NAME/proxy`: any ready endpoint of the port that is named or numbered.
    public func proxy(_ request: HTTPRequest, service name: String, find: (String) -> Value?, slices: (String) -> [Value]) -> Outcome {
        answer { () throws(APIError) in
            guard let target = ProxyTarget(name) else { throw APIError(.badRequest, "invalid service request \(quoted(name))") }
            guard let service = find(target.name) else { throw .notFound(resource: "services", group: "", name: target.name) }
            var portName = target.port
            if let number = Int(target.port) {
                guard let port = service.spec["ports"].array.first(where: { $0["port"].int == number }) else {
                    throw APIError(.serviceUnavailable, "no service port \(number) found for service \(quoted(target.name))")
                }
                portName = port["name"].string ?? ""
            }
            var candidates: [(String, Int)] = []
            for slice in slices(target.name) {
                guard let port = slice["ports"].array.first(where: { ($0["name"].string ?? "") == portName })?["port"].int else { continue }
                for endpoint in slice["endpoints"].array where endpoint["conditions"]["ready"].bool != false {
                    if let address = endpoint["addresses"][0].string { candidates.append((address, port)) }
                }
            }
            guard let (address, port) = candidates.randomElement() else {
                throw APIError(.serviceUnavailable, "no endpoints available for service \(quoted(name))")
            }
            return Self.pass(request, on: try Self.backend(target.scheme, address, port), isNamespaced: true)
        }
    }

    // MARK: Parts

    private func answer(_ body: () throws(APIError) -> Outcome) -> Outcome {
        do throws(APIError) {
            return try body()
        } catch {
            return .respond(HTTPResponse(status: error.code, body: [error.status.canonicalJSON()]))
        }
    }

    /// Over `https` the certificate is not looked at, as upstream: pods have none that anyone could check.
    private static func backend(_ scheme: String, _ host: String, _ port: Int) throws(APIError) -> Tunnel.Backend {
        guard scheme == "https" else { return .tcp(host: host, port: port) }
        return .uncheckedTLS(host: host, port: port)
    }

    private static func port(_ text: String) throws(APIError) -> Int {
        guard let port = UInt16(text), port > 0 else {
            throw APIError(.serviceUnavailable, "error trying to reach service: dial tcp: lookup tcp/\(text): unknown port")
        }
        return Int(port)
    }

    private static func pass(_ request: HTTPRequest, on backend: Tunnel.Backend, isNamespaced: Bool) -> Outcome {
        let path = ProxyPath(uri: request.uri, isNamespaced: isNamespaced)
        var headers = request.headers.withoutCredentials()
        headers.add(name: "x-forwarded-uri", value: path.prefix + path.path)
        if !request.remoteAddress.isEmpty { headers.replaceOrAdd(name: "x-forwarded-for", value: request.remoteAddress) }
        if request.headers.contains(name: "upgrade") {
            headers.add(name: "host", value: backend.authority)
            var tunnel = Tunnel(
                backend: backend, method: request.api.method.rawValue, uri: (path.path.isEmpty ? "/" : path.path) + path.query, headers: headers)
            if !request.api.body.isEmpty { headers.add(name: "content-length", value: "\(request.api.body.count)") }
            tunnel.headers = headers
            tunnel.body = request.api.body
            return .tunnel(tunnel)
        }
        // Relative links of a page that has no slash at its end would lead beside it.
        if path.path.isEmpty, request.api.method == .get || request.api.method == .head {
            return .respond(HTTPResponse(status: 301, contentType: "", headers: ["location": path.prefix + "/" + path.query]))
        }
        var forward = Forward(
            backend: backend, method: request.api.method.rawValue, uri: (path.path.isEmpty ? "/" : path.path) + path.query, headers: headers,
            body: request.api.body)
        forward.links = LinkRewriting(prefix: path.prefix)
        forward.isPatient = true
        return .forward(forward)
    }
}
