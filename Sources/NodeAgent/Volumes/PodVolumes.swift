import ClusterClient
import Glibc
import ObjectModel

/// The volumes of one pod on this machine.
///
/// `prepare` may be called at any time and any number of times: it makes what is missing and brings what the API's objects make up to date.
actor PodVolumes {
    private struct Token {
        var text: String
        var refreshAt: Timestamp
    }

    private let services: NodeServices
    private let uid: String

    /// Called when an object that a volume refers to has changed.
    private let onChange: @Sendable () -> Void
    private var tokens: [VolumePayload.TokenRequest: Token] = [:]

    init(_ services: NodeServices, podUID: String, onChange: @escaping @Sendable () -> Void) {
        self.services = services
        uid = podUID
        self.onChange = onChange
    }

    /// When a token is due for renewal.
    var refreshAt: Timestamp? { tokens.values.map(\.refreshAt).min() }

    /// Sets up every volume; returns where each lies. Throws the first failure, after trying all.
    func prepare(_ pod: Pod) async throws -> [String: String] {
        let volumes = pod.spec["volumes"].array
        guard !volumes.isEmpty else { return [:] }
        let source = try await source(pod, volumes)
        var paths: [String: String] = [:]
        var failure: (any Error)?
        for volume in volumes {
            let name = volume["name"].string ?? ""
            do {
                paths[name] = try await prepare(volume, name: name, pod: pod, source: source)
            } catch let error as VolumeError {
                failure = failure ?? error
            } catch {
                failure = failure ?? VolumeError(volume: name, message: "\(error)")
            }
        }
        if let failure { throw failure }
        return paths
    }

    /// Unmounts everything and forgets what it referred to. What is in the folders goes with the pod's.
    func tearDown() async throws {
        await services.objects.release(podUID: uid)
        tokens = [:]
        try Mount.unmountAll(below: services.directories.pod(uid))
    }

    // MARK: What volumes are made from

    private func source(_ pod: Pod, _ volumes: [Value]) async throws -> VolumePayload.Source {
        var configMaps: Set<String> = []
        var secrets: Set<String> = []
        var requests: Set<VolumePayload.TokenRequest> = []
        for volume in volumes {
            let references = VolumePayload.references(of: volume)
            configMaps.formUnion(references.configMaps)
            secrets.formUnion(references.secrets)
            requests.formUnion(references.tokens)
        }
        let allocatable = services.allocatable.value
        var source = VolumePayload.Source(pod: pod, downwardAPI: DownwardAPI(pod: pod, nodeAllocatable: allocatable))
        source.configMaps = await objects(.configMaps, configMaps, pod)
        source.secrets = await objects(.secrets, secrets, pod)
        for request in requests {
            // A token that can't be had for now fails its own volume only.
            source.tokens[request] = try? await token(request, pod)
        }
        return source
    }

    /// The objects of these names, asked for at the same time.
    func objects(_ resource: Resource, _ names: Set<String>, _ pod: Pod) async -> [String: Value] {
        let objects = services.objects
        let (namespace, uid, onChange) = (pod.namespace, uid, onChange)
        return await withTaskGroup(of: (String, Value?).self) { group in
            for name in names {
                group.addTask {
                    (name, await objects.object(.init(resource: resource, namespace: namespace, name: name), for: uid, onChange: onChange))
                }
            }
            var result: [String: Value] = [:]
            for await (name, object) in group { result[name] = object }
            return result
        }
    }

    /// A token for the pod's service account, bound to the pod; renewed when four fifths of its life are over.
    private func token(_ request: VolumePayload.TokenRequest, _ pod: Pod) async throws -> String {
        let now = services.now()
        if let known = tokens[request], known.refreshAt > now { return known.text }
        var spec: Value = [
            "expirationSeconds": .integer(request.expirationSeconds),
            "boundObjectRef": ["kind": "Pod", "apiVersion": "v1", "name": .string(pod.name), "uid": .string(pod.uid)],
        ]
        spec["audiences"] = request.audience.isEmpty ? [] : [.string(request.audience)]
        let account = pod.spec["serviceAccountName"].string ?? "default"
        let body: Value = [
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": ["namespace": .string(pod.namespace)], "spec": spec,
        ]
        do {
            let answer = try await services.client.create(.serviceAccounts, body, name: account, subresource: "token")
            let expires = answer.status["expirationTimestamp"].string.flatMap(Timestamp.init(rfc3339:)) ?? now + .seconds(request.expirationSeconds)
            let text = answer.status["token"].string ?? ""
            // Never later than a day, so that a rotated signing key gets around.
            tokens[request] = Token(text: text, refreshAt: now + min((expires - now) * 8 / 10, .seconds(86_400)))
            return text
        } catch {
            // The old one may still be good; try again soon.
            if let known = tokens[request] {
                tokens[request]?.refreshAt = now + .seconds(10)
                return known.text
            }
            throw error
        }
    }

    // MARK: Each kind

    private func prepare(_ volume: Value, name: String, pod: Pod, source: VolumePayload.Source) async throws -> String {
        let group = pod.spec["securityContext"]["fsGroup"].int
        if volume["hostPath"].isObject {
            let path = volume["hostPath"]["path"].string ?? ""
            try HostPath.prepare(path, type: volume["hostPath"]["type"].string ?? "")
            return path
        }
        if volume["configMap"].isObject { return try write("configmap", name, volume, source, group, inMemory: false) }
        if volume["downwardAPI"].isObject { return try write("downward-api", name, volume, source, group, inMemory: false) }
        if volume["secret"].isObject { return try write("secret", name, volume, source, group, inMemory: true) }
        if volume["projected"].isObject {
            for request in VolumePayload.references(of: volume).tokens where source.tokens[request] == nil {
                // Say why.
                _ = try await token(request, pod)
            }
            return try write("projected", name, volume, source, group, inMemory: true)
        }
        if volume["persistentVolumeClaim"].isObject {
            return try await claim(volume["persistentVolumeClaim"]["claimName"].string ?? "", name, pod, group)
        }
        if volume["ephemeral"].isObject { return try await claim("\(pod.name)-\(name)", name, pod, group) }
        // A volume without a source is an emptyDir.
        let kinds = volume.fields.keys.filter { $0 != "name" && $0 != "emptyDir" }
        if let kind = kinds.first { throw VolumeError(volume: name, message: "volumes of kind \(kind) are not supported on this node") }
        return try emptyDirectory(name, volume["emptyDir"], group)
    }

    private func emptyDirectory(_ name: String, _ spec: Value, _ group: Int?) throws -> String {
        let path = services.directories.volume(uid, plugin: "kubernetes.io~empty-dir", name: name)
        let isNew = !File.exists(path)
        try File.makeDirectory(path, mode: 0o777)
        if spec["medium"].string == "Memory", !Mount.isMountPoint(path) {
            try Mount.memory(at: path, bytesMax: spec["sizeLimit"].quantity.map(\.value), mode: 0o1777)
            try File.setMode(path, 0o777)
            if let group { try Ownership.give(path, toGroup: group) }
        } else if isNew, let group {
            try Ownership.give(path, toGroup: group)
        }
        return path
    }

    private func write(
        _ plugin: String, _ name: String, _ volume: Value, _ source: VolumePayload.Source, _ group: Int?, inMemory: Bool
    ) throws -> String {
        let files = try VolumePayload(source: source).files(of: volume)
        let path = services.directories.volume(uid, plugin: "kubernetes.io~\(plugin)", name: name)
        try File.makeDirectory(path, mode: 0o755)
        // Secrets never reach the disk.
        if inMemory { try Mount.memory(at: path) }
        if try AtomicDirectory(path: path).write(files, group: group, now: services.now()), let group {
            try File.setOwner(path, group: group)
            try File.setMode(path, 0o2755)
        }
        return path
    }

    /// A claim that is bound to a volume on this machine.
    private func claim(_ claimName: String, _ name: String, _ pod: Pod, _ group: Int?) async throws -> String {
        let client = services.client
        guard let claim = try await client.find(.persistentVolumeClaims, namespace: pod.namespace, name: claimName) else {
            throw VolumeError(volume: name, message: "persistentvolumeclaim \"\(claimName)\" not found")
        }
        guard let volumeName = claim.spec["volumeName"].string, !volumeName.isEmpty, claim.status["phase"].string == "Bound" else {
            throw VolumeError(volume: name, message: "persistentvolumeclaim \"\(claimName)\" is not bound")
        }
        guard let volume = try await client.find(.persistentVolumes, name: volumeName) else {
            throw VolumeError(volume: name, message: "persistentvolume \"\(volumeName)\" not found")
        }
        if let path = volume.spec["hostPath"]["path"].string {
            try HostPath.prepare(path, type: volume.spec["hostPath"]["type"].string ?? "")
            return path
        }
        if let path = volume.spec["local"]["path"].string {
            guard File.exists(path) else { throw VolumeError(volume: name, message: "path \"\(path)\" does not exist") }
            if let group { try Ownership.give(path, toGroup: group) }
            return path
        }
        throw VolumeError(volume: name, message: "persistentvolume \"\(volumeName)\" is of a kind that is not supported on this node")
    }
}
