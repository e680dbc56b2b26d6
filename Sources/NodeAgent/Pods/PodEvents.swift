import ClusterClient
import ObjectModel

/// Tells of what happens to a pod, in upstream's words.
struct PodEvents: Sendable {
    let recorder: EventRecorder
    let pod: Pod

    func normal(_ reason: String, _ message: String, _ container: ContainerSpec? = nil) {
        recorder.event(pod.object, .normal, reason, message, fieldPath: container?.fieldPath ?? "")
    }

    func warning(_ reason: String, _ message: String, _ container: ContainerSpec? = nil) {
        recorder.event(pod.object, .warning, reason, message, fieldPath: container?.fieldPath ?? "")
    }

    // MARK: Images

    func pulling(_ container: ContainerSpec) { normal("Pulling", "Pulling image \"\(container.image)\"", container) }

    func pulled(_ container: ContainerSpec, _ how: ImagePuller.Pulled) {
        switch how {
        case .alreadyPresent:
            normal("Pulled", "Container image \"\(container.image)\" already present on machine and can be accessed by the pod", container)
        case .fetched(let took, let waited, let bytes):
            let message =
                "Successfully pulled image \"\(container.image)\" in \(Self.rounded(took)) (\(Self.rounded(waited)) including waiting). Image size: \(bytes) bytes."
            normal("Pulled", message, container)
        }
    }

    /// To the millisecond.
    private static func rounded(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000
        return Duration.milliseconds(milliseconds).goString
    }

    func failedToPull(_ container: ContainerSpec, _ failure: ImagePuller.Failure) {
        switch failure.reason {
        case "ErrImagePull": warning("Failed", "Failed to pull image \"\(container.image)\": \(failure.message)", container)
        case "ErrImageNeverPull": warning("ErrImageNeverPull", failure.message, container)
        case "ImagePullBackOff": normal("BackOff", "Back-off pulling image \"\(container.image)\"", container)
        default: warning("InspectFailed", failure.message, container)
        }
        warning("Failed", "Error: \(failure.reason)", container)
    }

    // MARK: Containers

    func created(_ container: ContainerSpec) { normal("Created", "Container created", container) }

    func started(_ container: ContainerSpec) { normal("Started", "Container started", container) }

    func failed(_ container: ContainerSpec, _ message: String) { warning("Failed", "Error: \(message)", container) }

    func killing(_ container: ContainerSpec, _ message: String?) { normal("Killing", message ?? "Stopping container \(container.name)", container) }

    func backOff(_ container: ContainerSpec) {
        warning("BackOff", "Back-off restarting failed container \(container.name) in pod \(pod.formatted)", container)
    }

    func unhealthy(_ container: ContainerSpec, _ kind: ProbeKind, _ message: String) {
        warning("Unhealthy", "\(kind.rawValue) probe failed: \(message)", container)
    }

    // MARK: The pod

    func sandboxChanged() { normal("SandboxChanged", "Pod sandbox changed, it will be killed and re-created.") }

    func failedSandbox(_ message: String) { warning("FailedCreatePodSandBox", "Failed to create pod sandbox: \(message)") }

    func failedMount(_ error: VolumeError) { warning("FailedMount", "\(error)") }
}
