import NIOCore

/// One request's way through a connection, from the moment it can't be done in one step. On the event loop only.
final class Exchange {
    let id: Int
    let isHead: Bool

    /// The head and body of a request that is still coming in.
    var request: HTTPRequest?
    var bodyDeadline: NIODeadline = .distantFuture

    /// When the rest of an ended answer is given up, unless the client takes some of it.
    var stallDeadline: NIODeadline = .distantFuture

    /// The request was answered before its end: what still comes of it is dropped.
    var dropsBody = false

    /// The answer's bytes that the socket has not been given, and those that it has not taken.
    var outgoing = PieceQueue()
    var inFlight = 0

    /// Nothing comes after `outgoing`.
    var isComplete = false
    var stream: ResponseStream?

    /// Another server that the answer comes from.
    var forwarding: Forwarding?

    /// What works on the answer; only reading is worth cancelling when the client goes away.
    var task: Task<Void, Never>?
    var isOver = false

    init(id: Int, isHead: Bool) {
        self.id = id
        self.isHead = isHead
    }

    func abandon() {
        guard !isOver else { return }
        isOver = true
        task?.cancel()
        task = nil
        outgoing = PieceQueue()
        stream?.close()
        stream = nil
        forwarding?.abandon()
        forwarding = nil
    }
}
