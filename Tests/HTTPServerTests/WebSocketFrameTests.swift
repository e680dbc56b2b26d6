import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@testable import HTTPServer

@Suite struct `Frames of a client's WebSocket` {
    private func exchange(_ frames: [WebSocketFrame]) throws -> (toBackend: [UInt8], close: WebSocketErrorCode?) {
        let channel = EmbeddedChannel(handler: WebSocketTunnelHandler(.bytes))
        for frame in frames { try channel.writeInbound(frame) }
        var toBackend: [UInt8] = []
        while let buffer = try channel.readInbound(as: ByteBuffer.self) { toBackend += Array(buffer.readableBytesView) }
        let answer = try channel.readOutbound(as: WebSocketFrame.self)
        var data = answer?.data ?? ByteBuffer()
        let close = answer?.opcode == .connectionClose ? data.readWebSocketErrorCode() : nil
        _ = try channel.finish(acceptAlreadyClosed: true)
        return (toBackend, close)
    }

    private let key: WebSocketMaskingKey = [1, 2, 3, 4]

    private func masked(_ text: String, _ opcode: WebSocketOpcode = .binary) -> WebSocketFrame {
        var data = ByteBuffer(string: text)
        data.webSocketMask(key)
        return WebSocketFrame(fin: true, opcode: opcode, maskKey: key, data: data)
    }

    @Test func `are taken when they are masked`() throws {
        let (toBackend, close) = try exchange([masked("one"), masked("two", .continuation)])
        #expect(toBackend == Array("onetwo".utf8))
        #expect(close == nil)
    }

    @Test func `end the connection when they are not`() throws {
        let plain = WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(string: "one"))
        let (toBackend, close) = try exchange([plain, masked("two")])
        #expect(toBackend.isEmpty)
        #expect(close == .protocolError)
    }

    @Test func `end the connection when they claim an extension or an opcode that is none`() throws {
        var extended = masked("one")
        extended.rsv1 = true
        #expect(try exchange([extended]).close == .protocolError)
        let reserved = try #require(WebSocketOpcode(encodedWebSocketOpcode: 3))
        #expect(try exchange([masked("one", reserved)]).close == .protocolError)
    }
}
