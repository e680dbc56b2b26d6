import HTTPServer
import NIOHTTP1

/// How a client that asks for an upgrade wants to speak, and what the node is told in its place.
///
/// The runtime behind a node speaks SPDY, and over WebSocket the protocols up to `v4.channel.k8s.io`. What newer clients offer first,
/// `v5.channel.k8s.io` for commands and SPDY within a WebSocket for ports, is translated to SPDY here; everything else is passed on as it is.
struct StreamingClient {
    /// Headers for the node: without what proves who the client is.
    var headers: HTTPHeaders

    /// Nil where the client's bytes are passed on.
    var webSocket: WebSocketTunnel?

    /// Closing one stream is a message of its own.
    private static let commandProtocol = "v5.channel.k8s.io"
    private static let portProtocol = "SPDY/3.1+portforward.k8s.io"

    /// Offered by browsers, which have no other way to send a token.
    private static let bearerPrefix = "base64url.bearer.authorization.k8s.io."

    init(_ request: HTTPRequest, _ content: WebSocketTunnel.Content) {
        let isWebSocket = request.headers.first(name: "upgrade")?.lowercased() == "websocket"
        let offered = isWebSocket ? request.headers[canonicalForm: "sec-websocket-protocol"].map(String.init) : []
        let wanted = content == .bytes ? Self.portProtocol : Self.commandProtocol
        if offered.contains(wanted), let key = request.headers.first(name: "sec-websocket-key") {
            webSocket = WebSocketTunnel(key: key, subprotocol: wanted, content: content)
            headers = [
                "host": "node", "user-agent": request.api.userAgent, "connection": "Upgrade", "upgrade": "SPDY/3.1", "content-length": "0",
                "x-stream-protocol-version": content == .bytes ? "portforward.k8s.io" : "v4.channel.k8s.io",
            ]
            return
        }
        headers = request.headers.withoutCredentials()
        headers.remove(name: "cookie")
        headers.add(name: "host", value: "node")
        if request.api.method == .post { headers.add(name: "content-length", value: "0") }
        guard !offered.isEmpty else { return }
        headers.remove(name: "sec-websocket-protocol")
        let spoken = offered.filter { !$0.hasPrefix(Self.bearerPrefix) }
        if !spoken.isEmpty { headers.add(name: "sec-websocket-protocol", value: spoken.joined(separator: ", ")) }
    }
}

extension HTTPHeaders {
    /// Without what proves to this server who the client is, and without what the connection to another server sets anew.
    func withoutCredentials() -> HTTPHeaders {
        var headers = self
        for name in ["authorization", "host", "content-length", "proxy-authorization"] { headers.remove(name: name) }
        for name in self.map(\.name) where name.lowercased().hasPrefix("impersonate-") { headers.remove(name: name) }
        return headers
    }
}
