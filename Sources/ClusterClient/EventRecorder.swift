import ObjectModel
import Synchronization

/// Records events (`v1.Event`) about objects, as `kubectl describe` shows them. Repetitions of the same event are counted on one object.
///
/// Recording never fails and never holds up its caller: events wait in a bounded queue and are written one after another; one that cannot be
/// written, or that finds the queue full, is dropped. An object that causes more than 25 events is then heard once in five minutes, as upstream.
public final class EventRecorder: Sendable {
    public enum Kind: String, Sendable { case normal = "Normal", warning = "Warning" }

    private let client: Client
    private let component: String
    private let host: String
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())

    private struct State {
        var waiting: [Entry] = []
        var isWriting = false
        var seen: [String: Seen] = [:]
        var allowances: [String: Allowance] = [:]
    }

    private struct Entry {
        var object: Value
        var kind: Kind
        var reason: String
        var message: String
        var fieldPath: String
        var time: Timestamp
    }

    private struct Seen {
        var name: String
        var count: Int
    }

    /// Events that an object may still cause.
    private struct Allowance {
        var left: Double
        var since: Timestamp
    }

    /// Different events, and objects, remembered at most.
    private static let seenMax = 4096

    /// Events that wait to be written, at most.
    private static let waitingMax = 1000
    private static let burst = 25.0
    private static let secondsPerEvent = 300.0

    public init(_ client: Client, component: String, host: String = "", now: @escaping @Sendable () -> Timestamp) {
        self.client = client
        self.component = component
        self.host = host
        self.now = now
    }

    /// Says that something happened to `object`. `fieldPath` names a part of it, such as `spec.containers{web}`.
    public func event(_ object: Value, _ kind: Kind, _ reason: String, _ message: String, fieldPath: String = "") {
        let entry = Entry(object: Self.reference(object), kind: kind, reason: reason, message: message, fieldPath: fieldPath, time: now())
        let startsWriting = state.withLock { state in
            guard state.waiting.count < Self.waitingMax, Self.spend(&state.allowances, entry) else { return false }
            state.waiting.append(entry)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if startsWriting { Task { await writeWaiting() } }
    }

    /// Holds on to what names the object, not to the object.
    private static func reference(_ object: Value) -> Value {
        var metadata: Value = ["name": .string(object.name), "uid": .string(object.uid), "resourceVersion": .string(object.resourceVersion)]
        if !object.namespace.isEmpty { metadata["namespace"] = .string(object.namespace) }
        return ["apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "metadata": metadata]
    }

    private static func spend(_ allowances: inout [String: Allowance], _ entry: Entry) -> Bool {
        if allowances.count >= seenMax { allowances.removeAll() }
        let key = "\(entry.object.kind)/\(entry.object.key)/\(entry.object.uid)"
        var allowance = allowances[key] ?? Allowance(left: burst, since: entry.time)
        allowance.left = min(burst, allowance.left + Double(max(0, entry.time.seconds - allowance.since.seconds)) / secondsPerEvent)
        allowance.since = entry.time
        let isAllowed = allowance.left >= 1
        if isAllowed { allowance.left -= 1 }
        allowances[key] = allowance
        return isAllowed
    }

    private func writeWaiting() async {
        while true {
            let batch = state.withLock { state in
                defer { state.waiting = [] }
                state.isWriting = !state.waiting.isEmpty
                return state.waiting
            }
            if batch.isEmpty { return }
            for entry in batch { await write(entry) }
        }
    }

    private func write(_ entry: Entry) async {
        let object = entry.object
        let namespace = object.namespace.isEmpty ? "default" : object.namespace
        let identity = [object.kind, object.key, object.uid, entry.kind.rawValue, entry.reason, entry.message, entry.fieldPath].joined(
            separator: "\u{0}")
        let known = state.withLock { state -> Seen? in
            guard var seen = state.seen[identity] else { return nil }
            seen.count += 1
            state.seen[identity] = seen
            return seen
        }
        if let known {
            let patch: Value = ["count": Value(known.count), "lastTimestamp": .string(entry.time.rfc3339)]
            if (try? await client.patch(.events, namespace: namespace, name: known.name, .merge, patch)) != nil { return }
        }
        let event = event(entry, namespace: namespace)
        guard (try? await client.create(.events, event)) != nil else { return }
        state.withLock {
            if $0.seen.count >= Self.seenMax { $0.seen.removeAll() }
            $0.seen[identity] = Seen(name: event.name, count: 1)
        }
    }

    private func event(_ entry: Entry, namespace: String) -> Value {
        let object = entry.object
        let time = Value(entry.time.rfc3339)
        var involved: Value = [
            "kind": .string(object.kind), "apiVersion": .string(object.apiVersion), "name": .string(object.name), "uid": .string(object.uid),
            "resourceVersion": .string(object.resourceVersion),
        ]
        if !object.namespace.isEmpty { involved["namespace"] = .string(object.namespace) }
        if !entry.fieldPath.isEmpty { involved["fieldPath"] = .string(entry.fieldPath) }
        var source: Value = ["component": .string(component)]
        if !host.isEmpty { source["host"] = .string(host) }
        return [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .string("\(object.name).\(entry.time.eventSuffix)"), "namespace": .string(namespace)],
            "involvedObject": involved, "reason": .string(entry.reason), "message": .string(entry.message), "source": source,
            "type": .string(entry.kind.rawValue), "count": 1, "firstTimestamp": time, "lastTimestamp": time, "reportingComponent": .string(component),
            "reportingInstance": .string(host),
        ]
    }
}
