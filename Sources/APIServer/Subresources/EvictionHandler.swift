import ClusterClient
import ObjectModel

/// `pods/eviction`: a deletion that asks disruption budgets first.
struct EvictionHandler: Sendable {
    let pods: ServedResource
    let budgets: ServedResource
    let deleter: ResourceDeleter
    let budgetWriter: ResourceWriter
    let podWriter: ResourceWriter

    func evict(_ eviction: Value, name: String, _ request: APIRequest, _ context: WriteContext) async throws(APIError) {
        guard eviction.name == name else { throw .badRequest("name in URL does not match name in Eviction object") }
        guard let current = pods.collection.find(pods.key(namespace: context.request.namespace, name: name)) else { throw pods.notFound(name) }
        let pod = try current.value()
        var options = try Self.options(eviction, request)
        if !Self.isFree(pod) { try await spend(pod, options, context) }
        if !options.isDryRun { try await mark(name, &options, context) }
        _ = try await deleter.delete(name: name, options, context)
    }

    /// Says on the pod why it ends, so that its owner doesn't take it for a failure of its own.
    private func mark(_ name: String, _ options: inout DeleteOptions, _ context: WriteContext) async throws(APIError) {
        var main = context
        main.request.verb = "update"
        main.request.subresource = "status"
        let (uid, version) = (options.uid, options.resourceVersion)
        let written = try await podWriter.update(name: name, isPatch: true, try WriteOptions(APIRequest(.put, "")), main) { old throws(APIError) in
            guard var pod = old else { throw pods.notFound(name) }
            if let uid, uid != pod.uid {
                throw pods.conflict(name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(pod.uid)")
            }
            if let version, version != pod.resourceVersion {
                throw pods.conflict(
                    name,
                    "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: \(pod.resourceVersion)")
            }
            let condition: Value = [
                "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "Eviction API: evicting",
                "lastTransitionTime": .string(context.now.rfc3339), "observedGeneration": Value(pod.generation),
            ]
            pod["status"]["conditions"] = .array(pod["status"]["conditions"].array.filter { $0["type"] != "DisruptionTarget" } + [condition])
            return (pod, .none)
        }
        if version != nil, let marked = try? Value(json: written.bytes) { options.resourceVersion = marked.resourceVersion }
    }

    private static func options(_ eviction: Value, _ request: APIRequest) throws(APIError) -> DeleteOptions {
        var inner = request
        inner.contentType = "application/json"
        inner.body = eviction["deleteOptions"].isObject ? eviction["deleteOptions"].json() : []
        return try DeleteOptions(inner)
    }

    /// A pod that ended, waits for a node or is on its way out costs no budget.
    private static func isFree(_ pod: Value) -> Bool {
        pod.isBeingDeleted || ["Succeeded", "Failed", "Pending"].contains(pod["status"]["phase"].string ?? "")
    }

    /// Takes one disruption from the pod's budget, or refuses.
    private func spend(_ pod: Value, _ options: DeleteOptions, _ context: WriteContext) async throws(APIError) {
        let matching = try budgets(for: pod)
        guard let budget = matching.first else { return }
        guard matching.count == 1 else {
            throw .internalError("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        let isReady = pod["status"]["conditions"].array.contains { $0["type"].string == "Ready" && $0["status"].string == "True" }
        let status = budget["status"]
        let isHealthyWithout = (status["currentHealthy"].int ?? 0) >= (status["desiredHealthy"].int ?? 0) && (status["desiredHealthy"].int ?? 0) > 0
        if !isReady, budget["spec"]["unhealthyPodEvictionPolicy"].string == "AlwaysAllow" || isHealthyWithout { return }
        if options.isDryRun { return }
        var main = context
        main.request = budgetRequest(budget, context)
        _ = try await budgetWriter.update(name: budget.name, isPatch: true, try WriteOptions(APIRequest(.put, "")), main) { old throws(APIError) in
            guard var object = old else { throw budgets.notFound(budget.name) }
            let allowed = object["status"]["disruptionsAllowed"].int ?? 0
            if (object["status"]["observedGeneration"].int ?? 0) < object.generation {
                throw Self.refusal("The disruption budget \(budget.name) is still being processed by the server.", retryAfter: .seconds(10))
            }
            guard allowed > 0 else {
                let (needed, healthy) = (object["status"]["desiredHealthy"].int ?? 0, object["status"]["currentHealthy"].int ?? 0)
                throw Self.refusal("The disruption budget \(budget.name) needs \(needed) healthy pods and has \(healthy) currently", retryAfter: nil)
            }
            object["status"]["disruptionsAllowed"] = Value(allowed - 1)
            object["status"]["disruptedPods"][pod.name] = .string(context.now.rfc3339)
            return (object, .none)
        }
    }

    private static func refusal(_ message: String, retryAfter: Duration?) -> APIError {
        APIError(
            .tooManyRequests, "Cannot evict pod as it would violate the pod's disruption budget.",
            details: .init(causes: [.init(reason: "DisruptionBudget", message: message, field: "")], retryAfter: retryAfter))
    }

    private func budgets(for pod: Value) throws(APIError) -> [Value] {
        var matching: [Value] = []
        budgets.collection.snapshot.objects.scan(namespace: pod.namespace) { object in
            if let budget = try? object.value(), let selector = try? LabelSelector(budget["spec"]["selector"]), selector.matches(pod.labels) {
                matching.append(budget)
            }
            return true
        }
        return matching
    }

    private func budgetRequest(_ budget: Value, _ context: WriteContext) -> RequestInfo {
        var request = context.request
        request.verb = "update"
        request.group = budgets.group
        request.resource = budgets.plural
        request.subresource = "status"
        request.name = budget.name
        return request
    }
}
