import ClusterClient
import Metrics
import ObjectModel
import Synchronization

/// A sink in this process, which takes events without their being written and read.
protocol EventSink: StreamSink {
    func write(_ event: WatchEvent) -> Bool
}

/// One client that follows a collection.
final class Watcher: Sendable {
    /// Turns an event into the bytes that a client asked for.
    struct Encoder: Sendable {
        /// Clients with the same word here get the same bytes, which are made once. Nil where each client has its own.
        let sharedBy: String?
        let encode: @Sendable (WatchEvent.Kind, [UInt8]) -> [UInt8]

        init(sharedBy: String? = nil, _ encode: @escaping @Sendable (WatchEvent.Kind, [UInt8]) -> [UInt8]) {
            self.sharedBy = sharedBy
            self.encode = encode
        }

        /// One JSON object a line: what most clients want.
        static let json = Encoder(sharedBy: "") { WatchLine.json($0, $1) }
    }

    let selection: Selection
    let wantsBookmarks: Bool
    private let encoder: Encoder
    private let sink: any StreamSink

    /// The sink, if it takes objects as they are.
    private let events: (any EventSink)?

    private let backlog = Mutex(Backlog())

    /// Bytes of events that went out; nil where nobody counts.
    private let sizes: HistogramCounts?

    init(_ selection: Selection, wantsBookmarks: Bool, encode: Encoder?, sink: any StreamSink, sizes: HistogramCounts? = nil) {
        self.sizes = sizes
        self.selection = selection
        self.wantsBookmarks = wantsBookmarks
        encoder = encode ?? .json
        self.sink = sink
        events = encode == nil ? sink as? any EventSink : nil
    }

    // MARK: What happened before

    /// What a client is told before it hears of changes as they happen.
    enum Past: Sendable {
        /// All that is there, as ADDED; then a bookmark, if there is one.
        case objects(Snapshot, end: Value?)

        /// Changes that it missed after a revision.
        case events([CollectionEvent], after: Int64)
    }

    private struct Backlog {
        /// Objects to tell, from this key on; then the bookmark that ends them.
        var objects: Snapshot?
        var key = ""
        var end: Value?

        /// What happened before or meanwhile, to be told after the objects. Told as far as `told`.
        var events: [Pending] = []
        var told = 0

        /// The client has seen this revision.
        var seen: Int64 = 0

        /// What happens goes out as it happens.
        var isLive = false
    }

    private enum Pending {
        case event(CollectionEvent)
        case bookmark(Value)
    }

    /// Changes that may wait behind the past, at most.
    private static let pendingMax = 65536

    /// Bytes of the past that may wait in the sink; then the client's reading sets the pace.
    private static let paceBytes = 1024 * 1024

    /// Gives the watcher its past. Before it is registered; `catchUp` follows.
    func begin(_ past: Past) {
        backlog.withLock { backlog in
            switch past {
            case .objects(let objects, let end): (backlog.objects, backlog.end) = (objects, end)
            case .events(let events, let after): (backlog.events, backlog.seen) = (events.map { .event($0) }, after)
            }
        }
    }

    /// Tells the past as fast as the client takes it, then what waits behind it; from there on changes go out as they happen.
    func catchUp() {
        let pace = backlog.withLock { backlog -> Pace in
            var pace = tellObjects(&backlog)
            if case .goOn = pace { pace = tellEvents(&backlog) }
            if case .goOn = pace { backlog.isLive = true }
            return pace
        }
        switch pace {
        case .goOn: break
        case .wait: sink.onRoom { [weak self] in self?.catchUp() }
        case .stop: sink.finish()
        }
    }

    private enum Pace { case goOn, wait, stop }

    private func pace(after isTaken: Bool) -> Pace { !isTaken ? .stop : sink.pendingBytes < Self.paceBytes ? .goOn : .wait }

    private func tellObjects(_ backlog: inout Backlog) -> Pace {
        guard let objects = backlog.objects else { return .goOn }
        var pace = Pace.goOn
        objects.scan(selection, from: backlog.key) { object in
            backlog.key = object.key + "\u{0}"
            pace = self.pace(after: write(.added, object.bytes))
            return pace == .goOn
        }
        guard pace == .goOn else { return pace }
        backlog.objects = nil
        return backlog.end.map { self.pace(after: write(.bookmark, $0.canonicalJSON())) } ?? .goOn
    }

    private func tellEvents(_ backlog: inout Backlog) -> Pace {
        while backlog.told < backlog.events.count {
            let pace = pace(after: write(backlog.events[backlog.told]))
            backlog.told += 1
            guard pace == .goOn else { return pace }
        }
        backlog.events = []
        return .goOn
    }

    // MARK: What happens

    /// Sends the event if it concerns this client. False once the client is gone or too far behind.
    func send(_ event: CollectionEvent) -> Bool { event.revision <= backlog.withLock { $0.seen } || send(.event(event)) }

    func send(bookmark object: Value) -> Bool { send(.bookmark(object)) }

    private func send(_ pending: Pending) -> Bool {
        backlog.withLock { backlog in
            if backlog.isLive { return write(pending) }
            backlog.events.append(pending)
            return backlog.events.count - backlog.told <= Self.pendingMax
        }
    }

    private func write(_ pending: Pending) -> Bool {
        switch pending {
        case .event(let event): write(event)
        case .bookmark(let object): write(.bookmark, object.canonicalJSON())
        }
    }

    private func write(_ event: CollectionEvent) -> Bool {
        guard let (kind, object) = event.seen(by: selection) else { return true }
        if let events, let tree = event.tree(kind, object) { return events.write(WatchEvent(kind, tree)) }
        return write(event.frame(kind, object, encoder))
    }

    private func write(_ kind: WatchEvent.Kind, _ bytes: [UInt8]) -> Bool { write(encoder.encode(kind, bytes)) }

    private func write(_ frame: [UInt8]) -> Bool {
        sizes?.observe(frame.count)
        return sink.write(frame)
    }

    /// Ends the watch, telling why if there is a reason.
    func end(_ error: APIError? = nil) {
        if let error { _ = write(.error, error.status.canonicalJSON()) }
        sink.finish()
    }
}
