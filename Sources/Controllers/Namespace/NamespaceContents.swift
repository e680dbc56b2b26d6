import ObjectModel

/// What a namespace that is being deleted still holds, as its conditions tell it.
struct NamespaceContents {
    /// By resource, `pods.` or `deployments.apps`: how many objects.
    private(set) var left: [String: Int] = [:]

    /// By finalizer: how many objects it holds back.
    private(set) var finalizers: [String: Int] = [:]

    /// What could not be deleted, and why.
    var failures: [String] = []

    var isEmpty: Bool { left.isEmpty && failures.isEmpty }

    mutating func add(_ items: [Value], plural: String, group: String) {
        guard !items.isEmpty else { return }
        left["\(plural).\(group)"] = items.count
        for finalizer in items.flatMap(\.finalizers) { finalizers[finalizer, default: 0] += 1 }
    }

    /// The conditions of the namespace with what is known now: the five that upstream sets, each with its own words for good and bad.
    func conditions(of namespace: Value, now: Timestamp) -> Value {
        var conditions = namespace["status"]["conditions"].array
        func set(_ type: String, _ good: (reason: String, message: String), _ bad: (reason: String, message: String)?) {
            let (reason, message) = bad ?? good
            let status = bad == nil ? "False" : "True"
            let known = conditions.first { $0["type"].string == type }
            if known?["status"].string == status, known?["message"].string == message, known?["reason"].string == reason { return }
            let since = known?["status"].string == status ? known?["lastTransitionTime"] : nil
            conditions.removeAll { $0["type"].string == type }
            conditions.append([
                "type": .string(type), "status": .string(status), "lastTransitionTime": since ?? .string(now.rfc3339), "reason": .string(reason),
                "message": .string(message),
            ])
        }
        let remaining = left.sorted { $0.key < $1.key }.map { "\($0.key) has \($0.value) resource instances" }.joined(separator: ", ")
        let held = finalizers.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value) resource instances" }.joined(separator: ", ")
        set("NamespaceDeletionDiscoveryFailure", ("ResourcesDiscovered", "All resources successfully discovered"), nil)
        set("NamespaceDeletionGroupVersionParsingFailure", ("ParsedGroupVersions", "All legacy kube types successfully parsed"), nil)
        set(
            "NamespaceDeletionContentFailure", ("ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
            failures.isEmpty
                ? nil
                : ("ContentDeletionFailed", "Failed to delete all resource types, \(failures.count) remaining: \(failures.joined(separator: ", "))"))
        set(
            "NamespaceContentRemaining", ("ContentRemoved", "All content successfully removed"),
            left.isEmpty ? nil : ("SomeResourcesRemain", "Some resources are remaining: \(remaining)"))
        set(
            "NamespaceFinalizersRemaining", ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
            finalizers.isEmpty ? nil : ("SomeFinalizersRemain", "Some content in the namespace has finalizers remaining: \(held)"))
        return .array(conditions)
    }
}
