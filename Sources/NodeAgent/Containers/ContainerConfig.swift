import ContainerRuntime
import ObjectModel

/// Makes the CRI description of a container. Pure: what it needs is there already.
struct ContainerConfig {
    let pod: Pod
    let container: ContainerSpec
    let attempt: Int

    /// The reference that the image was pulled to.
    let imageRef: String
    let environment: Environment
    let mounts: [CRIMount]
    let security: SecurityContext
    let resources: ContainerResources

    var value: CRIContainerConfig {
        get throws {
            let spec = container.object
            var config = CRIContainerConfig()
            config.metadata.name = container.name
            config.metadata.attempt = UInt32(attempt)
            config.image.image = imageRef
            config.image.userSpecifiedImage = container.image
            config.command = try spec["command"].strings.map(environment.expand)
            config.args = try spec["args"].strings.map(environment.expand)
            config.workingDir = spec["workingDir"].string ?? ""
            config.envs = environment.variables.map { variable in
                .with {
                    $0.key = variable.name
                    $0.value = variable.value
                }
            }
            config.mounts = mounts
            config.labels = RuntimeLabels.labels(pod)
            config.labels[RuntimeLabels.containerName] = container.name
            config.annotations = annotations
            config.logPath = "\(container.name)/\(attempt).log"
            config.stdin = spec["stdin"].bool == true
            config.stdinOnce = spec["stdinOnce"].bool == true
            config.tty = spec["tty"].bool == true
            config.linux.resources = resources.value
            config.linux.securityContext = security.value
            return config
        }
    }

    private var annotations: [String: String] {
        [
            RuntimeLabels.containerHash: ContainerHash(container).text, RuntimeLabels.restartCount: String(attempt),
            RuntimeLabels.terminationMessagePath: container.terminationMessagePath,
            RuntimeLabels.terminationMessagePolicy: container.object["terminationMessagePolicy"].string ?? "File",
            RuntimeLabels.gracePeriod: String(pod.gracePeriod.components.seconds),
        ]
    }
}

extension ContainerSpec {
    var terminationMessagePath: String { object["terminationMessagePath"].string ?? "/dev/termination-log" }
}
