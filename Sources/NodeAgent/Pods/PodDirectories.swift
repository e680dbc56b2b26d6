/// Where a node keeps what belongs to pods.
struct PodDirectories: Sendable {
    /// One folder per pod, by UID.
    let pods: String

    /// Logs, in upstream's layout: `NAMESPACE_NAME_UID/CONTAINER/N.log`.
    let logs: String

    init(dataDirectory: String, logs: String) {
        pods = "\(dataDirectory)/pods"
        self.logs = logs
    }

    func pod(_ uid: String) -> String { "\(pods)/\(uid)" }

    func logs(_ pod: Pod) -> String { logs(namespace: pod.namespace, name: pod.name, uid: pod.uid) }

    func logs(namespace: String, name: String, uid: String) -> String { "\(logs)/\(namespace)_\(name)_\(uid)" }

    /// The log of one run of a container.
    func log(_ pod: Pod, container: String, attempt: Int) -> String { "\(logs(pod))/\(container)/\(attempt).log" }

    func volumes(_ uid: String) -> String { "\(pod(uid))/volumes" }

    func volume(_ uid: String, plugin: String, name: String) -> String { "\(volumes(uid))/\(plugin)/\(name)" }

    func hosts(_ uid: String) -> String { "\(pod(uid))/etc-hosts" }

    func subpath(_ uid: String, volume: String, container: String, index: Int) -> String {
        "\(pod(uid))/volume-subpaths/\(volume)/\(container)/\(index)"
    }

    func terminationLog(_ uid: String, container: String, attempt: Int) -> String { "\(pod(uid))/containers/\(container)/\(attempt)" }
}
