import ClusterClient
import HTTPServer
import NIOHTTP1
import ObjectModel

/// Finds out what a request to the node wants, and whether it may.
struct NodeStreamingHandler: RequestHandler {
    let backend: any NodeStreamingBackend

    func handle(_ request: HTTPRequest) -> Outcome {
        if Self.isKnown(request) { return serve(request) }
        return .deferred { [backend, self] in
            if let refusal = await backend.refusal(request) { return .respond(refusal) }
            return serve(request)
        }
    }

    private func serve(_ request: HTTPRequest) -> Outcome {
        let path = request.api.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        switch (path.first ?? "", path.count) {
        case ("healthz", 1): return .respond(.plain(200, "ok"))
        case ("containerLogs", 4) where request.api.method == .get: return logs(request, path[1], path[2], path[3])
        // Some clients name the pod's uid between the pod and the container.
        case ("exec", 4), ("exec", 5): return upgrade(request) { try await exec(request, path[1], path[2], path[path.count - 1]) }
        case ("attach", 4), ("attach", 5): return upgrade(request) { try await attach(request, path[1], path[2], path[path.count - 1]) }
        case ("portForward", 3), ("portForward", 4): return upgrade(request) { try await portForward(request, path[1], path[2]) }
        default: return .wait { [backend] in await backend.answer(request) ?? .plain(404, "404 page not found") }
        }
    }

    // MARK: Who

    /// The API server, which has decided already, and administrators.
    private static func isKnown(_ request: HTTPRequest) -> Bool {
        guard let client = request.clientCertificate else { return false }
        return client.organizations.contains("system:masters") || client.commonName == "kube-apiserver-kubelet-client"
    }

    // MARK: What

    private func logs(_ request: HTTPRequest, _ namespace: String, _ pod: String, _ container: String) -> Outcome {
        .deferred { [backend] in
            do {
                let options = try ContainerLogOptions(request.api)
                let log = try await backend.log(namespace: namespace, pod: pod, container: container, previous: options.previous)
                let reader = try ContainerLogReader(path: log.path, options: options)
                return .stream(StreamHead(contentType: "text/plain")) { sink in
                    // Ends with the sink: every wait in it is over when the client is gone.
                    Task { await reader.send(to: sink, untilEnded: log.untilEnded) }
                }
            } catch {
                return .respond(.failure(error))
            }
        }
    }

    private func exec(_ request: HTTPRequest, _ namespace: String, _ pod: String, _ container: String) async throws -> String {
        let command = request.api.query.filter { $0.name == "command" }.map(\.value)
        guard !command.isEmpty else { throw APIError(.badRequest, "command cannot be empty") }
        return try await backend.execURL(
            namespace: namespace, pod: pod, container: container, command: command, streams: try ContainerStreams(request.api))
    }

    private func attach(_ request: HTTPRequest, _ namespace: String, _ pod: String, _ container: String) async throws -> String {
        try await backend.attachURL(namespace: namespace, pod: pod, container: container, streams: try ContainerStreams(request.api))
    }

    private func portForward(_ request: HTTPRequest, _ namespace: String, _ pod: String) async throws -> String {
        let ports = try request.api.query.filter { $0.name == "port" }.map { pair in
            guard let port = UInt16(pair.value), port > 0 else { throw APIError(.badRequest, "invalid port \"\(pair.value)\"") }
            return Int32(port)
        }
        return try await backend.portForwardURL(namespace: namespace, pod: pod, ports: ports)
    }

    // MARK: Upgrades

    /// Has the runtime prepare a session, then hands the client's connection over to the runtime's streaming server.
    private func upgrade(_ request: HTTPRequest, _ url: @escaping @Sendable () async throws -> String) -> Outcome {
        guard request.headers.contains(name: "upgrade") else { return .respond(.plain(400, "Upgrade request required")) }
        return .deferred {
            do {
                let address = try RuntimeURL(await url())
                var headers = request.headers
                headers.replaceOrAdd(name: "host", value: "\(address.host):\(address.port)")
                return .tunnel(
                    Tunnel(
                        backend: .tcp(host: address.host, port: address.port), method: request.api.method.rawValue, uri: address.target,
                        headers: headers))
            } catch {
                return .respond(.failure(error))
            }
        }
    }
}

/// The URL of a session on the runtime's streaming server: plain HTTP on loopback.
struct RuntimeURL {
    var host: String
    var port: Int
    var target: String

    init(_ url: String) throws(APIError) {
        guard url.hasPrefix("http://") else { throw APIError(.internalError, "cannot use the runtime's streaming URL \(url)") }
        let rest = url.dropFirst("http://".count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = rest[..<slash]
        let colon = authority.lastIndex(of: ":") ?? authority.endIndex
        guard colon != authority.endIndex, let port = Int(authority[authority.index(after: colon)...]) else {
            throw APIError(.internalError, "the runtime's streaming URL \(url) has no port")
        }
        host = authority[..<colon].filter { $0 != "[" && $0 != "]" }
        self.port = port
        target = slash == rest.endIndex ? "/" : String(rest[slash...])
    }
}

extension ContainerStreams {
    /// Reads `input`, `output`, `error` and `tty`; `1` is on.
    init(_ request: APIRequest) throws(APIError) {
        func isOn(_ name: String) -> Bool { request.queryValue(name) == "1" || request.queryValue(name) == "true" }
        let tty = isOn("tty")
        // A terminal has one output.
        self.init(stdin: isOn("input"), stdout: isOn("output"), stderr: isOn("error") && !tty, tty: tty)
        guard stdin || stdout || stderr else { throw APIError(.badRequest, "you must specify at least 1 of stdin, stdout, stderr") }
    }
}

extension HTTPResponse {
    static func plain(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: [Array(text.utf8)])
    }

    static func failure(_ error: any Error) -> HTTPResponse {
        guard let error = error as? APIError else { return .plain(500, "\(error)") }
        return .plain(error.code, error.message)
    }
}
