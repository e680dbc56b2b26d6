import ContainerRuntime
import ObjectModel

/// Runs a container's `postStart` or `preStop` handler.
struct LifecycleHook: Sendable {
    struct Failure: Error, Sendable, Equatable {
        var message: String
    }

    let services: NodeServices
    let pod: Pod
    let container: ContainerSpec
    let containerID: String
    let podIPs: [String]

    /// - Parameter timeout: how long it may take; nil for as long as it takes.
    func run(_ handler: Value, timeout: Duration?) async throws {
        let address = HandlerAddress(container: container, podIP: podIPs.first ?? "")
        if handler["exec"].isObject { return try await exec(handler["exec"]["command"].strings, timeout) }
        if handler["httpGet"].isObject { return try await http(handler["httpGet"], address, timeout) }
        if handler["tcpSocket"].isObject {
            let host = handler["tcpSocket"]["host"].string ?? podIPs.first ?? ""
            return try await wrapped("TCP") {
                try await ProbeHTTP.connect(host: host, port: try address.port(handler["tcpSocket"]["port"]), timeout: timeout ?? .seconds(30))
            }
        }
        if handler["sleep"].isObject {
            let seconds = Duration.seconds(handler["sleep"]["seconds"].integer ?? 0)
            // No longer than there is time, and no longer than the container runs.
            try await Task.sleep(for: timeout.map { min($0, seconds) } ?? seconds)
        }
    }

    private func exec(_ command: [String], _ timeout: Duration?) async throws {
        let whom = "Exec lifecycle hook (\(Self.goList(command))) for Container \"\(container.name)\" in Pod \"\(pod.formatted)\" failed"
        let answer: CRIExecSyncResponse
        do {
            answer = try await services.runtime.execSync(containerID, command, timeout: timeout)
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            throw Failure(message: "\(whom) - error: \(error.rpcDescription), message: \"\"")
        }
        guard answer.exitCode != 0 else { return }
        let output = String(decoding: (Array(answer.stdout) + Array(answer.stderr)).prefix(1_024), as: UTF8.self)
        throw Failure(
            message:
                "\(whom) - error: command '\(command.joined(separator: " "))' exited with \(answer.exitCode): \(output), message: \(Value.string(output))"
        )
    }

    /// `[sh -c exit]`
    private static func goList(_ words: [String]) -> String { "[\(words.joined(separator: " "))]" }

    private func http(_ action: Value, _ address: HandlerAddress, _ timeout: Duration?) async throws {
        let path = action["path"].string ?? ""
        try await wrapped("HTTP", path: path) {
            let answer = try await ProbeHTTP.send(try address.request(action), timeout: timeout ?? .seconds(30))
            if answer.status >= 400 { throw Failure(message: "HTTP probe failed with statuscode: \(answer.status)") }
        }
    }

    private func wrapped(_ kind: String, path: String = "", _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            let text = (error as? Failure)?.message ?? Prober.describe(error, podIPs.first ?? "", 0)
            throw Failure(
                message: "\(kind) lifecycle hook (\(path)) for Container \"\(container.name)\" in Pod \"\(pod.formatted)\" failed - error: \(text)")
        }
    }
}
