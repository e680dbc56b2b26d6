import ClusterClient
import ObjectModel

/// One reconcile of one Deployment: works on its own copy of the Deployment and its sets and keeps both true to what it wrote.
struct Rollout {
    let controller: DeploymentController
    private(set) var deployment: Value
    private(set) var newSet: Value?

    /// All but the new one.
    private(set) var oldSets: [Value] = []
    private let owned: [Value]
    let spec: DeploymentSpec
    private var context: ControllerContext { controller.context }
    private var now: Timestamp { context.now() }

    init(_ deployment: Value, _ owned: [Value], controller: DeploymentController) {
        self.controller = controller
        self.deployment = deployment
        self.owned = owned.sorted(by: DeploymentModel.isOlder)
        spec = DeploymentSpec(deployment)
        // The oldest set with the template is the new one, should there be several.
        newSet = self.owned.first { DeploymentModel.isSameTemplate($0.spec["template"], deployment.spec["template"]) }
        oldSets = self.owned.filter { $0.uid != newSet?.uid }
    }

    private var allSets: [Value] { oldSets + (newSet.map { [$0] } ?? []) }

    /// Moves the Deployment one step closer. Returns when to look again.
    mutating func step() async throws -> Duration? {
        if deployment.isBeingDeleted { return try await writeStatus(status.counted()) }
        try await notePause()
        if spec.isPaused || isScalingEvent {
            try await syncNewSet(creates: false)
            try await scale()
            if spec.isPaused { try await cleanUp() }
            return try await writeStatus(status.counted())
        }
        if spec.isRolling { try await roll() } else { try await recreate() }
        let status = status.rolledOut()
        let isWritten = try await writeStatus(status) == nil && !status.means(deployment.status)
        return isWritten ? nil : self.status.timeToDeadline(status)
    }

    private var status: DeploymentStatus {
        DeploymentStatus(deployment: deployment, spec: spec, sets: allSets, newSet: newSet, now: now)
    }

    /// The sets carry the size that the Deployment had when they were scaled: another size now means that it was scaled.
    private var isScalingEvent: Bool {
        allSets.contains { set in
            set.replicas > 0 && (set.annotation(DeploymentModel.desiredReplicas).flatMap { Int($0) }).map { $0 != spec.replicas } ?? false
        }
    }

    // MARK: Strategies

    private mutating func roll() async throws {
        try await syncNewSet(creates: true)
        guard let new = newSet else { return }
        let target = newSetReplicas(new)
        if target != new.replicas {
            try await scale(new, to: target)
            return
        }
        if try await scaleDownOld(new) { return }
        if status.isComplete(deployment.status) { try await cleanUp() }
    }

    private mutating func recreate() async throws {
        try await syncNewSet(creates: false)
        var isScaledDown = false
        for set in oldSets where set.replicas > 0 {
            try await scale(set, to: 0)
            isScaledDown = true
        }
        if isScaledDown || areOldPodsRunning { return }
        try await syncNewSet(creates: true)
        if let new = newSet { try await scale(new, to: spec.replicas) }
        if status.isComplete(deployment.status) { try await cleanUp() }
    }

    private var areOldPodsRunning: Bool {
        oldSets.contains { $0.actualReplicas > 0 || controller.pods.controlled(by: $0).contains { !$0.isTerminalPod } }
    }

    /// How large the new set may be by now (`NewRSNewReplicas`).
    private func newSetReplicas(_ new: Value) -> Int {
        if !spec.isRolling || new.replicas >= spec.replicas { return spec.replicas }
        let current = oldSets.total(\.replicas) + new.replicas
        return min(spec.replicas, new.replicas + max(0, spec.maxReplicas - current))
    }

    /// Takes old pods away as far as availability allows, unhealthy ones first (`reconcileOldReplicaSets`).
    private mutating func scaleDownOld(_ new: Value) async throws -> Bool {
        let plan = RolloutPlan.scaleDown(old: oldSets, new: new, spec: spec)
        for (uid, replicas) in plan {
            if let set = oldSets.first(where: { $0.uid == uid }) { try await scale(set, to: replicas) }
        }
        return !plan.isEmpty
    }

    // MARK: Scaling

    /// Follows a change of the Deployment's size (`scale`).
    private mutating func scale() async throws {
        for (uid, replicas) in RolloutPlan.scale(old: oldSets, new: newSet, deployment: deployment, spec: spec) {
            if let set = allSets.first(where: { $0.uid == uid }) { try await scale(set, to: replicas) }
        }
    }

    /// Gives a set its size and notes the Deployment's.
    private mutating func scale(_ set: Value, to replicas: Int) async throws {
        var changed = set
        changed.spec["replicas"] = Value(replicas)
        changed.metadata["annotations"][DeploymentModel.desiredReplicas] = .string(String(spec.replicas))
        changed.metadata["annotations"][DeploymentModel.maxReplicas] = .string(String(spec.maxReplicas))
        if changed == set { return }
        let updated = try await context.client.update(.replicaSets, changed)
        replace(updated)
        guard set.replicas != replicas else { return }
        let direction = set.replicas < replicas ? "up" : "down"
        controller.recorder.event(
            deployment, .normal, "ScalingReplicaSet", "Scaled \(direction) replica set \(set.name) from \(set.replicas) to \(replicas)")
    }

    private mutating func replace(_ set: Value) {
        if newSet?.uid == set.uid {
            newSet = set
        } else if let index = oldSets.firstIndex(where: { $0.uid == set.uid }) {
            oldSets[index] = set
        }
    }

    // MARK: The new set

    /// Brings the new set's annotations up to date, or makes the set (`getNewReplicaSet`).
    private mutating func syncNewSet(creates: Bool) async throws {
        let revision = String((oldSets.map(\.revisionNumber).max() ?? 0) + 1)
        guard let existing = newSet else {
            if creates { try await createNewSet(revision) }
            return
        }
        var changed = existing
        RolloutPlan.annotate(&changed, from: deployment, revision: revision)
        if changed.spec["minReadySeconds"].int ?? 0 != spec.minReadySeconds { changed.spec.setCount("minReadySeconds", spec.minReadySeconds) }
        if changed != existing { newSet = try await context.client.update(.replicaSets, changed) }
        var condition: Value?
        if spec.progressDeadline != nil, deployment.condition("Progressing") == nil {
            condition = DeploymentModel.condition("Progressing", "True", "FoundNewReplicaSet", "Found new replica set \"\(existing.name)\"", now: now)
        }
        try await note(condition, revision: changed.annotation(DeploymentModel.revision))
    }

    private mutating func createNewSet(_ revision: String) async throws {
        let hash = DeploymentModel.hash(deployment.spec["template"], collisions: deployment.status["collisionCount"].int)
        let set = RolloutPlan.newSet(for: deployment, hash: hash, old: oldSets, spec: spec, revision: revision)
        let created: Value
        do {
            created = try await context.client.create(.replicaSets, set)
            if created.replicas > 0 {
                controller.recorder.event(
                    deployment, .normal, "ScalingReplicaSet", "Scaled up replica set \(created.name) from 0 to \(created.replicas)")
            }
        } catch let error as APIError where error.reason == .alreadyExists {
            created = try await adoptOrCollide(set, error)
            newSet = created
            try await note(nil, revision: revision)
            return
        } catch {
            if !isNamespaceTerminating(error) { try await noteFailure("Failed to create new replica set \"\(set.name)\": \(error)") }
            throw error
        }
        newSet = created
        let condition = DeploymentModel.condition(
            "Progressing", "True", "NewReplicaSetCreated", "Created new replica set \"\(created.name)\"", now: now)
        try await note(spec.progressDeadline == nil ? nil : condition, revision: revision)
    }

    /// A set of that name is there: it is ours, made a moment ago, or another template has the same hash, and the next try takes another name.
    private mutating func adoptOrCollide(_ set: Value, _ error: APIError) async throws -> Value {
        if let live = try await context.client.find(.replicaSets, namespace: set.namespace, name: set.name), live.isControlled(by: deployment),
            DeploymentModel.isSameTemplate(live.spec["template"], deployment.spec["template"])
        {
            return live
        }
        var changed = deployment
        changed.status["collisionCount"] = Value((deployment.status["collisionCount"].int ?? 0) + 1)
        deployment = try await context.client.update(.deployments, changed, subresource: "status")
        throw error
    }

    private mutating func noteFailure(_ message: String) async throws {
        controller.recorder.event(deployment, .warning, "ReplicaSetCreateError", message)
        if spec.progressDeadline == nil { return }
        try await note(DeploymentModel.condition("Progressing", "False", "ReplicaSetCreateError", message, now: now), revision: nil)
    }

    // MARK: Writing

    /// Writes a condition and the revision on the Deployment where they are new. Both go with the status: there an annotation is no new generation.
    private mutating func note(_ condition: Value?, revision: String?) async throws {
        var changed = deployment
        if let revision { changed.metadata["annotations"][DeploymentModel.revision] = .string(revision) }
        if let condition {
            var conditions = changed.status["conditions"].array
            Conditions.set(condition, in: &conditions)
            changed.status["conditions"] = .array(conditions)
        }
        if changed != deployment { deployment = try await context.client.update(.deployments, changed, subresource: "status") }
    }

    /// Says on the Deployment that it is paused, or no longer: a pause stops the progress deadline.
    private mutating func notePause() async throws {
        guard spec.progressDeadline != nil else { return }
        let reason = deployment.condition("Progressing")?["reason"].string
        if reason == "ProgressDeadlineExceeded" { return }
        if spec.isPaused, reason != "DeploymentPaused" {
            try await note(DeploymentModel.condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused", now: now), revision: nil)
        } else if !spec.isPaused, reason == "DeploymentPaused" {
            try await note(DeploymentModel.condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed", now: now), revision: nil)
        }
    }

    private mutating func writeStatus(_ status: Value) async throws -> Duration? {
        if status.means(deployment.status) { return nil }
        var changed = deployment
        changed.status = status
        try await context.client.update(.deployments, changed, subresource: "status")
        return nil
    }

    /// Deletes old sets beyond the history that is to be kept.
    private func cleanUp() async throws {
        for set in RolloutPlan.obsolete(oldSets, spec: spec) {
            try await context.client.delete(.replicaSets, namespace: set.namespace, name: set.name, uid: set.uid)
        }
    }
}
