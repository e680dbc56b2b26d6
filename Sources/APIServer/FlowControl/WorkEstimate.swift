import ClusterClient
import ObjectModel

/// What a request asks of the server.
struct WorkEstimate: Sendable, Equatable {
    /// Seats that it holds from when it is let in until it is answered.
    var seats = 1

    /// How long it holds them beyond that, in nanoseconds, for those who are told of what it wrote.
    var afterwards = 0
}

/// Says how many seats a request needs, by upstream's rule: a list one for each 100 kB of objects that it holds at a time, a write one for each ten clients
/// that watch what it writes, anything else one.
struct WorkEstimator: Sendable {
    /// The objects that a list would return if nothing were selected; nil for what is no collection.
    var objects: @Sendable (RequestInfo) -> (count: Int, snapshot: Snapshot)?
    let watches = WatchCounts()

    /// Seats of one request, at most. A level may say less.
    static let seatsMax = 10
    private static let bytesPerSeat = 100_000

    /// What a list holds at a time, at most: it is written from memory as it is.
    private static let listBytesMax = 1_000_000
    private static let watchersPerSeat = 10

    /// How long telling ten watchers takes a seat, in nanoseconds: what it costs here, which is a fiftieth of what upstream allows for.
    private static let tellingTime = 100_000

    /// - Parameter seatsMax: those that the priority level gives one request, at most.
    func estimate(_ info: RequestInfo, _ request: APIRequest, _ counts: FlowCounts, seatsMax: Int) -> WorkEstimate {
        switch info.verb {
        case "list": list(info, request, seatsMax: seatsMax)
        case "watch" where request.flag("sendInitialEvents") == true: list(info, request, seatsMax: seatsMax)
        case "create", "update", "patch", "delete": write(info, counts, seatsMax: seatsMax)
        default: WorkEstimate()
        }
    }

    private func list(_ info: RequestInfo, _ request: APIRequest, seatsMax: Int) -> WorkEstimate {
        guard info.isResourceRequest, info.name.isEmpty, info.subresource.isEmpty, info.selectors.required("metadata.name") == nil,
            let (count, snapshot) = objects(info), count > 0
        else { return WorkEstimate() }
        var returned = count
        if let limit = request.queryValue("limit").flatMap({ Int($0) }), limit > 0 { returned = min(returned, limit) }
        let bytes = min(returned * snapshot.averageBytes, Self.listBytesMax)
        return WorkEstimate(seats: min(max(1, (bytes + Self.bytesPerSeat - 1) / Self.bytesPerSeat), seatsMax))
    }

    private func write(_ info: RequestInfo, _ counts: FlowCounts, seatsMax: Int) -> WorkEstimate {
        // A token is written nowhere.
        guard info.isResourceRequest, !(info.subresource == "token" && info.resource == "serviceaccounts") else { return WorkEstimate() }
        let watchers = watches.interested(in: info)
        counts.watchers.observe(watchers)
        guard watchers >= Self.watchersPerSeat else { return WorkEstimate() }
        let seats = (watchers + Self.watchersPerSeat - 1) / Self.watchersPerSeat
        let held = min(seats, seatsMax)
        // As much work, done by fewer for longer.
        return WorkEstimate(seats: held, afterwards: seats * Self.tellingTime / held)
    }
}

extension ResourceRegistry {
    /// The objects that a request is about, and how many of them are of its namespace.
    func objects(of info: RequestInfo) -> (count: Int, snapshot: Snapshot)? {
        guard let resource = resource(group: info.group, version: info.version, plural: info.resource) else { return nil }
        let snapshot = resource.collection.snapshot.objects
        let count = info.namespace.isEmpty ? snapshot.count : snapshot.count(namespace: info.namespace, after: info.namespace + "/")
        return (count, snapshot)
    }
}

extension Snapshot {
    /// What an object takes, on average, seen from a few.
    var averageBytes: Int {
        let step = max(1, chunks.count / 8)
        var (bytes, seen) = (0, 0)
        for chunk in stride(from: 0, to: chunks.count, by: step) {
            bytes += chunks[chunk].objects[0].bytes.count
            seen += 1
        }
        return seen > 0 ? bytes / seen : 0
    }
}
