import ClusterClient
import Logging
import ObjectModel

/// Rolls a Deployment's pods from one template to the next through ReplicaSets.
public struct DeploymentController: Controller {
    let context: ControllerContext
    let deployments: Informer
    let sets: Informer
    let pods: Informer
    let recorder: EventRecorder
    let queue = WorkQueue()
    private let claims: Claims

    public init(_ context: ControllerContext) {
        self.context = context
        deployments = context.informers.informer(.deployments)
        sets = context.informers.informer(.replicaSets)
        pods = context.informers.informer(.pods)
        recorder = context.recorder("deployment-controller")
        claims = Claims(client: context.client, owners: .deployments, owned: .replicaSets)
        sets.addControllerIndex()
        pods.addControllerIndex()
        observe()
    }

    public func run() async {
        await context.loop("deployment-controller", queue: queue, workers: 8, reconcile: reconcile).run(after: [deployments, sets, pods])
    }

    // MARK: Events

    private func observe() {
        deployments.onChange { [queue] in queue.enqueue($0.object.key) }
        sets.onChange { change in setChanged(change) }
        pods.onChange { change in if change.new == nil { podDeleted(change.object) } }
    }

    private func setChanged(_ change: Informer.Change) {
        let set = change.object
        if let old = change.old, old.controllerUID != set.controllerUID, let owner = old.controllerKey(kind: "Deployment") { queue.enqueue(owner) }
        if let owner = set.controllerKey(kind: "Deployment") {
            queue.enqueue(owner)
        } else if change.isNewOrphan {
            for deployment in deployments.list()
            where deployment.namespace == set.namespace && (try? LabelSelector(deployment.spec["selector"]).matches(set)) == true {
                queue.enqueue(deployment.key)
            }
        }
    }

    /// A Deployment that recreates waits for its last old pod to go.
    private func podDeleted(_ pod: Value) {
        guard let reference = pod.controllerReference, reference["kind"].string == "ReplicaSet",
            let set = sets.get(namespace: pod.namespace, name: reference["name"].string ?? ""), let owner = set.controllerKey(kind: "Deployment")
        else { return }
        if deployments.get(owner)?.spec["strategy"]["type"].string == "Recreate" { queue.enqueue(owner) }
    }

    // MARK: Reconciling

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let deployment = deployments.get(key) else { return nil }
        if deployment.spec["selector"].fields.isEmpty {
            recorder.event(deployment, .warning, "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.")
            return nil
        }
        let owned = try await claims.claim(for: deployment, selector: LabelSelector(deployment.spec["selector"]), from: sets)
        var rollout = Rollout(deployment, owned, controller: self)
        do {
            return try await rollout.step()
        } catch let error as APIError where isNamespaceTerminating(error) {
            return nil
        }
    }
}
