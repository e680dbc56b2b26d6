import ObjectModel

/// `spec.podFailurePolicy`: what a pod's failure means.
struct PodFailurePolicy {
    enum Action: String { case failJob = "FailJob", failIndex = "FailIndex", ignore = "Ignore", count = "Count" }

    /// The action of the first rule that matches, and what to tell of it.
    struct Verdict {
        var action: Action
        var message: String
    }

    let rules: [Value]

    init(_ job: Value) { rules = job.spec["podFailurePolicy"]["rules"].array }

    func verdict(on pod: Value) -> Verdict? {
        for (index, rule) in rules.enumerated() {
            guard let action = Action(rawValue: rule["action"].string ?? ""), let why = matched(rule, pod) else { continue }
            return Verdict(action: action, message: "\(why) matching \(action.rawValue) rule at index \(index)")
        }
        return nil
    }

    /// Whether the failure counts towards the back-off limit.
    func counts(_ pod: Value) -> Bool { verdict(on: pod)?.action != .ignore }

    private func matched(_ rule: Value, _ pod: Value) -> String? {
        if !rule["onExitCodes"].isNull {
            guard let container = container(of: pod, matching: rule["onExitCodes"]) else { return nil }
            let code = container["state"]["terminated"]["exitCode"].int ?? 0
            return "Container \(container["name"].string ?? "") for pod \(pod.key) failed with exit code \(code)"
        }
        for pattern in rule["onPodConditions"].array {
            let type = pattern["type"].string ?? ""
            if pod.hasCondition(type, status: pattern["status"].string ?? "True") { return "Pod \(pod.key) has condition \(type)" }
        }
        return nil
    }

    private func container(of pod: Value, matching demand: Value) -> Value? {
        let codes = Set(demand["values"].array.compactMap(\.int))
        return (pod.status["containerStatuses"].array + pod.status["initContainerStatuses"].array).first { container in
            if let name = demand["containerName"].string, name != container["name"].string { return false }
            guard let code = container["state"]["terminated"]["exitCode"].int, code != 0 else { return false }
            return codes.contains(code) == (demand["operator"].string == "In")
        }
    }
}

/// `spec.successPolicy`: which indexes are enough.
enum SuccessPolicy {
    /// What to tell of the first rule that is met; nil where none is.
    static func met(_ job: Value, succeeded: CompletionIndexes) -> String? {
        for (index, rule) in job.spec["successPolicy"]["rules"].array.enumerated() {
            let count = rule["succeededCount"].int
            let isMet: Bool
            if let text = rule["succeededIndexes"].string {
                let wanted = CompletionIndexes(text, completions: job.spec["completions"].int ?? 0)
                isMet = succeeded.intersection(wanted).count >= count ?? wanted.count
            } else {
                isMet = count.map { succeeded.count >= $0 } ?? false
            }
            if isMet { return "Matched rules at index \(index)" }
        }
        return nil
    }
}

/// The pause before pods that failed are replaced: 10 s, doubled with each failure in a row, 10 minutes at most.
enum JobBackoff {
    static let initial = Duration.seconds(10)
    static let max = Duration.seconds(600)

    /// How much of the pause after `failures` in a row, the last of them at `last`, is left.
    static func left(failures: Int, last: Timestamp?, now: Timestamp) -> Duration {
        guard failures > 0, let last else { return .zero }
        let pause = min(max, initial * (1 << min(failures - 1, 10)))
        return Swift.max(.zero, last + pause - now)
    }
}
