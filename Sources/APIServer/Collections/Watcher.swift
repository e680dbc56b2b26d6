import ClusterClient
import ObjectModel
import Synchronization

/// One client that follows a collection.
final class Watcher: Sendable {
    /// Turns an event into the bytes that this client asked for, such as a table. Nil for plain JSON, whose bytes all clients share.
    typealias Encoder = @Sendable (WatchEvent.Kind, [UInt8]) -> [UInt8]

    let selection: Selection
    let wantsBookmarks: Bool
    private let encode: Encoder?
    private let sink: any StreamSink

    init(_ selection: Selection, wantsBookmarks: Bool, encode: Encoder?, sink: any StreamSink) {
        self.selection = selection
        self.wantsBookmarks = wantsBookmarks
        self.encode = encode
        self.sink = sink
    }

    /// Sends the event if it concerns this client. False once the client is gone or too far behind.
    func send(_ event: CollectionEvent) -> Bool {
        guard let (kind, object) = event.seen(by: selection) else { return true }
        if let encode {
            let bytes = kind == .deleted ? Revisions.replace(event.revision, in: object.bytes) : object.bytes
            return sink.write(encode(kind, bytes))
        }
        return sink.write(event.line(kind, object))
    }

    func send(initial object: StoredObject) -> Bool {
        sink.write(encode.map { $0(.added, object.bytes) } ?? WatchLine.json(.added, object.bytes))
    }

    func send(bookmark object: Value) -> Bool {
        let bytes = object.canonicalJSON()
        return sink.write(encode.map { $0(.bookmark, bytes) } ?? WatchLine.json(.bookmark, bytes))
    }

    /// Ends the watch, telling why if there is a reason.
    func end(_ error: APIError? = nil) {
        if let error { _ = sink.write(WatchLine.json(.error, error.status.canonicalJSON())) }
        sink.finish()
    }

    /// Bytes that the client has not taken yet.
    var pendingBytes: Int { sink.pendingBytes }
}
