import NIOCore
import NIOEmbedded
import NIOWebSocket
import ObjectModel
import Synchronization

@testable import HTTPServer

/// Bytes as they come from a client's socket. The first says in what pieces the rest comes.
extension FuzzTarget {
    static let connections: [FuzzTarget] = [http1, http2, webSocket]

    private static let http1 = http(
        "http1",
        words: [
            "GET /api HTTP/1.1\r\n", "host: a\r\n", "content-length: 3\r\n", "transfer-encoding: chunked\r\n", "\r\n\r\n", "0\r\n",
            "expect: 100-continue\r\n",
            "connection: upgrade\r\nupgrade: SPDY/3.1\r\n", "connection: close\r\n", "HTTP/1.0", "POST", "HEAD",
        ]
    ) { try ServerPipeline.addHTTP1($0, $1, $2, Peer(address: "", certificate: nil)) }

    private static let http2 = http(
        "http2", words: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{0}\u{0}\u{0}\u{4}\u{0}\u{0}\u{0}\u{0}\u{0}", "\u{0}\u{0}\u{4}\u{3}\u{0}"]
    ) { try ServerPipeline.addHTTP2($0, $1, $2, Peer(address: "", certificate: nil)) }

    private typealias PipelineSetUp = @Sendable (EmbeddedChannel, Service, Outbox) throws -> Void

    private static func http(_ name: String, words: [String], _ setUp: @escaping PipelineSetUp) -> FuzzTarget {
        FuzzTarget(name: name, words: words) { bytes throws(BrokenPromise) in
            let atOnce = serve(bytes.dropFirst(), inPiecesOf: .max, setUp)
            let inParts = serve(bytes.dropFirst(), inPiecesOf: size(bytes), setUp)
            try keep(
                atOnce.requests == inParts.requests, "requests are the same in whatever pieces they come: \(atOnce.requests) \(inParts.requests)")
            return !atOnce.requests.isEmpty
        }
    }

    /// A command's WebSocket from behind its request on.
    private static let webSocket = FuzzTarget(
        name: "web-socket", words: ["\u{82}\u{85}\u{0}\u{0}\u{0}\u{0}", "\u{88}\u{80}\u{0}\u{0}\u{0}\u{0}", "\u{89}", "\u{fe}", "\u{ff}"]
    ) { bytes throws(BrokenPromise) in
        let streams = WebSocketTunnel.Content.streams(CommandStreams(stdin: true, stdout: true, stderr: true, resize: true))
        for content in [WebSocketTunnel.Content.bytes, streams] {
            let (atOnce, inParts) = (
                tunnel(bytes.dropFirst(), inPiecesOf: .max, content), tunnel(bytes.dropFirst(), inPiecesOf: size(bytes), content)
            )
            try keep(atOnce == inParts, "messages are the same in whatever pieces they come: \(atOnce) \(inParts)")
        }
        return !tunnel(bytes.dropFirst(), inPiecesOf: .max, .bytes).isEmpty
    }

    // MARK: Carrying out

    private static func size(_ bytes: [UInt8]) -> Int { max(1, Int(bytes.first ?? 1)) }

    /// Answers everything, and remembers what it was asked.
    private final class Witness: RequestHandler {
        let requests = Mutex<[String]>([])

        func handle(_ request: HTTPRequest) -> Outcome {
            requests.withLock { $0.append("\(request.api.method) \(request.uri) \(request.api.body)") }
            return .respond(HTTPResponse(contentType: "text/plain", body: [request.api.body]))
        }
    }

    private static func serve(
        _ bytes: ArraySlice<UInt8>, inPiecesOf size: Int, _ setUp: PipelineSetUp
    ) -> (requests: [String], answers: [UInt8]) {
        let witness = Witness()
        let service = Service(handler: witness, limits: Listener.Limits(), connections: ConnectionSet())
        let answers = feed(bytes, inPiecesOf: size, { try setUp($0, service, Outbox($0.eventLoop)) }) { try $0.readOutbound(as: ByteBuffer.self) }
        return (witness.requests.withLock { $0 }, answers)
    }

    /// What the backend gets.
    private static func tunnel(_ bytes: ArraySlice<UInt8>, inPiecesOf size: Int, _ content: WebSocketTunnel.Content) -> [UInt8] {
        feed(bytes, inPiecesOf: size) { channel in
            let handler = WebSocketTunnelHandler(content)
            let decoder = WebSocketFrameDecoder(maxFrameSize: WebSocketTunnelHandler.frameBytesMax)
            try channel.pipeline.syncOperations.addHandlers(ByteToMessageHandler(decoder), WebSocketFrameEncoder(), handler)
            try handler.start(channel.pipeline.syncOperations)
        } result: {
            try $0.readInbound(as: ByteBuffer.self)
        }
    }

    private static func feed(
        _ bytes: ArraySlice<UInt8>, inPiecesOf size: Int, _ setUp: (EmbeddedChannel) throws -> Void, result: (EmbeddedChannel) throws -> ByteBuffer?
    ) -> [UInt8] {
        let channel = EmbeddedChannel()
        var out: [UInt8] = []
        do {
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            try setUp(channel)
        } catch {
            return []
        }
        var rest = bytes
        while !rest.isEmpty, channel.isActive {
            _ = try? channel.writeInbound(ByteBuffer(bytes: rest.prefix(size)))
            channel.embeddedEventLoop.run()
            while let buffer = (try? result(channel)) ?? nil { out += Array(buffer.readableBytesView) }
            rest = rest.dropFirst(size)
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return out
    }
}
