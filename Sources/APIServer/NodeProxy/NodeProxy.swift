import ClusterClient
import HTTPServer
import NIOHTTP1
import ObjectModel

/// The API server's way into a pod: `exec`, `attach`, `portforward` and `log` are answered by the streaming server of the node that the pod runs on.
///
/// The caller has authenticated and authorized the request and hands over the pod as it is stored.
public struct NodeProxy: Sendable {
    /// Where a node's streaming server listens.
    public struct Endpoint: Sendable, Hashable {
        public var host: String
        public var port: Int

        /// The name that the node's serving certificate bears: the node's own. Nil where the certificate bears the address.
        public var serverName: String?

        public init(host: String, port: Int = 10250, serverName: String?) {
            self.host = host
            self.port = port
            self.serverName = serverName
        }
    }

    let credentials: @Sendable () -> TLSCredentials
    let endpoint: @Sendable (String) -> Endpoint?

    /// - Parameters:
    ///   - credentials: what the API server shows to nodes and trusts them by; asked for every connection, so that a renewed certificate counts.
    ///   - endpoint: the address of a node by its name, as read from its object (`Endpoint(node:)`).
    public init(credentials: @escaping @Sendable () -> TLSCredentials, endpoint: @escaping @Sendable (String) -> Endpoint?) {
        self.credentials = credentials
        self.endpoint = endpoint
    }

    // MARK: The pod's subresources

    /// `pods/exec`. `PodExecOptions` are in the query.
    public func exec(_ request: HTTPRequest, pod: Value) -> Outcome {
        upgrade(request, pod, .streams(Self.commandStreams(request))) { () throws(APIError) in
            let commands = request.api.query.filter { $0.name == "command" && !$0.value.isEmpty }
            guard !commands.isEmpty else { throw Self.invalidOptions("PodExecOptions", .required("command")) }
            let container = try Self.container(request, pod)
            return "/exec/\(pod.namespace)/\(pod.name)/\(container)?" + Self.query(commands + Self.streams(request))
        }
    }

    /// `pods/attach`.
    public func attach(_ request: HTTPRequest, pod: Value) -> Outcome {
        upgrade(request, pod, .streams(Self.commandStreams(request))) { () throws(APIError) in
            let container = try Self.container(request, pod)
            return "/attach/\(pod.namespace)/\(pod.name)/\(container)?" + Self.query(Self.streams(request))
        }
    }

    /// `pods/portforward`. Clients on WebSocket name the ports in the query; those on SPDY, within a WebSocket or not, name one for each stream.
    public func portForward(_ request: HTTPRequest, pod: Value) -> Outcome {
        upgrade(request, pod, .bytes) { () throws(APIError) in
            var ports: [(name: String, value: String)] = []
            for (name, value) in request.api.query where name == "ports" {
                for port in value.split(separator: ",") { ports.append(("port", String(port))) }
            }
            return "/portForward/\(pod.namespace)/\(pod.name)" + (ports.isEmpty ? "" : "?" + Self.query(ports))
        }
    }

    /// `pods/log`: plain text, followed if asked for. A pod without a node has no log yet: 204.
    public func log(_ request: HTTPRequest, pod: Value) -> Outcome {
        do {
            let options = try LogOptions(request)
            let container = try Self.container(request, pod)
            guard let node = pod["spec"]["nodeName"].string, !node.isEmpty else {
                return .respond(HTTPResponse(status: 204, contentType: "", body: []))
            }
            let path = "/containerLogs/\(pod.namespace)/\(pod.name)/\(container)"
            var forward = Forward(
                backend: try backend(node), method: "GET", uri: options.query.isEmpty ? path : path + "?" + Self.query(options.query),
                headers: ["accept": "*/*", "user-agent": request.api.userAgent])
            forward.responseHeaders = ["content-type": "text/plain"]
            let name = pod.name
            forward.onFailure = { Self.response(NodeFailure.error($0, resource: "pods/log", name: name)) }
            return .forward(forward)
        } catch {
            return .respond(Self.response(error))
        }
    }

    // MARK: Parts

    private func upgrade(
        _ request: HTTPRequest, _ pod: Value, _ content: WebSocketTunnel.Content, _ path: () throws(APIError) -> String
    ) -> Outcome {
        do throws(APIError) {
            let target = try path()
            guard let node = pod["spec"]["nodeName"].string, !node.isEmpty else {
                throw APIError(.badRequest, "pod \(pod.name) does not have a host assigned")
            }
            guard request.headers.contains(name: "upgrade") else { throw APIError(.badRequest, "Upgrade request required") }
            let client = StreamingClient(request, content)
            var tunnel = Tunnel(
                backend: try backend(node), method: client.webSocket == nil ? request.api.method.rawValue : "POST", uri: target,
                headers: client.headers)
            tunnel.webSocket = client.webSocket
            return .tunnel(tunnel)
        } catch {
            return .respond(Self.response(error))
        }
    }

    func backend(_ node: String) throws(APIError) -> Tunnel.Backend {
        guard let endpoint = endpoint(node) else {
            throw APIError(.internalError, "no preferred addresses found for node \"\(node)\"; known addresses: []")
        }
        return .tls(host: endpoint.host, port: endpoint.port, serverName: endpoint.serverName, credentials: credentials())
    }

    /// `stdin`, `stdout`, `stderr` and `tty` under the names that nodes give them. Output is on unless it is switched off.
    private static func streams(_ request: HTTPRequest) -> [(name: String, value: String)] {
        func isOn(_ name: String, _ standard: Bool) -> Bool {
            guard let value = request.api.queryValue(name) else { return standard }
            return value != "false" && value != "0"
        }
        var streams: [(name: String, value: String)] = []
        if isOn("stdin", false) { streams.append(("input", "1")) }
        if isOn("stdout", true) { streams.append(("output", "1")) }
        if isOn("stderr", true) { streams.append(("error", "1")) }
        if isOn("tty", false) { streams.append(("tty", "1")) }
        return streams
    }

    /// The same for a client whose WebSocket is translated.
    private static func commandStreams(_ request: HTTPRequest) -> CommandStreams {
        let names = streams(request).map(\.name)
        let isTerminal = names.contains("tty")
        return CommandStreams(
            stdin: names.contains("input"), stdout: names.contains("output"), stderr: names.contains("error") && !isTerminal, resize: isTerminal)
    }

    /// The container that the request names, or the pod's only one.
    private static func container(_ request: HTTPRequest, _ pod: Value) throws(APIError) -> String {
        func names(_ field: String) -> [String] { pod["spec"][field].array.compactMap { $0["name"].string } }
        let containers = names("containers")
        let named = request.api.queryValue("container") ?? ""
        if !named.isEmpty {
            guard (containers + names("initContainers") + names("ephemeralContainers")).contains(named) else {
                throw APIError(.badRequest, "container \(named) is not valid for pod \(pod.name)")
            }
            return named
        }
        if containers.count == 1 { return containers[0] }
        var message = "a container name must be specified for pod \(pod.name)"
        if !containers.isEmpty {
            message += ", choose one of: [\(containers.joined(separator: " "))]"
            let others = names("initContainers")
            if !others.isEmpty { message += " or one of the init containers: [\(others.joined(separator: " "))]" }
        }
        throw APIError(.badRequest, message)
    }

    private static func query(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { "\($0.name)=\(QueryEscaping.escape($0.value))" }.joined(separator: "&")
    }

    static func invalidOptions(_ kind: String, _ errors: FieldError...) -> APIError {
        APIError.invalid(kind: kind, group: "", name: "", errors)
    }

    private static func response(_ error: APIError) -> HTTPResponse { HTTPResponse(status: error.code, body: [error.status.canonicalJSON()]) }
}

extension NodeProxy.Endpoint {
    /// Reads a node object as upstream does: `status.addresses` in the order Hostname is preferred last, InternalIP first; the port from
    /// `status.daemonEndpoints`.
    public init?(node: Value) {
        let addresses = node["status"]["addresses"].array
        let preferred = ["InternalIP", "ExternalIP", "Hostname"]
        let found = preferred.lazy.compactMap { type in addresses.first { $0["type"].string == type }?["address"].string }.first
        guard let host = found else { return nil }
        let port = node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"].int ?? 10250
        self.init(host: host, port: port, serverName: node.name)
    }
}
