/// Labels and annotations that tie what runs to the pods it belongs to: upstream's own, so that tools such as `crictl` find them, and so that the
/// agent knows everything again after a restart.
enum RuntimeLabels {
    static let podName = "io.kubernetes.pod.name"
    static let podNamespace = "io.kubernetes.pod.namespace"
    static let podUID = "io.kubernetes.pod.uid"
    static let containerName = "io.kubernetes.container.name"

    static let containerHash = "io.kubernetes.container.hash"
    static let restartCount = "io.kubernetes.container.restartCount"
    static let terminationMessagePath = "io.kubernetes.container.terminationMessagePath"
    static let terminationMessagePolicy = "io.kubernetes.container.terminationMessagePolicy"
    static let gracePeriod = "io.kubernetes.pod.terminationGracePeriod"

    static func labels(_ pod: Pod) -> [String: String] { [podName: pod.name, podNamespace: pod.namespace, podUID: pod.uid] }
}
