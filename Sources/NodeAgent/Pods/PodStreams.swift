import ContainerRuntime
import HTTPServer
import ObjectModel

/// What the node's streaming server asks of the pods here: where logs are, and the runtime's addresses for exec, attach and port-forward.
public struct PodStreams: NodeStreamingBackend {
    private let agent: NodeAgent

    /// How often a log that is followed looks whether its container still runs.
    private static let lookInterval = Duration.milliseconds(500)

    public init(_ agent: NodeAgent) { self.agent = agent }

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

    public func answer(_ request: HTTPRequest) async -> HTTPResponse? {
        switch request.api.path {
        case "/healthz": return HTTPResponse(contentType: "text/plain; charset=utf-8", body: [Array("ok".utf8)])
        case "/pods":
            let list: Value = ["kind": "PodList", "apiVersion": "v1", "metadata": [:], "items": .array(agent.podObjects)]
            return HTTPResponse(body: [list.canonicalJSON()])
        default: return nil
        }
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

extension Pod {
    fileprivate func hasContainer(named name: String) -> Bool {
        ["containers", "initContainers", "ephemeralContainers"].contains { list in
            object["spec"][list].array.contains { $0["name"].string == name }
        }
    }
}
