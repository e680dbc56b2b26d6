import ClusterClient
import Metrics
import Synchronization

/// The server's metrics of requests, under upstream's names.
final class ServerMetrics: Sendable {
    private let registry: MetricsRegistry
    private let series: Mutex<[RequestSeries.Key: RequestSeries]> = Mutex([:])
    let gates: GateMetrics
    private let isDeprecated: @Sendable (RequestInfo) -> Bool

    init(_ registry: MetricsRegistry, isDeprecated: @escaping @Sendable (RequestInfo) -> Bool) {
        self.registry = registry
        self.isDeprecated = isDeprecated
        gates = GateMetrics(registry)
        register()
        registerDeprecated()
        registerBuild()
    }

    func exposition() -> String { registry.exposition() }

    // MARK: Counting

    /// Counts the outcome, now or when it is there.
    /// - Parameters:
    ///   - start: when the request came.
    ///   - waited: how long it waited for seats.
    func observed(_ outcome: Outcome, _ info: RequestInfo, _ request: APIRequest, since start: Int, waited: Int = 0) -> Outcome {
        switch outcome {
        case .respond(let response):
            record(response, in: series(of: info, request), request, since: start, waited)
            return outcome
        case .wait(let answer):
            let series = series(of: info, request)
            return .wait { [self] in
                let response = await answer()
                record(response, in: series, request, since: start, waited)
                return response
            }
        case .stream(let head, let begin):
            let series = series(of: info, request)
            return .stream(head) { sink in
                series.longRunning.add(1, ordering: .relaxed)
                sink.onClose {
                    series.longRunning.subtract(1, ordering: .relaxed)
                    series.record(head.status, after: MonotonicTime.now - start, waited: waited)
                }
                begin(sink)
            }
        case .tunnel, .forward, .deferred: return outcome
        }
    }

    private func record(_ response: HTTPResponse, in series: RequestSeries, _ request: APIRequest, since start: Int, _ waited: Int) {
        series.record(response.status, after: MonotonicTime.now - start, waited: waited)
        series.responseSizes?.observe(response.body.reduce(0) { $0 + $1.count })
        series.bodySizes?.observe(request.body.count)
    }

    private func series(of info: RequestInfo, _ request: APIRequest) -> RequestSeries {
        let key = RequestSeries.Key(info, request)
        return series.withLock { series in
            if let known = series[key] { return known }
            let new = RequestSeries(key, isDeprecated: isDeprecated(info))
            series[key] = new
            return new
        }
    }

    // MARK: Telling

    private var all: [RequestSeries] { series.withLock { Array($0.values) } }

    private func register() {
        let what = ["verb", "group", "version", "resource", "subresource", "scope", "component"]
        registry.counter("apiserver_request_total", "Requests answered.", labels: what + ["dry_run", "code"]).read { [self] in
            all.flatMap { series in series.codes.reading.map { (series.labels + [series.key.dryRun, String($0.status)], Double($0.count)) } }
        }
        func histogram(
            _ name: String, _ help: String, _ bounds: [Double], labels: [String],
            _ read: @escaping @Sendable (RequestSeries) -> ([String], HistogramReading)?
        ) {
            registry.histogram("apiserver_\(name)", help, labels: labels, buckets: bounds).read { [self] in Self.merged(all.compactMap(read)) }
        }
        histogram(
            "request_duration_seconds", "Time from a request's arrival to its answer, or to the end of its watch.", RequestSeries.seconds,
            labels: what + ["dry_run"]
        ) { ($0.labels + [$0.key.dryRun], $0.durations.reading(unit: 1e-9)) }
        histogram(
            "request_sli_duration_seconds", "Time from a request's arrival to its answer, without what it waited for seats.",
            RequestSeries.ownSeconds, labels: what
        ) { ($0.labels, $0.ownDurations.reading(unit: 1e-9)) }
        histogram(
            "response_sizes", "Bytes of answers to reads, before they are compressed.", RequestSeries.responseBytes.map(Double.init), labels: what
        ) { series in series.responseSizes.map { (series.labels, $0.reading()) } }
        histogram(
            "request_body_size_bytes", "Bytes of the bodies of writes.", RequestSeries.bodyBytes.map(Double.init),
            labels: ["group", "resource", "verb"]
        ) { series in
            series.bodySizes.map { ([series.key.group, series.resourceWithSubresource, series.key.verbOfBody], $0.reading()) }
        }
        registry.gauge("apiserver_longrunning_requests", "Watches and other long requests under way.", labels: what).read { [self] in
            all.filter { $0.key.verb == "WATCH" || $0.longRunning.load(ordering: .relaxed) > 0 }
                .map { ($0.labels, Double($0.longRunning.load(ordering: .relaxed))) }
        }
    }

    private func registerBuild() {
        let version = DiscoveryRoutes.version
        let facts = [
            "major": "major", "minor": "minor", "git_version": "gitVersion", "git_commit": "gitCommit", "git_tree_state": "gitTreeState",
            "build_date": "buildDate", "go_version": "goVersion", "compiler": "compiler", "platform": "platform",
        ].sorted { $0.key < $1.key }
        registry.gauge("kubernetes_build_info", "What is built here: always 1.", labels: facts.map(\.key))
            .set(1, facts.map { version[$0.value].string ?? "" })
    }

    private func registerDeprecated() {
        let labels = ["group", "version", "resource", "subresource", "removed_release"]
        registry.gauge("apiserver_requested_deprecated_apis", "1 for what was asked for and is not to be used any more.", labels: labels)
            .read { [self] in
                // Nothing that is served here is to be gone in a release that is known.
                let asked = Set(all.filter(\.isDeprecated).map { [$0.key.group, $0.key.version, $0.key.resource, $0.key.subresource, ""] })
                return asked.map { ($0, 1) }
            }
    }

    /// One for each set of labels: requests that differ in what isn't told are counted together.
    private static func merged(_ readings: [([String], HistogramReading)]) -> [([String], HistogramReading)] {
        var merged: [[String]: HistogramReading] = [:]
        for (labels, reading) in readings where reading.counts.contains(where: { $0 > 0 }) {
            merged[labels, default: HistogramReading(counts: reading.counts.map { _ in 0 }, sum: 0)].add(reading)
        }
        return merged.map { ($0.key, $0.value) }
    }
}

extension RequestSeries {
    fileprivate var labels: [String] { [key.verb, key.group, key.version, key.resource, key.subresource, key.scope, key.component] }

    fileprivate var resourceWithSubresource: String { key.subresource.isEmpty ? key.resource : "\(key.resource)/\(key.subresource)" }
}

extension RequestSeries.Key {
    /// Verbs are HTTP's, but for what HTTP has no word for.
    fileprivate init(_ info: RequestInfo, _ request: APIRequest) {
        self.init(verb: Self.verb(info, request))
        guard info.isResourceRequest else {
            // Anyone may make up paths: only those that are told of are told apart.
            if Self.toldPaths.contains(info.path) { subresource = info.path }
            return
        }
        (group, version, resource, subresource, isResource) = (info.group, info.version, info.resource, info.subresource, true)
        scope = !info.name.isEmpty || info.verb == "create" ? "resource" : info.namespace.isEmpty ? "cluster" : "namespace"
        if verb != "GET", verb != "LIST", verb != "WATCH", request.queryValue("dryRun") == "All" { dryRun = "All" }
    }

    private static let toldPaths: Set<String> = ["/healthz", "/livez", "/readyz", "/metrics"]

    private static func verb(_ info: RequestInfo, _ request: APIRequest) -> String {
        switch info.verb {
        case "get", "head": "GET"
        case "list": "LIST"
        case "watch": "WATCH"
        case "create", "post": "POST"
        case "update", "put": "PUT"
        case "patch": ApplyPatch.mediaTypes.contains(request.contentType.mediaType) ? "APPLY" : "PATCH"
        case "delete", "deletecollection": "DELETE"
        default: "other"
        }
    }

    /// As upstream names it where bodies are measured.
    fileprivate var verbOfBody: String {
        switch verb {
        case "POST": "create"
        case "PUT": "update"
        case "DELETE": "delete"
        default: "patch"
        }
    }
}
