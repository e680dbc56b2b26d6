import ObjectModel

/// The objects of its own namespace that a pod names: what its node may read, and what a mirror pod may not have.
public struct PodReferences: Sendable, Hashable {
    public var secrets: Set<String> = []
    public var configMaps: Set<String> = []

    /// Claims in `spec.volumes`, and those that generic ephemeral volumes stand for.
    public var persistentVolumeClaims: Set<String> = []
    public var resourceClaims: Set<String> = []
    public var serviceAccount: String?

    public init(_ pod: Value) {
        let spec = pod.spec
        serviceAccount = spec["serviceAccountName"].string
        for reference in spec["imagePullSecrets"].array { add(reference["name"], to: \.secrets) }
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for container in spec[list].array { addEnvironment(of: container) }
        }
        for volume in spec["volumes"].array { addVolume(volume, podName: pod.name) }
        for claim in spec["resourceClaims"].array { add(claim["resourceClaimName"], to: \.resourceClaims) }
        for claim in pod.status["resourceClaimStatuses"].array { add(claim["resourceClaimName"], to: \.resourceClaims) }
    }

    private mutating func add(_ name: Value, to names: WritableKeyPath<PodReferences, Set<String>>) {
        if let name = name.string, !name.isEmpty { self[keyPath: names].insert(name) }
    }

    private mutating func addEnvironment(of container: Value) {
        for variable in container["env"].array {
            add(variable["valueFrom"]["secretKeyRef"]["name"], to: \.secrets)
            add(variable["valueFrom"]["configMapKeyRef"]["name"], to: \.configMaps)
        }
        for source in container["envFrom"].array {
            add(source["secretRef"]["name"], to: \.secrets)
            add(source["configMapRef"]["name"], to: \.configMaps)
        }
    }

    private mutating func addVolume(_ volume: Value, podName: String) {
        add(volume["secret"]["secretName"], to: \.secrets)
        add(volume["configMap"]["name"], to: \.configMaps)
        add(volume["persistentVolumeClaim"]["claimName"], to: \.persistentVolumeClaims)
        if !volume["ephemeral"].isNull, let name = volume["name"].string { persistentVolumeClaims.insert("\(podName)-\(name)") }
        for source in volume["projected"]["sources"].array {
            add(source["secret"]["name"], to: \.secrets)
            add(source["configMap"]["name"], to: \.configMaps)
        }
        add(volume["azureFile"]["secretName"], to: \.secrets)
        for driver in ["cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"] {
            add(volume[driver]["secretRef"]["name"], to: \.secrets)
        }
        add(volume["csi"]["nodePublishSecretRef"]["name"], to: \.secrets)
    }
}
