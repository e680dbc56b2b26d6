import ClusterClient
import Logging
import ObjectModel

/// Carries out what was decided: bindings, conditions, events, and the deletion of pods that must make room.
struct PlanExecutor: Sendable {
    private let client: Client
    private let events: EventRecorder
    private let schedulerName: String
    private let inbox: SchedulerInbox
    private let logger: Logger
    private let now: @Sendable () -> Timestamp

    private let metrics: SchedulerMetrics?

    init(
        client: Client, schedulerName: String, inbox: SchedulerInbox, metrics: SchedulerMetrics?, logger: Logger,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.metrics = metrics
        self.client = client
        self.schedulerName = schedulerName
        self.inbox = inbox
        self.logger = logger
        self.now = now
        events = EventRecorder(client, component: schedulerName, now: now)
    }

    func carryOut(_ plan: SchedulingCore.Plan, _ attempt: SchedulerMetrics.Attempt) async {
        let start = ContinuousClock.now
        switch plan {
        case .bind(let pod, let node):
            let isBound = await bind(pod, node)
            metrics?.attempted(isBound ? .scheduled : .error, attempt, carryingOut: ContinuousClock.now - start)
        case .report(let pod, let message, let nominatedNode, let victims):
            if nominatedNode?.isEmpty == false { metrics?.preempts(victims: victims.count) }
            for victim in victims { await evict(victim, for: pod, from: nominatedNode ?? "") }
            events.event(pod.object, .warning, "FailedScheduling", message)
            await setCondition(pod, reason: "Unschedulable", message: message, nominatedNode: nominatedNode)
            metrics?.attempted(.unschedulable, attempt, carryingOut: ContinuousClock.now - start)
        }
    }

    // MARK: Binding

    /// Returns whether the API took it.
    private func bind(_ pod: PodInfo, _ node: String) async -> Bool {
        let binding: Value = [
            "apiVersion": "v1", "kind": "Binding",
            "metadata": ["name": .string(pod.name), "namespace": .string(pod.namespace), "uid": .string(pod.uid)],
            "target": ["kind": "Node", "name": .string(node)],
        ]
        do {
            try await client.create(.pods, binding, name: pod.name, subresource: "binding")
            events.event(pod.object, .normal, "Scheduled", "Successfully assigned \(pod.namespace)/\(pod.name) to \(node)")
            return true
        } catch {
            inbox.add(.bindingFailed(pod))
            // Gone meanwhile: nobody needs to hear of it.
            if (error as? APIError)?.reason == .notFound { return false }
            logger.warning("binding failed", metadata: ["pod": "\(pod.key)", "node": "\(node)", "error": "\(error)"])
            let message = "binding rejected: running Bind plugin \"DefaultBinder\": \(error)"
            events.event(pod.object, .warning, "FailedScheduling", message)
            await setCondition(pod, reason: "SchedulerError", message: message, nominatedNode: nil)
            return false
        }
    }

    // MARK: Waiting

    private func setCondition(_ pod: PodInfo, reason: String, message: String, nominatedNode: String?) async {
        let old = pod.object.status["conditions"].array.first { $0["type"].string == "PodScheduled" } ?? .null
        let isSame = old["status"].string == "False" && old["reason"].string == reason && old["message"].string == message
        if isSame, nominatedNode == nil || nominatedNode == pod.nominatedNodeName { return }
        var condition: Value = ["type": "PodScheduled", "status": "False", "reason": .string(reason), "message": .string(message)]
        condition["lastTransitionTime"] = old["status"].string == "False" ? old["lastTransitionTime"] : .string(now().rfc3339)
        if pod.object.generation > 0 { condition["observedGeneration"] = Value(pod.object.generation) }
        var status: Value = ["conditions": .array([condition])]
        if let nominatedNode { status["nominatedNodeName"] = .string(nominatedNode) }
        await patchStatus(pod, status)
    }

    private func patchStatus(_ pod: PodInfo, _ status: Value) async {
        do {
            // The uid makes sure that it is this pod and not a namesake that came later.
            let patch: Value = ["metadata": ["uid": .string(pod.uid)], "status": status]
            try await client.patch(.pods, namespace: pod.namespace, name: pod.name, subresource: "status", .strategicMerge, patch)
        } catch {
            logger.debug("a pod's status was not updated", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
        }
    }

    // MARK: Making room

    private func evict(_ victim: PodInfo, for pod: PodInfo, from node: String) async {
        if victim.isTerminating { return }
        let condition: Value = [
            "type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler",
            "message": .string("\(schedulerName): preempting to accommodate a higher priority pod"), "lastTransitionTime": .string(now().rfc3339),
        ]
        await patchStatus(victim, ["conditions": .array([condition])])
        do {
            try await client.delete(.pods, namespace: victim.namespace, name: victim.name, uid: victim.uid)
            events.event(victim.object, .normal, "Preempted", "Preempted by pod \(pod.uid) on node \(node)")
        } catch {
            logger.warning("preemption failed", metadata: ["pod": "\(victim.key)", "error": "\(error)"])
        }
    }
}
