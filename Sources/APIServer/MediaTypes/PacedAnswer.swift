import Dispatch
import HTTPServer
import ObjectModel
import Synchronization

/// What makes a long answer, a piece at a time.
protocol AnswerSource: Sendable {
    /// The next piece; nil after the last. A failure cuts the answer off.
    mutating func next() throws(APIError) -> [UInt8]?
}

/// Pieces that are there.
struct PiecesSource: AnswerSource {
    let pieces: [[UInt8]]
    private var position = 0

    init(pieces: [[UInt8]]) { self.pieces = pieces }

    mutating func next() -> [UInt8]? {
        guard position < pieces.count else { return nil }
        defer { position += 1 }
        return pieces[position]
    }
}

/// A long answer that is made while it is sent: off the event loop, as fast as its client takes it, so that little of it is there at a time.
final class PacedAnswer: Sendable {
    /// Shorter lists are made as a whole.
    private static let bytesMin = 8 * 1024 * 1024

    static func isLong(_ objects: [StoredObject]) -> Bool { objects.reduce(0) { $0 + $1.bytes.count } >= bytesMin }

    /// Bytes that are made in one go. The client is seldom so fast that it has taken what came before by then.
    private static let batchSize = 1024 * 1024

    /// A client that hasn't taken most of that by then gets no more.
    private static let patience = Duration.seconds(60)

    private static let queue = DispatchQueue(label: "apus.answers", attributes: .concurrent)

    private struct State {
        var source: any AnswerSource
        var gzip: GzipStream?
    }

    /// Whoever writes has it, which is one at a time.
    private let state: Mutex<State>
    private let isCompressed: Bool
    private let sink: any StreamSink
    private let deadlines: Deadlines
    private let deadline = Mutex<Deadlines.ID?>(nil)
    private let isOver = Atomic(false)

    private init(_ source: any AnswerSource, isCompressed: Bool, _ deadlines: Deadlines, _ sink: any StreamSink) {
        state = Mutex(State(source: source))
        self.isCompressed = isCompressed
        self.deadlines = deadlines
        self.sink = sink
    }

    /// The answer to a request.
    static func outcome(_ source: any AnswerSource, contentType: String, isCompressed: Bool, _ deadlines: Deadlines) -> Outcome {
        var head = StreamHead(contentType: contentType)
        if isCompressed { Compression.mark(&head.headers) }
        return .stream(head) { sink in
            let answer = PacedAnswer(source, isCompressed: isCompressed, deadlines, sink)
            sink.onClose { [weak answer] in answer?.end() }
            answer.goOn()
        }
    }

    private func goOn() {
        let next = deadlines.add(Self.patience) { [weak self] in
            self?.end()
            self?.sink.finish()
        }
        deadline.withLock { deadline in
            if let deadline { deadlines.remove(deadline) }
            deadline = next
        }
        Self.queue.async { self.write() }
    }

    private func end() {
        isOver.store(true, ordering: .relaxed)
        if let deadline = deadline.withLock({ $0.take() }) { deadlines.remove(deadline) }
    }

    /// Writes as much as is made in one go, then waits for the client to take it.
    private func write() {
        let isMore = state.withLock { state in
            var written = 0
            while written < Self.batchSize {
                guard !isOver.load(ordering: .relaxed), let count = writePiece(&state) else { return false }
                written += count
            }
            return true
        }
        if isMore { return sink.onRoom { self.goOn() } }
        end()
        sink.finish()
    }

    /// How many bytes one more piece was before it was compressed; nil at the end, and where there is no use in going on.
    private func writePiece(_ state: inout State) -> Int? {
        let next = Result { () throws(APIError) in try state.source.next() }
        guard case .success(let piece) = next else { return nil }
        guard isCompressed else { return piece.flatMap { sink.write($0) ? $0.count : nil } }
        if state.gzip == nil { state.gzip = GzipStream() }
        guard let compressed = piece.map({ state.gzip?.compress($0) }) ?? state.gzip?.finish() else { return nil }
        return compressed.allSatisfy(sink.write) ? piece?.count : nil
    }
}
