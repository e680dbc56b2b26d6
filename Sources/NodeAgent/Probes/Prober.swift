import ContainerRuntime
import Glibc
import GRPCCore
import GRPCNIOTransportHTTP2
import NIOCore
import NIOPosix
import ObjectModel

/// Runs one probe once.
struct Prober: Sendable {
    let runtime: any ContainerRuntime
    let container: ContainerSpec
    let containerID: String
    let podIP: String

    enum Outcome: Sendable, Equatable {
        case success
        case failure(String)
        /// A failure, for nobody listens there.
        case refused(String)

        /// What is said of a failure.
        var message: String? {
            switch self {
            case .success: nil
            case .failure(let message), .refused(let message): message
            }
        }

        var isRefusal: Bool { if case .refused = self { true } else { false } }

        /// The failure of a connection.
        static func unreached(_ message: String, _ error: any Error) -> Outcome {
            var cause = error
            if let error = error as? NIOConnectionError, let first = error.connectionErrors.first { cause = first.error }
            return (cause as? IOError)?.errnoCode == ECONNREFUSED ? .refused(message) : .failure(message)
        }
    }

    func run(_ probe: Value) async -> Outcome {
        let timeout = Duration.seconds(max(probe["timeoutSeconds"].integer ?? 1, 1))
        let address = HandlerAddress(container: container, podIP: podIP)
        do {
            if probe["exec"].isObject { return try await exec(probe["exec"]["command"].strings, timeout) }
            if probe["httpGet"].isObject { return try await http(address.request(probe["httpGet"]), timeout) }
            if probe["tcpSocket"].isObject { return try await tcp(probe["tcpSocket"], address, timeout) }
            if probe["grpc"].isObject { return try await grpc(probe["grpc"], address, timeout) }
            return .failure("missing probe handler for \(container.name)")
        } catch {
            return .failure("\(error)")
        }
    }

    // MARK: Each kind

    private func exec(_ command: [String], _ timeout: Duration) async throws -> Outcome {
        do {
            let answer = try await runtime.execSync(containerID, command, timeout: timeout)
            if answer.exitCode == 0 { return .success }
            return .failure(String(decoding: Array(answer.stdout) + Array(answer.stderr), as: UTF8.self))
        } catch {
            if error.code == .deadlineExceeded {
                return .failure("command timed out: \"\(command.joined(separator: " "))\" timed out after \(timeout.goString)")
            }
            return .failure(error.rpcDescription)
        }
    }

    /// Redirects are followed on the same host only; one that leads away counts as an answer.
    private static let redirectsMax = 10

    private func http(_ first: ProbeHTTP.Request, _ timeout: Duration) async throws -> Outcome {
        var request = first
        let url = Self.url(request)
        for _ in 0...Self.redirectsMax {
            let answer: ProbeHTTP.Answer
            do {
                answer = try await ProbeHTTP.send(request, timeout: timeout)
            } catch {
                return .unreached("Get \"\(url)\": \(Self.describe(error, request.host, request.port))", error)
            }
            if (300..<400).contains(answer.status), let location = answer.location {
                guard let next = Self.redirected(request, to: location) else { return .success }
                request = next
                continue
            }
            if (200..<400).contains(answer.status) { return .success }
            return .failure("HTTP probe failed with statuscode: \(answer.status)")
        }
        return .failure("Get \"\(url)\": stopped after \(Self.redirectsMax) redirects")
    }

    private static func url(_ request: ProbeHTTP.Request) -> String {
        let host = request.host.contains(":") ? "[\(request.host)]" : request.host
        return "\(request.scheme)://\(host):\(request.port)\(request.path)"
    }

    /// Nil where it leads to another host.
    static func redirected(_ request: ProbeHTTP.Request, to location: String) -> ProbeHTTP.Request? {
        var next = request
        if location.hasPrefix("/"), !location.hasPrefix("//") {
            next.path = location
            return next
        }
        for scheme in ["http", "https"] where location.hasPrefix("\(scheme)://") {
            let rest = location.dropFirst(scheme.count + 3)
            let authority = rest.prefix { $0 != "/" }
            let path = rest.dropFirst(authority.count)
            let parts = authority.split(separator: ":")
            guard parts.first.map(String.init) == request.host else { return nil }
            next.scheme = scheme
            next.port = parts.count > 1 ? Int(parts[1]) ?? request.port : scheme == "https" ? 443 : 80
            next.path = path.isEmpty ? "/" : String(path)
            return next
        }
        return nil
    }

    private func tcp(_ action: Value, _ address: HandlerAddress, _ timeout: Duration) async throws -> Outcome {
        let host = action["host"].string.flatMap { $0.isEmpty ? nil : $0 } ?? podIP
        let port = try address.port(action["port"])
        do {
            try await ProbeHTTP.connect(host: host, port: port, timeout: timeout)
            return .success
        } catch {
            return .unreached(Self.describe(error, host, port), error)
        }
    }

    /// As Go's network errors read.
    static func describe(_ error: any Error, _ host: String, _ port: Int) -> String {
        let where_ = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        switch error {
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return describe(first.error, host, port) }
            return "dial tcp \(where_): \(error)"
        case let error as IOError:
            let text = String(cString: strerror(error.errnoCode))
            return "dial tcp \(where_): connect: \(text.prefix(1).lowercased())\(text.dropFirst())"
        case ChannelError.connectTimeout: return "dial tcp \(where_): i/o timeout"
        case ChannelError.eof: return "EOF"
        default: return "\(error)"
        }
    }

    private func grpc(_ action: Value, _ address: HandlerAddress, _ timeout: Duration) async throws -> Outcome {
        let port = try address.port(action["port"])
        do {
            let status = try await HealthCheck.check(host: podIP, port: port, service: action["service"].string ?? "", timeout: timeout)
            if status == .serving { return .success }
            return .failure("service unhealthy (responded with \"\(status.name)\")")
        } catch let error as RPCError {
            switch error.code {
            case .unimplemented: return .failure("this server does not implement the grpc health protocol (grpc.health.v1.Health): \(error.message)")
            case .deadlineExceeded: return .failure("timeout: health rpc did not complete within \(timeout.goString)")
            default: return .failure("error: health rpc probe failed: \(error.message)")
            }
        }
    }
}
