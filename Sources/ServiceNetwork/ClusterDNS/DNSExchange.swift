import HostNetwork
import NIOCore
import NIOPosix
import ObjectModel
import Synchronization

/// Sends queries to resolvers and waits for their answers: over UDP, and over TCP where an answer does not fit.
final class DNSExchange: Sendable {
    private struct Waiting {
        var server: SocketAddress
        var question: DNSQuestion
        var continuation: CheckedContinuation<DNSMessage?, Never>
        var timeout: Scheduled<Void>
    }

    private struct State {
        var waiting: [UInt16: Waiting] = [:]
        var channels: [IPAddress.Family: any Channel] = [:]
    }

    private let group: any EventLoopGroup
    private let port: Int
    private let state = Mutex(State())

    /// Questions asked at a time, at most.
    private static let waitingMax = 8192

    init(group: any EventLoopGroup, port: Int = 53) {
        self.group = group
        self.port = port
    }

    /// The answer, or nil where none came in time.
    func ask(_ server: IPAddress, _ query: DNSMessage, timeout: Duration) async -> DNSMessage? {
        guard let question = query.questions.first, let address = try? SocketAddress(ipAddress: server.description, port: port),
            let channel = try? await channel(server.family)
        else { return nil }
        let answer = await withCheckedContinuation { continuation in
            send(query, question, to: address, over: channel, timeout: timeout, continuation)
        }
        guard let answer, answer.flags.contains(.truncated) else { return answer }
        return await DNSStreamExchange(group: group).ask(address, query, timeout: timeout) ?? answer
    }

    func close() async {
        let (channels, waiting) = state.withLock { state in
            defer { state = State() }
            return (Array(state.channels.values), Array(state.waiting.values))
        }
        for entry in waiting {
            entry.timeout.cancel()
            entry.continuation.resume(returning: nil)
        }
        for channel in channels { try? await channel.close() }
    }

    private func send(
        _ query: DNSMessage, _ question: DNSQuestion, to address: SocketAddress, over channel: any Channel, timeout: Duration,
        _ continuation: CheckedContinuation<DNSMessage?, Never>
    ) {
        var query = query
        // A random identifier that no other question has: together with the socket's port it is what a forger would have to guess.
        let id = state.withLock { state -> UInt16? in
            guard state.waiting.count < Self.waitingMax else { return nil }
            var id = UInt16.random(in: .min ... .max)
            while state.waiting[id] != nil { id = UInt16.random(in: .min ... .max) }
            let scheduled = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { [weak self, id] in self?.finish(id, nil) ?? () }
            state.waiting[id] = Waiting(server: address, question: question, continuation: continuation, timeout: scheduled)
            return id
        }
        guard let id else { return continuation.resume(returning: nil) }
        query.id = id
        channel.writeAndFlush(AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: DNSWriter.bytes(query))), promise: nil)
    }

    fileprivate func received(_ message: DNSMessage, from address: SocketAddress) {
        let isExpected = state.withLock { state in
            guard let waiting = state.waiting[message.id] else { return false }
            return waiting.server == address && message.questions == [waiting.question]
        }
        if isExpected { finish(message.id, message) }
    }

    private func finish(_ id: UInt16, _ message: DNSMessage?) {
        guard let waiting = state.withLock({ $0.waiting.removeValue(forKey: id) }) else { return }
        waiting.timeout.cancel()
        waiting.continuation.resume(returning: message)
    }

    /// The socket for a family, made on first use.
    private func channel(_ family: IPAddress.Family) async throws -> any Channel {
        if let channel = state.withLock({ $0.channels[family] }), channel.isActive { return channel }
        let channel = try await DatagramBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(AnswerHandler(exchange: self)) }
            }
            .bind(host: family == .v4 ? "0.0.0.0" : "::", port: 0).get()
        let other = state.withLock { state -> (any Channel)? in
            if let other = state.channels[family], other.isActive { return other }
            state.channels[family] = channel
            return nil
        }
        guard let other else { return channel }
        try await channel.close()
        return other
    }

    /// Takes datagrams in.
    private final class AnswerHandler: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        private let exchange: DNSExchange

        init(exchange: DNSExchange) { self.exchange = exchange }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            guard let message = try? DNSReader.message(Array(envelope.data.readableBytesView)), message.flags.contains(.response) else { return }
            exchange.received(message, from: envelope.remoteAddress)
        }

        /// A resolver that is not there answers with ICMP; the question's timeout deals with that.
        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }
}

/// One question over a TCP connection of its own.
struct DNSStreamExchange {
    let group: any EventLoopGroup

    func ask(_ server: SocketAddress, _ query: DNSMessage, timeout: Duration) async -> DNSMessage? {
        do {
            let channel = try await ClientBootstrap(group: group).connectTimeout(TimeAmount(timeout))
                .connect(to: server) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(DNSFrameDecoder()))
                        return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            return try await channel.executeThenClose { inbound, outbound in
                let deadline = channel.channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { channel.channel.close(promise: nil) }
                defer { deadline.cancel() }
                try await outbound.write(DNSFrame.framed(DNSWriter.bytes(query)))
                for try await frame in inbound {
                    guard let message = try? DNSReader.message(Array(frame.readableBytesView)), message.id == query.id,
                        message.questions == query.questions, message.flags.contains(.response)
                    else { return nil }
                    return message
                }
                return nil
            }
        } catch {
            return nil
        }
    }
}

/// DNS over TCP puts two bytes with the length in front of each message.
enum DNSFrame {
    static func framed(_ message: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(message.count + 2)
        buffer.writeInteger(UInt16(truncatingIfNeeded: message.count))
        buffer.writeBytes(message)
        return buffer
    }
}

struct DNSFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let frame = buffer.readLengthPrefixedSlice(as: UInt16.self) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(frame))
        return .continue
    }

    mutating func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        try decode(context: context, buffer: &buffer)
    }
}
