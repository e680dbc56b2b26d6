import ObjectModel
import Synchronization

/// Records events (`v1.Event`) about objects, as `kubectl describe` shows them. Repetitions of the same event are counted on one object.
///
/// Recording never fails and never holds up its caller: an event that cannot be written is dropped.
public final class EventRecorder: Sendable {
    public enum Kind: String, Sendable { case normal = "Normal", warning = "Warning" }

    private let client: Client
    private let component: String
    private let host: String
    private let now: @Sendable () -> Timestamp
    private let seen = Mutex<[String: Seen]>([:])

    private struct Seen {
        var name: String
        var count: Int
    }

    /// Different events remembered for counting, at most.
    private static let seenMax = 4096

    public init(_ client: Client, component: String, host: String = "", now: @escaping @Sendable () -> Timestamp) {
        self.client = client
        self.component = component
        self.host = host
        self.now = now
    }

    /// Says that something happened to `object`. `fieldPath` names a part of it, such as `spec.containers{web}`.
    public func event(_ object: Value, _ kind: Kind, _ reason: String, _ message: String, fieldPath: String = "") {
        Task { await record(object, kind, reason, message, fieldPath) }
    }

    private func record(_ object: Value, _ kind: Kind, _ reason: String, _ message: String, _ fieldPath: String) async {
        let time = now()
        let namespace = object.namespace.isEmpty ? "default" : object.namespace
        let identity = [object.kind, object.key, object.uid, kind.rawValue, reason, message, fieldPath].joined(separator: "\u{0}")
        let known = seen.withLock { seen -> Seen? in
            guard var entry = seen[identity] else { return nil }
            entry.count += 1
            seen[identity] = entry
            return entry
        }
        if let known {
            let patch: Value = ["count": Value(known.count), "lastTimestamp": .string(time.rfc3339)]
            if (try? await client.patch(.events, namespace: namespace, name: known.name, .merge, patch)) != nil { return }
        }
        let name = "\(object.name).\(time.eventSuffix)"
        var involved: Value = [
            "kind": .string(object.kind), "apiVersion": .string(object.apiVersion), "name": .string(object.name), "uid": .string(object.uid),
            "resourceVersion": .string(object.resourceVersion),
        ]
        if !object.namespace.isEmpty { involved["namespace"] = .string(object.namespace) }
        if !fieldPath.isEmpty { involved["fieldPath"] = .string(fieldPath) }
        var source: Value = ["component": .string(component)]
        if !host.isEmpty { source["host"] = .string(host) }
        let event: Value = [
            "apiVersion": "v1", "kind": "Event", "metadata": ["name": .string(name), "namespace": .string(namespace)], "involvedObject": involved,
            "reason": .string(reason), "message": .string(message), "source": source, "type": .string(kind.rawValue), "count": 1,
            "firstTimestamp": .string(time.rfc3339), "lastTimestamp": .string(time.rfc3339), "eventTime": nil,
            "reportingComponent": .string(component), "reportingInstance": .string(host),
        ]
        guard (try? await client.create(.events, event)) != nil else { return }
        seen.withLock {
            if $0.count >= Self.seenMax { $0.removeAll() }
            $0[identity] = Seen(name: name, count: 1)
        }
    }
}
