import ClusterClient
import ObjectModel

extension Client {
    /// Says on a pod that it is about to be deleted for a reason that isn't its own. A pod that ended already is left as it is, one that is gone is
    /// no failure.
    /// - Parameter isFailed: nobody is left who could tell that the pod ended.
    func markDisrupted(_ pod: Value, reason: String, message: String, isFailed: Bool = false, now: Timestamp) async throws {
        if pod.isTerminalPod { return }
        let condition: Value = [
            "type": "DisruptionTarget", "status": "True", "reason": .string(reason), "message": .string(message),
            "lastTransitionTime": .string(now.rfc3339), "observedGeneration": Value(pod.generation),
        ]
        var patch: Value = ["metadata": ["uid": .string(pod.uid)], "status": ["conditions": [condition]]]
        if isFailed { patch["status"]["phase"] = "Failed" }
        do {
            try await self.patch(.pods, namespace: pod.namespace, name: pod.name, subresource: "status", .strategicMerge, patch)
        } catch let error as APIError where error.reason == .notFound || error.reason == .conflict {
            return
        }
    }
}
