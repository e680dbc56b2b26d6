import Crypto
import NIOHTTP1
import ObjectModel

/// A client's WebSocket in front of a backend that speaks SPDY: what the messages mean to whom.
public struct WebSocketTunnel: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        /// The messages, one after the other, are what goes to and comes from the backend: the client speaks SPDY within its WebSocket.
        case bytes

        /// The first byte of each message names one of a command's streams, as `v5.channel.k8s.io` has it.
        case streams(CommandStreams)
    }

    /// The protocol that the client is told was chosen; one of those that it offered.
    public var subprotocol: String
    public var content: Content

    /// The client's `sec-websocket-key`.
    public var key: String

    public init(key: String, subprotocol: String, content: Content) {
        self.key = key
        self.subprotocol = subprotocol
        self.content = content
    }

    /// The head that tells the client that its connection is a WebSocket now (RFC 6455, section 4.2.2).
    var responseHead: HTTPResponseHead {
        let digest = Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return HTTPResponseHead(
            version: .http1_1, status: .switchingProtocols,
            headers: [
                "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": Base64.encode(Array(digest)),
                "sec-websocket-protocol": subprotocol,
            ])
    }
}

/// The streams that a command or an attachment has.
public struct CommandStreams: Sendable, Equatable {
    public var stdin: Bool
    public var stdout: Bool
    public var stderr: Bool

    /// A terminal's changes of size.
    public var resize: Bool

    public init(stdin: Bool, stdout: Bool, stderr: Bool, resize: Bool) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.resize = resize
    }
}
