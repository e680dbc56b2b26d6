import HTTPServer
import ObjectModel
import Synchronization
import Testing

@testable import APIServer

@Suite("A watcher") struct WatcherTests {
    private static let payload = String(repeating: "x", count: 11_000)

    private static func object(_ number: Int, revision: Int64) -> StoredObject {
        let name = "m" + String(1000 + number)
        let object: Value = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name), "namespace": "n"], "data": ["k": .string(payload)],
        ]
        return StoredObject(key: "n/\(name)", revision: revision, bytes: object.canonicalJSON()) { _ in [:] }
    }

    @Test("is told everything that is there, however much, at the pace that its client reads; then what happened meanwhile")
    func pace() {
        let sink = SlowSink(bound: 2 * 1024 * 1024)
        let watcher = Watcher(Selection(namespace: "", labels: nil, fields: nil), wantsBookmarks: true, encode: nil, sink: sink)
        let snapshot = Snapshot((0..<1000).map { Self.object($0, revision: 1) })
        watcher.begin(.objects(snapshot, end: ["kind": "ConfigMap", "metadata": ["name": "end"]]))
        for number in 1000..<1500 {
            #expect(watcher.send(CollectionEvent(revision: Int64(number), object: Self.object(number, revision: 2), previous: nil)))
        }
        watcher.catchUp()
        #expect(sink.pendingBytes > 500_000)
        #expect(sink.pendingBytes < 1_200_000)
        while sink.read() {}
        #expect(sink.names == (0..<1000).map { "m\(1000 + $0)" } + ["end"] + (1000..<1500).map { "m\(1000 + $0)" })
        #expect(!sink.isFinished)
        #expect(watcher.send(CollectionEvent(revision: 3000, object: Self.object(1500, revision: 3), previous: nil)))
        while sink.read() {}
        #expect(sink.names.last == "m2500")
    }

    @Test("is cut off when its client stops reading") func cutOff() {
        let sink = SlowSink(bound: 2 * 1024 * 1024)
        let watcher = Watcher(Selection(namespace: "", labels: nil, fields: nil), wantsBookmarks: true, encode: nil, sink: sink)
        watcher.begin(.events([], after: 0))
        watcher.catchUp()
        let taken = (1..<1000).prefix { watcher.send(CollectionEvent(revision: Int64($0), object: Self.object($0, revision: 1), previous: nil)) }
        #expect(taken.count > 150)
        #expect(taken.count < 200)
    }

    @Test("does not hear again what it has seen") func seen() {
        let sink = SlowSink(bound: 2 * 1024 * 1024)
        let watcher = Watcher(Selection(namespace: "", labels: nil, fields: nil), wantsBookmarks: true, encode: nil, sink: sink)
        watcher.begin(.events([], after: 5))
        watcher.catchUp()
        for revision in 4...6 {
            _ = watcher.send(CollectionEvent(revision: Int64(revision), object: Self.object(revision, revision: Int64(revision)), previous: nil))
        }
        while sink.read() {}
        #expect(sink.names == ["m1006"])
    }
}

/// A client that reads when it is told to, a little at a time.
private final class SlowSink: StreamSink {
    private struct State {
        var queue: [[UInt8]] = []
        var pending = 0
        var names: [String] = []
        var isFinished = false
        var handlers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let bound: Int

    init(bound: Int) { self.bound = bound }

    var names: [String] { state.withLock { $0.names } }
    var isFinished: Bool { state.withLock { $0.isFinished } }
    var pendingBytes: Int { state.withLock { $0.pending } }

    func write(_ bytes: [UInt8]) -> Bool {
        state.withLock { state in
            guard state.pending + bytes.count <= bound else { return false }
            state.queue.append(bytes)
            state.pending += bytes.count
            return true
        }
    }

    func finish() { state.withLock { $0.isFinished = true } }
    func onClose(_: @escaping @Sendable () -> Void) {}
    func onRoom(_ handler: @escaping @Sendable () -> Void) { state.withLock { $0.handlers.append(handler) } }

    /// Reads up to fifty events; false where there were none.
    func read() -> Bool {
        let (count, handlers) = state.withLock { state in
            let taken = state.queue.prefix(50)
            for bytes in taken {
                state.pending -= bytes.count
                state.names.append((try? Value(json: bytes))?["object"].name ?? "?")
            }
            state.queue.removeFirst(taken.count)
            defer { if state.pending == 0 { state.handlers = [] } }
            return (taken.count, state.pending == 0 ? state.handlers : [])
        }
        for handler in handlers { handler() }
        return count > 0
    }
}
