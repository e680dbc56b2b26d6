import ObjectModel

/// Translates between the channels of `v5.channel.k8s.io` in a WebSocket and the streams of `v4.channel.k8s.io` over SPDY: a pure state machine.
///
/// A channel is the first byte of a message: 0 standard input, 1 output, 2 errors, 3 the command's end as a `Status`, 4 a terminal's size. The client
/// ends a channel with a message on channel 255 that names it.
struct CommandTranslation {
    enum Channel: UInt8, CaseIterable {
        case stdin = 0
        case stdout = 1
        case stderr = 2
        case error = 3
        case resize = 4

        /// SPDY streams of a client have odd numbers. The server takes the one for errors first.
        var stream: UInt32 {
            switch self {
            case .error: 1
            case .stdin: 3
            case .stdout: 5
            case .stderr: 7
            case .resize: 9
            }
        }

        var name: String {
            switch self {
            case .stdin: "stdin"
            case .stdout: "stdout"
            case .stderr: "stderr"
            case .error: "error"
            case .resize: "resize"
            }
        }
    }

    /// What a client's message that names another channel does to it.
    static let closeChannel: UInt8 = 255

    /// What to send where.
    struct Output {
        var toBackend: [UInt8] = []

        /// Messages, each with its channel.
        var toClient: [[UInt8]] = []
    }

    private let channels: [Channel]
    private var reader = SPDYReader()

    /// Streams that the server has taken. What is sent on one before that, it would drop.
    private var opened: Set<Channel> = []
    private var waiting: [Channel: [UInt8]] = [:]
    private var status: [UInt8] = []
    private var hasSentStatus = false

    /// The channel of the message that is coming in.
    private var current: UInt8?

    init(_ streams: CommandStreams) {
        channels =
            [.error]
            + [(Channel.stdin, streams.stdin), (.stdout, streams.stdout), (.stderr, streams.stderr), (.resize, streams.resize)]
            .filter(\.1).map(\.0)
    }

    /// Opens the streams, and tells the client with an empty message on the first channel that it can read from that all stands.
    mutating func start() -> Output {
        var output = Output()
        for (index, channel) in channels.enumerated() {
            output.toBackend += SPDYFrames.open(
                stream: channel.stream, headers: [("streamtype", channel.name)], isFirst: index == 0)
        }
        let readable = channels.first { $0 == .stdout } ?? channels.first { $0 == .stderr } ?? .error
        output.toClient = [[readable.rawValue]]
        return output
    }

    // MARK: The client's side

    /// A message, or a part of one.
    mutating func received(_ bytes: [UInt8], isStart: Bool) -> Output {
        var output = Output()
        var rest = bytes[...]
        if isStart || current == nil { current = rest.popFirst() }
        guard let current else { return output }
        if current == Self.closeChannel {
            if let name = rest.first, let channel = Channel(rawValue: name) { send([], on: channel, isLast: true, &output) }
        } else if let channel = Channel(rawValue: current), !rest.isEmpty {
            send(rest, on: channel, isLast: false, &output)
        }
        return output
    }

    private mutating func send(_ bytes: ArraySlice<UInt8>, on channel: Channel, isLast: Bool, _ output: inout Output) {
        guard channel == .stdin || channel == .resize, channels.contains(channel) else { return }
        let frame = SPDYFrames.data(stream: channel.stream, bytes, isLast: isLast)
        if opened.contains(channel) { output.toBackend += frame } else { waiting[channel, default: []] += frame }
    }

    // MARK: The backend's side

    mutating func receivedFromBackend(_ bytes: some Collection<UInt8>) -> Output {
        var output = Output()
        for event in reader.read(bytes) {
            switch event {
            case .opened(let stream):
                guard let channel = Channel.allCases.first(where: { $0.stream == stream }) else { continue }
                opened.insert(channel)
                output.toBackend += waiting.removeValue(forKey: channel) ?? []
            case .ping(let id): output.toBackend += SPDYFrames.ping(id)
            case .reset: break
            case .data(let stream, let bytes, let isLast):
                switch stream {
                case Channel.stdout.stream where !bytes.isEmpty: output.toClient.append([Channel.stdout.rawValue] + bytes)
                case Channel.stderr.stream where !bytes.isEmpty: output.toClient.append([Channel.stderr.rawValue] + bytes)
                case Channel.error.stream:
                    status += bytes
                    if isLast { tellStatus(&output) }
                default: break
                }
            }
        }
        return output
    }

    /// The backend is gone: the client is told of the command's end if it was not yet.
    mutating func backendEnded() -> Output {
        var output = Output()
        if !hasSentStatus, status.isEmpty {
            let error = APIError(.internalError, "Internal error occurred: the connection to the container was lost")
            status = error.status.canonicalJSON()
        }
        tellStatus(&output)
        return output
    }

    private mutating func tellStatus(_ output: inout Output) {
        guard !hasSentStatus else { return }
        hasSentStatus = true
        output.toClient.append([Channel.error.rawValue] + status)
    }
}
