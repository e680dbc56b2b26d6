import ContainerRuntime
import ObjectModel

/// Brings images to this machine as the pull policy says. Pods that want the same image at the same time share one pull.
actor ImagePuller {
    /// An image that is there.
    struct Ready: Sendable {
        /// What containers are created from.
        var ref: String
        var user: SecurityContext.ImageUser
        /// What happened, for an event.
        var pulled: Pulled?
    }

    enum Pulled: Sendable, Equatable {
        case alreadyPresent
        case fetched(took: Duration, waited: Duration, bytes: UInt64)
    }

    /// Why an image is not there.
    struct Failure: Error, Sendable, Equatable {
        /// The container's waiting reason, such as `ErrImagePull`.
        var reason: String
        var message: String
        var cause = ""
    }

    private struct PullKey: Hashable {
        var image: String
        var username: String
        var password: String
    }

    private let runtime: any ContainerRuntime
    private var pulls: [PullKey: Task<String, any Error>] = [:]

    /// Pulls that ended so far: when it moves, the machine's images have changed.
    private(set) var pullCount = 0

    init(_ runtime: any ContainerRuntime) { self.runtime = runtime }

    /// What is on the machine under a container's image name, or a `Failure` where there can't be such an image.
    nonisolated func present(_ container: ContainerSpec) async throws -> (reference: ImageReference, image: CRIImage?) {
        let reference: ImageReference
        do {
            reference = try ImageReference(container.image)
        } catch {
            throw Failure(reason: "InvalidImageName", message: "Failed to apply default image tag \"\(container.image)\": \(error.message)")
        }
        do {
            return (reference, try await runtime.imageStatus(.with { $0.image = "\(reference)" }))
        } catch {
            throw Failure(reason: "ImageInspectError", message: "Failed to inspect image \"\(container.image)\": \(error.rpcDescription)")
        }
    }

    /// Whether the image must be fetched before the container may start.
    nonisolated func mustPull(_ container: ContainerSpec, _ reference: ImageReference, isPresent: Bool) throws -> Bool {
        let policy = container.object["imagePullPolicy"].string ?? (reference.tag == "latest" ? "Always" : "IfNotPresent")
        switch policy {
        case "Never":
            if !isPresent {
                throw Failure(reason: "ErrImageNeverPull", message: "Container image \"\(container.image)\" is not present with pull policy of Never")
            }
            return false
        case "IfNotPresent": return !isPresent
        default: return true
        }
    }

    /// Fetches an image, with each of the credentials in turn.
    func pull(_ reference: ImageReference, image: String, keyring: RegistryKeyring, sandbox: CRIPodSandboxConfig) async throws -> Ready {
        let clock = ContinuousClock()
        let start = clock.now
        var failures: [String] = []
        let credentials = keyring.credentials(for: reference)
        for auth in credentials.isEmpty ? [nil] : credentials.map(Optional.some) {
            do {
                let ref = try await pull("\(reference)", auth, sandbox)
                let took = clock.now - start
                let status = try? await runtime.imageStatus(.with { $0.image = ref })
                return Ready(
                    ref: ref, user: SecurityContext.ImageUser(status), pulled: .fetched(took: took, waited: took, bytes: status?.size ?? 0))
            } catch is CancellationError {
                throw CancellationError()
            } catch let error as ContainerRuntimeError {
                if error.code == .cancelled, Task.isCancelled { throw CancellationError() }
                failures.append(error.rpcDescription)
            }
        }
        let message = failures.count == 1 ? failures[0] : "[\(failures.joined(separator: ", "))]"
        throw Failure(reason: "ErrImagePull", message: message, cause: message)
    }

    /// Joins a pull that is under way. A pull goes on when the pod that began it is gone: another may wait for it, and the next will want it.
    private func pull(_ image: String, _ auth: CRIAuthConfig?, _ sandbox: CRIPodSandboxConfig) async throws -> String {
        let key = PullKey(image: image, username: auth?.username ?? "", password: auth?.password ?? "")
        let task: Task<String, any Error>
        if let running = pulls[key] {
            task = running
        } else {
            let runtime = runtime
            task = Task {
                defer { Task { self.finished(key) } }
                return try await runtime.pullImage(.with { $0.image = image }, auth: auth, sandbox: sandbox)
            }
            pulls[key] = task
        }
        return try await Self.value(of: task)
    }

    private func finished(_ key: PullKey) {
        pulls[key] = nil
        pullCount += 1
    }

    /// Waits for a task, but not past the end of one's own.
    private static func value(of task: Task<String, any Error>) async throws -> String {
        let (stream, continuation) = AsyncThrowingStream<String, any Error>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let waiter = Task {
            do {
                continuation.yield(try await task.value)
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        defer { waiter.cancel() }
        for try await ref in stream { return ref }
        throw CancellationError()
    }

    /// Ends what is under way and waits for it.
    func shutDown() async {
        let running = Array(pulls.values)
        for task in running { task.cancel() }
        for task in running { _ = try? await task.value }
    }
}

extension SecurityContext.ImageUser {
    init(_ image: CRIImage?) {
        self.init(uid: image.flatMap { $0.hasUid ? $0.uid.value : nil }, name: image?.username ?? "")
    }
}
