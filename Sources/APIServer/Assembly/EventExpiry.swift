import ClusterClient
import ObjectModel

/// Removes events that nothing was added to for a while: upstream's `--event-ttl`. It sleeps until the next one is due.
public struct EventExpiry: Sendable {
    private let registry: ResourceRegistry
    private let client: Client
    private let lifetime: Duration
    private let now: @Sendable () -> Timestamp

    /// Sweeps are this far apart at least, and take what became due in between together.
    private static let pause: Duration = .seconds(60)

    public init(_ server: StandardServer, lifetime: Duration, now: @escaping @Sendable () -> Timestamp) {
        registry = server.registry
        client = server.client(user: "system:apiserver", groups: ["system:masters"], userAgent: "event-expiry")
        self.lifetime = lifetime
        self.now = now
    }

    /// Works until cancelled.
    public func run() async {
        while !Task.isCancelled {
            let next = await sweep() - now()
            guard (try? await Task.sleep(for: max(Self.pause, min(next, lifetime)), tolerance: .seconds(5))) != nil else { return }
        }
    }

    /// Deletes what is due. Returns when the next one will be.
    func sweep() async -> Timestamp {
        let time = now()
        var next = time + lifetime
        var due: [Value] = []
        registry.resource(group: "", version: "v1", plural: "events")?.collection.snapshot.objects.scan { object in
            guard let event = try? object.lean() else { return true }
            let end = Self.lastHeard(event) + lifetime
            if end <= time { due.append(event) } else { next = min(next, end) }
            return true
        }
        for event in due where !Task.isCancelled {
            // One that was added to meanwhile stays.
            try? await client.delete(.events, namespace: event.namespace, name: event.name, uid: event.uid, resourceVersion: event.resourceVersion)
        }
        return next
    }

    /// The latest of the times that an event tells.
    static func lastHeard(_ event: Value) -> Timestamp {
        [event.metadata["creationTimestamp"], event["lastTimestamp"], event["eventTime"], event["series"]["lastObservedTime"]]
            .compactMap { $0.string.flatMap(Timestamp.init(rfc3339:)) }.max() ?? Timestamp(seconds: 0)
    }
}
