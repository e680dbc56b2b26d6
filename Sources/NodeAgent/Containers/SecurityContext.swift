import ContainerRuntime
import ObjectModel

/// What a container may do: its own security context over the pod's.
struct SecurityContext {
    /// The user that an image runs as unless the pod says otherwise.
    struct ImageUser: Sendable, Equatable {
        var uid: Int64?
        var name = ""
    }

    let pod: Pod
    let container: ContainerSpec
    let imageUser: ImageUser

    /// Where profiles of type `Localhost` lie.
    var seccompDirectory = "/var/lib/kubelet/seccomp"

    private var own: Value { container.object["securityContext"] }
    private var shared: Value { pod.spec["securityContext"] }

    /// The container's word, else the pod's.
    private func effective(_ field: String) -> Value { own[field].isNull ? shared[field] : own[field] }

    // MARK: Not root

    /// Throws where `runAsNonRoot` can't be kept, or can't be checked.
    func verifyNonRoot() throws {
        guard effective("runAsNonRoot").bool == true else { return }
        let whom = "(pod: \"\(pod.formatted)\", container: \(container.name))"
        if let user = effective("runAsUser").integer {
            if user == 0 { throw ContainerConfigError("container's runAsUser breaks non-root policy \(whom)") }
            return
        }
        if imageUser.uid == 0 { throw ContainerConfigError("container has runAsNonRoot and image will run as root \(whom)") }
        if imageUser.uid == nil, !imageUser.name.isEmpty {
            throw ContainerConfigError(
                "container has runAsNonRoot and image has non-numeric user (\(imageUser.name)), cannot verify user is non-root \(whom)")
        }
        if imageUser.uid == nil { throw ContainerConfigError("container has runAsNonRoot and image will run as root \(whom)") }
    }

    // MARK: For the runtime

    var value: CRILinuxContainerSecurityContext {
        var context = CRILinuxContainerSecurityContext()
        let isPrivileged = own["privileged"].bool == true
        context.namespaceOptions = namespaces
        context.privileged = isPrivileged
        context.readonlyRootfs = own["readOnlyRootFilesystem"].bool == true
        context.noNewPrivs = own["allowPrivilegeEscalation"].bool == false
        if let user = effective("runAsUser").integer {
            context.runAsUser.value = user
        } else if let user = imageUser.uid {
            context.runAsUser.value = user
        } else {
            context.runAsUsername = imageUser.name
        }
        if let group = effective("runAsGroup").integer { context.runAsGroup.value = group }
        context.supplementalGroups = PodSandboxConfig.supplementalGroups(pod)
        context.supplementalGroupsPolicy = shared["supplementalGroupsPolicy"].string == "Strict" ? .strict : .merge
        context.capabilities.addCapabilities = own["capabilities"]["add"].strings
        context.capabilities.dropCapabilities = own["capabilities"]["drop"].strings
        context.selinuxOptions = Self.selinux(effective("seLinuxOptions"))
        context.seccomp = isPrivileged ? .with { $0.profileType = .unconfined } : profile(effective("seccompProfile"))
        if let apparmor = apparmor { context.apparmor = apparmor }
        if !isPrivileged, own["procMount"].string != "Unmasked" {
            context.maskedPaths = Self.maskedPaths
            context.readonlyPaths = Self.readonlyPaths
        }
        return context
    }

    private var namespaces: CRINamespaceOption {
        var options = PodSandboxConfig.namespaces(pod)
        if container.role == .ephemeral, let target = container.object["targetContainerName"].string, !target.isEmpty, options.pid == .container {
            // The id is filled in by whoever creates the container.
            options.pid = .target
        }
        return options
    }

    /// Without a word of the pod, nothing is confined: upstream's default too.
    private func profile(_ profile: Value) -> CRISecurityProfile {
        .with {
            switch profile["type"].string {
            case "RuntimeDefault": $0.profileType = .runtimeDefault
            case "Localhost":
                $0.profileType = .localhost
                $0.localhostRef = "\(seccompDirectory)/\(profile["localhostProfile"].string ?? "")"
            default: $0.profileType = .unconfined
            }
        }
    }

    private var apparmor: CRISecurityProfile? {
        let profile = effective("appArmorProfile")
        switch profile["type"].string {
        case "Unconfined": return .with { $0.profileType = .unconfined }
        case "Localhost":
            return .with {
                $0.profileType = .localhost
                $0.localhostRef = profile["localhostProfile"].string ?? ""
            }
        case "RuntimeDefault": return .with { $0.profileType = .runtimeDefault }
        default: return nil
        }
    }

    static func selinux(_ options: Value) -> CRISELinuxOption {
        .with {
            $0.user = options["user"].string ?? ""
            $0.role = options["role"].string ?? ""
            $0.type = options["type"].string ?? ""
            $0.level = options["level"].string ?? ""
        }
    }

    /// What a container must not see of the kernel.
    static let maskedPaths = [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ]

    static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
}
