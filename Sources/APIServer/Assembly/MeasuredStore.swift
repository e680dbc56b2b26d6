import Metrics
import Storage

/// A store whose commits are timed, under the names that upstream's dashboards know: `etcd_request_duration_seconds` and its like.
struct MeasuredStore: Store {
    private let store: any Store
    private let durations: Histogram
    private let requests: Counter
    private let failures: Counter

    private static let seconds = [
        0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
    ]

    init(_ store: any Store, _ registry: MetricsRegistry) {
        self.store = store
        durations = registry.histogram(
            "etcd_request_duration_seconds", "Time that the store took for a request, by operation and resource.",
            labels: ["operation", "group", "resource"],
            buckets: Self.seconds)
        requests = registry.counter(
            "etcd_requests_total", "Requests to the store, by operation and resource.", labels: ["operation", "group", "resource"])
        failures = registry.counter(
            "etcd_request_errors_total", "Requests that the store refused or failed at, by operation and resource.",
            labels: ["operation", "group", "resource"])
    }

    var revision: Int64 { store.revision }
    var compactedRevision: Int64 { store.compactedRevision }

    func commit(_ writes: [Write]) async throws(StoreError) -> Int64 {
        let labels = Self.labels(writes)
        let start = ContinuousClock.now
        defer { durations.observe(ContinuousClock.now - start, labels) }
        requests.increment(labels)
        do {
            return try await store.commit(writes)
        } catch {
            failures.increment(labels)
            throw error
        }
    }

    func list(prefix: String, at revision: Int64?) throws(StoreError) -> Listing { try store.list(prefix: prefix, at: revision) }
    func changes(prefix: String, after revision: Int64) throws(StoreError) -> [Change] { try store.changes(prefix: prefix, after: revision) }
    func subscribe(_ handler: @escaping @Sendable ([Change]) -> Void) { store.subscribe(handler) }
    func compact(through revision: Int64) async throws(StoreError) { try await store.compact(through: revision) }
    func close() async { await store.close() }

    private static let slash = UInt8(ascii: "/")

    /// What a commit does to its first key: keys are `/registry/GROUP/RESOURCE/…`.
    private static func labels(_ writes: [Write]) -> [String] {
        guard let first = writes.first else { return ["", "", ""] }
        let operation = first.value == nil ? "delete" : first.precondition == .absent ? "create" : "update"
        var rest = first.key.utf8[...]
        for _ in 0..<2 { rest = rest.drop { $0 != slash }.dropFirst() }
        let group = rest.prefix { $0 != slash }
        let resource = rest.dropFirst(group.count + 1).prefix { $0 != slash }
        return [operation, group.elementsEqual("core".utf8) ? "" : String(Substring(group)), String(Substring(resource))]
    }
}
