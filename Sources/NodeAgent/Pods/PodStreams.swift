import ContainerRuntime
import HTTPServer
import ObjectModel

/// What the node's streaming server asks of the pods here: where logs are, and the runtime's addresses for exec, attach and port-forward.
public struct PodStreams: NodeStreamingBackend {
    private let agent: NodeAgent
    private let authorizer: NodeAuthorizer
    private let summary: StatsSummary

    /// How often a log that is followed looks whether its container still runs.
    private static let lookInterval = Duration.milliseconds(500)

    public init(_ agent: NodeAgent) {
        self.agent = agent
        authorizer = NodeAuthorizer(client: agent.shared.client, nodeName: agent.configuration.nodeName)
        summary = StatsSummary(agent.shared)
    }

    private var runtime: any ContainerRuntime { agent.shared.runtime }

    // MARK: Logs

    public func log(namespace: String, pod: String, container: String, previous: Bool) async throws -> ContainerLog {
        let found = try find(namespace, pod)
        guard found.hasContainer(named: container) else {
            throw APIError(.badRequest, "container \(container) is not valid for pod \(pod)")
        }
        let seen = try await agent.shared.observer.observe(podUID: found.uid)
        guard let record = previous ? seen.previous(container) : seen.latest(container) else {
            let words =
                previous
                ? "previous terminated container \"\(container)\" in pod \"\(pod)\" not found"
                : "container \"\(container)\" in pod \"\(pod)\" is waiting to start: \(waitingReason(found, container))"
            throw APIError(.badRequest, words)
        }
        let (runtime, id) = (runtime, record.id)
        let path = record.logPath.isEmpty ? agent.shared.directories.log(found, container: container, attempt: record.attempt) : record.logPath
        return ContainerLog(path: path) {
            while let status = try? await runtime.containerStatus(id), status.state == .containerRunning || status.state == .containerCreated {
                guard (try? await Task.sleep(for: Self.lookInterval)) != nil else { return }
            }
        }
    }

    private func waitingReason(_ pod: Pod, _ container: String) -> String {
        let object = agent.podObjects.first { $0.uid == pod.uid } ?? .null
        let statuses = object["status"]["containerStatuses"].array + object["status"]["initContainerStatuses"].array
        return statuses.first { $0["name"].string == container }?["state"]["waiting"]["reason"].string ?? "ContainerCreating"
    }

    // MARK: Sessions

    public func execURL(
        namespace: String, pod: String, container: String, command: [String], streams: ContainerStreams
    ) async throws -> String {
        let id = try await running(namespace, pod, container).id
        return try await runtime.exec(
            .with {
                $0.containerID = id
                $0.cmd = command
                $0.stdin = streams.stdin
                $0.stdout = streams.stdout
                // With a terminal there is one stream for both.
                $0.stderr = streams.stderr && !streams.tty
                $0.tty = streams.tty
            })
    }

    public func attachURL(namespace: String, pod: String, container: String, streams: ContainerStreams) async throws -> String {
        let id = try await running(namespace, pod, container).id
        return try await runtime.attach(
            .with {
                $0.containerID = id
                $0.stdin = streams.stdin
                $0.stdout = streams.stdout
                $0.stderr = streams.stderr && !streams.tty
                $0.tty = streams.tty
            })
    }

    public func portForwardURL(namespace: String, pod: String, ports: [Int32]) async throws -> String {
        let found = try find(namespace, pod)
        guard let sandbox = try await agent.shared.observer.observe(podUID: found.uid).sandbox, sandbox.isReady else {
            throw APIError(.internalError, "pod \(pod) has no sandbox that is ready")
        }
        return try await runtime.portForward(sandbox: sandbox.id, ports: ports)
    }

    // MARK: The rest

    public func refusal(_ request: HTTPRequest) async -> HTTPResponse? { await authorizer.refusal(request) }

    public func answer(_ request: HTTPRequest) async -> HTTPResponse? {
        guard request.api.method == .get || request.api.method == .head else { return nil }
        do {
            return try await read(request.api.path)
        } catch {
            return .failure(error)
        }
    }

    private func read(_ path: String) async throws -> HTTPResponse? {
        switch path {
        case "/healthz": return HTTPResponse(contentType: "text/plain; charset=utf-8", body: [Array("ok".utf8)])
        case "/pods":
            let list: Value = ["kind": "PodList", "apiVersion": "v1", "metadata": [:], "items": .array(agent.podObjects)]
            return HTTPResponse(body: [list.canonicalJSON()])
        case "/metrics":
            try await countPods()
            return .metrics(agent.shared.metrics.registry.exposition())
        case "/metrics/resource": return .metrics(try await survey().resourceMetrics)
        case "/metrics/cadvisor": return .metrics(try await survey().containerMetrics(capacity: agent.shared.capacity))
        case "/stats/summary", "/stats/summary/": return HTTPResponse(body: [await summary.object(try await survey()).canonicalJSON()])
        default: return nil
        }
    }

    private func survey() async throws -> NodeSurvey { try await NodeSurvey.take(agent.shared, pods: agent.podObjects) }

    /// What runs is counted when it is asked for.
    private func countPods() async throws {
        let sandboxes = try await runtime.podSandboxes(.with { $0.state.state = .sandboxReady })
        var states = ["created": 0, "exited": 0, "running": 0, "unknown": 0]
        for container in try await runtime.containers() {
            switch container.state {
            case .containerCreated: states["created", default: 0] += 1
            case .containerRunning: states["running", default: 0] += 1
            case .containerExited: states["exited", default: 0] += 1
            default: states["unknown", default: 0] += 1
            }
        }
        let uids = Set(sandboxes.compactMap { $0.labels[RuntimeLabels.podUID] })
        agent.shared.metrics.holds(pods: uids.count, containers: states, desired: agent.podObjects.count)
    }

    // MARK: Finding

    private func find(_ namespace: String, _ name: String) throws -> Pod {
        guard let pod = agent.pod(namespace: namespace, name: name) else { throw APIError(.notFound, "pod \"\(name)\" not found") }
        return pod
    }

    private func running(_ namespace: String, _ pod: String, _ container: String) async throws -> ContainerRecord {
        let found = try find(namespace, pod)
        guard let record = try await agent.shared.observer.observe(podUID: found.uid).latest(container), record.state == .running else {
            throw APIError(.notFound, "container not found (\"\(container)\")")
        }
        return record
    }
}

extension HTTPResponse {
    fileprivate static func metrics(_ text: String) -> HTTPResponse {
        HTTPResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", body: [Array(text.utf8)])
    }
}

extension Pod {
    fileprivate func hasContainer(named name: String) -> Bool {
        ["containers", "initContainers", "ephemeralContainers"].contains { list in
            object["spec"][list].array.contains { $0["name"].string == name }
        }
    }
}
