import ClusterClient
import ObjectModel

/// Deletes join tokens once they have expired.
public struct BootstrapTokenCleaner: Controller {
    private let context: ControllerContext
    private let secrets: Informer
    private let queue = WorkQueue()

    public init(_ context: ControllerContext) {
        self.context = context
        secrets = context.informers.informer(.secrets, fieldSelector: "type=bootstrap.kubernetes.io/token")
        secrets.onChange { [queue] change in if change.new != nil { queue.enqueue(change.object.key) } }
    }

    public func run() async {
        await context.loop("token-cleaner", queue: queue, workers: 1, reconcile: reconcile).run(after: [secrets])
    }

    private func reconcile(_ key: String) async throws -> Duration? {
        guard let secret = secrets.get(key), secret.namespace == "kube-system", let encoded = secret["data"]["expiration"].string,
            let end = Base64.decode(encoded).flatMap({ Timestamp(rfc3339: String(decoding: $0, as: UTF8.self)) })
        else { return nil }
        let left = end - context.now()
        if left > .zero { return left }
        try await context.client.delete(.secrets, namespace: secret.namespace, name: secret.name, uid: secret.uid)
        return nil
    }
}
