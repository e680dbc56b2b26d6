import Testing

@testable import HTTPServer

@Suite struct CommandTranslationTests {
    /// What a server sends when it takes a stream.
    private func opened(_ stream: UInt8) -> [UInt8] { [0x80, 3, 0, 2, 0, 0, 0, 4, 0, 0, 0, stream] }

    private func data(_ stream: UInt8, _ text: String, isLast: Bool = false) -> [UInt8] {
        [0, 0, 0, stream, isLast ? 1 : 0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8)
    }

    private func message(_ channel: UInt8, _ text: String) -> [UInt8] { [channel] + Array(text.utf8) }

    @Test func `opens the stream for errors first and greets the client`() {
        var translation = CommandTranslation(.init(stdin: true, stdout: true, stderr: true, resize: false))
        let output = translation.start()
        #expect(output.toClient == [[1]])
        var rest = output.toBackend[...]
        var streams: [UInt8] = []
        while rest.count > 8 {
            #expect(Array(rest.prefix(4)) == [0x80, 3, 0, 1])
            streams.append(rest[rest.startIndex + 11])
            let length = rest[rest.startIndex + 5..<rest.startIndex + 8].reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(8 + length)
        }
        #expect(streams == [1, 3, 5, 7])
        #expect(rest.isEmpty)
    }

    @Test func `holds input back until the server has taken the stream, and closes it when told`() {
        var translation = CommandTranslation(.init(stdin: true, stdout: true, stderr: false, resize: false))
        _ = translation.start()
        #expect(translation.received(message(0, "early"), isStart: true).toBackend.isEmpty)
        #expect(translation.receivedFromBackend(opened(1)).toBackend.isEmpty)
        #expect(translation.receivedFromBackend(opened(3)).toBackend == data(3, "early"))
        #expect(translation.received(message(0, "one"), isStart: true).toBackend == data(3, "one"))
        // A message in two frames has its channel in the first only.
        #expect(translation.received(Array("two".utf8), isStart: false).toBackend == data(3, "two"))
        #expect(translation.received([255, 0], isStart: true).toBackend == data(3, "", isLast: true))
        // The command has no channel for a terminal's size, and nobody writes to its output.
        #expect(translation.received(message(4, "{}"), isStart: true).toBackend.isEmpty)
        #expect(translation.received(message(1, "x"), isStart: true).toBackend.isEmpty)
    }

    @Test func `passes output on in whatever pieces it comes, and the status as one message`() {
        var translation = CommandTranslation(.init(stdin: false, stdout: true, stderr: true, resize: false))
        _ = translation.start()
        let bytes = opened(1) + opened(5) + data(5, "out") + data(7, "err") + data(1, "{\"status\":") + data(1, "\"Success\"}", isLast: true)
        var messages: [[UInt8]] = []
        for byte in bytes { messages += translation.receivedFromBackend([byte]).toClient }
        let text = messages.map { "\($0[0])" + String(decoding: $0.dropFirst(), as: UTF8.self) }
        #expect(text == ["1o", "1u", "1t", "2e", "2r", "2r", "3{\"status\":\"Success\"}"])
        #expect(translation.backendEnded().toClient.isEmpty)
    }

    @Test func `answers pings, and tells of a backend that left without a word`() {
        var translation = CommandTranslation(.init(stdin: false, stdout: true, stderr: false, resize: false))
        _ = translation.start()
        let ping: [UInt8] = [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 9]
        #expect(translation.receivedFromBackend(ping).toBackend == ping)
        let told = translation.backendEnded().toClient
        #expect(told.count == 1 && told[0][0] == 3)
        #expect(String(decoding: told[0].dropFirst(), as: UTF8.self).contains("\"Failure\""))
    }

    @Test func `a client is told that its WebSocket stands as the standard's example has it`() {
        let tunnel = WebSocketTunnel(key: "dGhlIHNhbXBsZSBub25jZQ==", subprotocol: "v5.channel.k8s.io", content: .bytes)
        #expect(tunnel.responseHead.headers.first(name: "sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }
}
