import ObjectModel

/// Which nodes have to do with which objects, because a pod on the node names them. A fold over pods, volumes and attachments.
struct NodeGraph: Sendable {
    /// An object that a pod may name.
    struct Vertex: Sendable, Hashable {
        enum Kind: Sendable { case secret, configMap, serviceAccount, persistentVolumeClaim, resourceClaim }
        var kind: Kind
        var namespace: String
        var name: String
    }

    private struct BoundPod: Sendable {
        var node: String
        var vertices: [Vertex]
    }

    private var pods: [String: BoundPod] = [:]

    /// How many pods of each node name an object.
    private var nodes: [Vertex: [String: Int]] = [:]

    /// Volume name → the claim that it is bound to.
    private var volumes: [String: (claim: Vertex, secrets: Set<Vertex>)] = [:]

    /// Secret → the volumes that need it.
    private var volumeSecrets: [Vertex: Set<String>] = [:]

    /// Attachment name → node.
    private var attachments: [String: String] = [:]

    // MARK: Feeding

    mutating func apply(_ resource: String, key: String, _ object: Value?) {
        switch resource {
        case "pods": setPod(key, object)
        case "persistentvolumes": setVolume(key, object)
        case "volumeattachments": attachments[key] = object?.spec["nodeName"].string
        default: break
        }
    }

    private mutating func setPod(_ key: String, _ pod: Value?) {
        // A mirror pod's names count for nothing: its node made it.
        let isMirror = pod.map { !$0.metadata["annotations"][ServiceAccountAdmission.mirrorAnnotation].isNull } ?? false
        let node = pod?.spec["nodeName"].string ?? ""
        var vertices: [Vertex] = []
        if let pod, !node.isEmpty, !isMirror { vertices = Self.vertices(pod, namespace: String(key.prefix { $0 != "/" })) }
        if let old = pods[key] {
            if old.node == node, old.vertices == vertices { return }
            for vertex in old.vertices { count(vertex, old.node, -1) }
        }
        guard !node.isEmpty else {
            pods[key] = nil
            return
        }
        pods[key] = BoundPod(node: node, vertices: vertices)
        for vertex in vertices { count(vertex, node, 1) }
    }

    private mutating func count(_ vertex: Vertex, _ node: String, _ change: Int) {
        let total = (nodes[vertex]?[node] ?? 0) + change
        nodes[vertex, default: [:]][node] = total > 0 ? total : nil
        if nodes[vertex]?.isEmpty == true { nodes[vertex] = nil }
    }

    private static func vertices(_ pod: Value, namespace: String) -> [Vertex] {
        let references = PodReferences(pod)
        func all(_ kind: Vertex.Kind, _ names: Set<String>) -> [Vertex] {
            names.sorted().map { Vertex(kind: kind, namespace: namespace, name: $0) }
        }
        return all(.secret, references.secrets) + all(.configMap, references.configMaps)
            + all(.persistentVolumeClaim, references.persistentVolumeClaims) + all(.resourceClaim, references.resourceClaims)
            + all(.serviceAccount, Set([references.serviceAccount].compactMap(\.self)))
    }

    private mutating func setVolume(_ name: String, _ volume: Value?) {
        for secret in volumes[name]?.secrets ?? [] {
            volumeSecrets[secret]?.remove(name)
            if volumeSecrets[secret]?.isEmpty == true { volumeSecrets[secret] = nil }
        }
        guard let volume, let claimName = volume.spec["claimRef"]["name"].string, let namespace = volume.spec["claimRef"]["namespace"].string else {
            volumes[name] = nil
            return
        }
        let secrets = Self.secrets(volume.spec, claimNamespace: namespace)
        volumes[name] = (Vertex(kind: .persistentVolumeClaim, namespace: namespace, name: claimName), secrets)
        for secret in secrets { volumeSecrets[secret, default: []].insert(name) }
    }

    private static func secrets(_ spec: Value, claimNamespace: String) -> Set<Vertex> {
        var references: [Value] = ["nodePublishSecretRef", "nodeStageSecretRef", "nodeExpandSecretRef"].map { spec["csi"][$0] }
        references += ["cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"].map { spec[$0]["secretRef"] }
        return Set(
            references.compactMap { reference in
                guard let name = reference["name"].string else { return nil }
                return Vertex(kind: .secret, namespace: reference["namespace"].string ?? claimNamespace, name: name)
            })
    }

    // MARK: Asking

    func has(_ node: String, _ vertex: Vertex) -> Bool {
        if nodes[vertex]?[node] != nil { return true }
        guard vertex.kind == .secret, let needing = volumeSecrets[vertex] else { return false }
        return needing.contains { has(node, volume: $0) }
    }

    func has(_ node: String, volume: String) -> Bool { volumes[volume].map { has(node, $0.claim) } ?? false }

    func has(_ node: String, attachment: String) -> Bool { attachments[attachment] == node }

    func has(_ node: String, pod key: String) -> Bool { pods[key]?.node == node }
}
