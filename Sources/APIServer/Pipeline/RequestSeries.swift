import Metrics
import Synchronization

/// What is counted of requests of one sort, without a lock: they are the server's hot path.
final class RequestSeries: Sendable {
    /// What sort of requests: the labels of upstream's metrics.
    struct Key: Hashable, Sendable {
        var verb: String
        var group = ""
        var version = ""
        var resource = ""
        var subresource = ""
        var scope = ""

        /// `All` where nothing is to be done.
        var dryRun = ""

        /// Whether a resource is asked for: only then upstream names itself.
        var isResource = false

        var component: String { isResource ? "apiserver" : "" }
    }

    let key: Key

    /// Whether the resource is one that clients should leave.
    let isDeprecated: Bool

    /// Answers by status code.
    let codes = StatusCounts()

    /// Nanoseconds from a request's arrival to its answer, and those without the time that it waited for seats.
    let durations = HistogramCounts(bounds: RequestSeries.nanoseconds)
    let ownDurations = HistogramCounts(bounds: RequestSeries.ownNanoseconds)

    /// Bytes of answers to reads and of bodies of writes; nil for others.
    let responseSizes: HistogramCounts?
    let bodySizes: HistogramCounts?

    /// Watches under way.
    let longRunning = Atomic(0)

    static let seconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]
    static let ownSeconds = Array(seconds.dropFirst(2))
    static let responseBytes = [1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]
    static let bodyBytes = (0..<31).map { 50_000 + $0 * 100_000 }
    private static let nanoseconds = seconds.map { Int($0 * 1e9) }
    private static let ownNanoseconds = ownSeconds.map { Int($0 * 1e9) }

    init(_ key: Key, isDeprecated: Bool = false) {
        self.key = key
        self.isDeprecated = isDeprecated
        responseSizes = key.verb == "GET" || key.verb == "LIST" ? HistogramCounts(bounds: Self.responseBytes) : nil
        let takesBody = key.isResource && ["POST", "PUT", "PATCH", "APPLY", "DELETE"].contains(key.verb)
        bodySizes = takesBody ? HistogramCounts(bounds: Self.bodyBytes) : nil
    }

    /// Counts an answer.
    /// - Parameters:
    ///   - nanoseconds: from the request's arrival.
    ///   - waited: how much of that it waited for seats.
    func record(_ status: Int, after nanoseconds: Int, waited: Int) {
        codes.count(status)
        durations.observe(nanoseconds)
        ownDurations.observe(max(0, nanoseconds - waited))
    }
}

/// Answers by their status code.
final class StatusCounts: Sendable {
    /// Those that come often; others take a lock.
    private static let common = [200, 201, 404, 409, 202, 304, 400, 403, 405, 406, 410, 415, 422, 429, 500, 504]

    private let counts = InlineArray<16, Atomic<Int>> { _ in Atomic(0) }
    private let others: Mutex<[Int: Int]> = Mutex([:])

    func count(_ status: Int) {
        for index in Self.common.indices where Self.common[index] == status {
            counts[index].add(1, ordering: .relaxed)
            return
        }
        others.withLock { $0[status, default: 0] += 1 }
    }

    /// Those that there were.
    var reading: [(status: Int, count: Int)] {
        let common = Self.common.indices.map { (status: Self.common[$0], count: counts[$0].load(ordering: .relaxed)) }
        return common.filter { $0.count > 0 } + others.withLock { $0.map { (status: $0.key, count: $0.value) } }
    }
}
