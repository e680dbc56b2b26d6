import Metrics

/// The server's metrics, under upstream's names.
final class ServerMetrics: Sendable {
    private let registry: MetricsRegistry
    private let requests: Counter
    private let durations: Histogram
    private let longRunning: Gauge

    private static let seconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60]

    init(_ registry: MetricsRegistry) {
        self.registry = registry
        requests = registry.counter(
            "apiserver_request_total", "Requests answered, by verb, resource and status code.",
            labels: ["verb", "group", "version", "resource", "subresource", "scope", "code"])
        durations = registry.histogram(
            "apiserver_request_duration_seconds", "Time from a request's arrival to its answer.",
            labels: ["verb", "group", "version", "resource", "subresource", "scope"], buckets: Self.seconds)
        longRunning = registry.gauge(
            "apiserver_longrunning_requests", "Watches and other long requests under way.",
            labels: ["verb", "group", "version", "resource", "subresource", "scope"])
    }

    /// Counts the outcome, now or when it is there.
    func observed(_ outcome: Outcome, _ info: RequestInfo, since start: ContinuousClock.Instant) -> Outcome {
        switch outcome {
        case .respond(let response):
            record(info, response.status, since: start)
            return outcome
        case .wait(let answer):
            return .wait { [self] in
                let response = await answer()
                record(info, response.status, since: start)
                return response
            }
        case .stream(let head, let begin):
            return .stream(head) { [self] sink in
                let labels = Self.labels(info)
                longRunning.add(1, labels)
                sink.onClose { [self] in
                    longRunning.add(-1, labels)
                    requests.increment(labels + ["200"])
                }
                begin(sink)
            }
        case .tunnel, .forward, .deferred: return outcome
        }
    }

    private func record(_ info: RequestInfo, _ status: Int, since start: ContinuousClock.Instant) {
        let labels = Self.labels(info)
        requests.increment(labels + [String(status)])
        durations.observe(ContinuousClock.now - start, labels)
    }

    private static func labels(_ info: RequestInfo) -> [String] {
        let scope = !info.isResourceRequest ? "" : !info.name.isEmpty ? "resource" : info.namespace.isEmpty ? "cluster" : "namespace"
        return [info.verb.uppercased(), info.group, info.version, info.resource, info.subresource, scope]
    }

    func exposition() -> String { registry.exposition() }
}
