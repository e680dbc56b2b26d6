import ClusterClient
import ContainerRuntime
import ObjectModel

/// Starts one container in a sandbox that stands: image, configuration, create, start.
struct ContainerLauncher: Sendable {
    let services: NodeServices
    let pod: Pod
    let sandbox: SandboxRecord
    let sandboxConfig: CRIPodSandboxConfig

    /// Where each volume of the pod lies.
    let volumes: [String: String]
    let podVolumes: PodVolumes
    let hostIPs: [String]

    private var events: PodEvents { PodEvents(recorder: services.recorder, pod: pod) }

    /// Why a container did not start.
    struct Failure: Error, Sendable {
        var waiting: WaitingReason
    }

    // MARK: Image

    /// Brings the image here. `mayPull` false is a pull that still waits out its pause: it fails with `ImagePullBackOff`.
    func image(_ container: ContainerSpec, backoff: ImageBackoff.Verdict) async throws -> ImagePuller.Ready {
        let (reference, image) = try await services.images.present(container)
        guard try services.images.mustPull(container, reference, isPresent: image != nil) else {
            events.pulled(container, .alreadyPresent)
            return ImagePuller.Ready(ref: image?.id ?? "\(reference)", user: SecurityContext.ImageUser(image), pulled: .alreadyPresent)
        }
        if case .wait(let last) = backoff {
            throw ImagePuller.Failure(reason: "ImagePullBackOff", message: "Back-off pulling image \"\(container.image)\": \(last)")
        }
        events.pulling(container)
        let ready = try await services.images.pull(reference, image: container.image, keyring: await keyring(), sandbox: sandboxConfig)
        if let pulled = ready.pulled { events.pulled(container, pulled) }
        return ready
    }

    /// The credentials in the pod's pull secrets; a secret that is not there or can't be read has none.
    private func keyring() async -> RegistryKeyring {
        var keyring = RegistryKeyring()
        let names = pod.spec["imagePullSecrets"].array.compactMap { $0["name"].string }
        guard !names.isEmpty else { return keyring }
        let secrets = await podVolumes.objects(.secrets, Set(names), pod)
        for name in names { if let secret = secrets[name] { try? keyring.add(secret: secret) } }
        return keyring
    }

    // MARK: Container

    /// Creates and starts. Returns the new container's id.
    func start(
        _ container: ContainerSpec, attempt: Int, image: ImagePuller.Ready, target: String?, created: @Sendable (String) async -> Void
    ) async throws -> String {
        let config: CRIContainerConfig
        do {
            config = try await configure(container, attempt: attempt, image: image, target: target)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            events.failed(container, "\(error)")
            throw Failure(waiting: WaitingReason(reason: "CreateContainerConfigError", message: "\(error)"))
        }
        let id: String
        do {
            id = try await services.runtime.createContainer(config, in: sandbox.id, sandboxConfig)
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            events.failed(container, error.message)
            throw Failure(waiting: WaitingReason(reason: "CreateContainerError", message: error.message))
        }
        await created(id)
        events.created(container)
        do {
            try await services.runtime.startContainer(id)
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            events.failed(container, error.message)
            throw Failure(waiting: WaitingReason(reason: "RunContainerError", message: error.message))
        }
        events.started(container)
        return id
    }

    private func configure(_ container: ContainerSpec, attempt: Int, image: ImagePuller.Ready, target: String?) async throws -> CRIContainerConfig {
        var security = SecurityContext(pod: pod, container: container, imageUser: image.user)
        security.seccompDirectory = "\(services.configuration.dataDirectory)/seccomp"
        try security.verifyNonRoot()
        let environment = try await environment(container)
        let mounts = try ContainerMounts(
            directories: services.directories, pod: pod, container: container, attempt: attempt, volumes: volumes, environment: environment
        ).make()
        let resources = ContainerResources(
            pod: pod, container: container, memoryCapacityBytes: services.capacity.memoryBytes,
            usesUnifiedHierarchy: services.cgroups?.isUnified == true)
        var config = try ContainerConfig(
            pod: pod, container: container, attempt: attempt, imageRef: image.ref, environment: environment, mounts: mounts, security: security,
            resources: resources
        ).value
        if let target, config.linux.securityContext.namespaceOptions.pid == .target {
            config.linux.securityContext.namespaceOptions.targetID = target
        }
        return config
    }

    private func environment(_ container: ContainerSpec) async throws -> Environment {
        let references = EnvironmentSource.references(of: container)
        let podIPs = pod.usesHostNetwork ? hostIPs : sandbox.ips
        var source = EnvironmentSource(
            downwardAPI: DownwardAPI(pod: pod, podIPs: podIPs, hostIPs: hostIPs, nodeAllocatable: services.allocatable.value))
        if !references.configMaps.isEmpty { source.configMaps = await podVolumes.objects(.configMaps, references.configMaps, pod) }
        if !references.secrets.isEmpty { source.secrets = await podVolumes.objects(.secrets, references.secrets, pod) }
        source.services = ServiceEnvironment.variables(
            services.services.indexed(NodeAgent.namespaceIndex, pod.namespace) + services.services.indexed(NodeAgent.namespaceIndex, "default"),
            namespace: pod.namespace, enableServiceLinks: pod.spec["enableServiceLinks"].bool ?? true)
        return try source.environment(of: container)
    }
}
