import ClusterClient
import ObjectModel

/// The decisions of a rollout, as plain functions of what is there.
enum RolloutPlan {
    /// New sizes of sets, by uid, in the order in which they are to be written.
    typealias Sizes = [(uid: String, replicas: Int)]

    // MARK: Rolling update

    /// Which old sets to make smaller: first their unhealthy pods, then as many healthy ones as may be unavailable.
    static func scaleDown(old: [Value], new: Value, spec: DeploymentSpec) -> Sizes {
        var sizes = old.filter { $0.replicas > 0 }.sorted(by: DeploymentModel.isOlder).map { (set: $0, replicas: $0.replicas) }
        let minAvailable = spec.replicas - spec.maxUnavailable
        let newUnavailable = new.replicas - new.availableReplicas
        let total = sizes.reduce(0) { $0 + $1.replicas } + new.replicas
        var cleanup = total - minAvailable - newUnavailable
        guard !sizes.isEmpty, cleanup > 0 else { return [] }
        for index in sizes.indices where cleanup > 0 && sizes[index].replicas > sizes[index].set.availableReplicas {
            let count = min(cleanup, sizes[index].replicas - sizes[index].set.availableReplicas)
            sizes[index].replicas -= count
            cleanup -= count
        }
        var healthy = old.total(\.availableReplicas) + new.availableReplicas - minAvailable
        for index in sizes.indices where healthy > 0 && sizes[index].replicas > 0 {
            let count = min(healthy, sizes[index].replicas)
            sizes[index].replicas -= count
            healthy -= count
        }
        return sizes.filter { $0.replicas != $0.set.replicas }.map { ($0.set.uid, $0.replicas) }
    }

    // MARK: Change of size

    /// How a change of the Deployment's size spreads over its sets: in proportion to their sizes while a rollout is under way.
    static func scale(old: [Value], new: Value?, deployment: Value, spec: DeploymentSpec) -> Sizes {
        let all = old + (new.map { [$0] } ?? [])
        let active = all.filter { $0.replicas > 0 }
        if active.count <= 1 {
            let only = active.first ?? new ?? old.max(by: DeploymentModel.isOlder)
            return only.map { [($0.uid, spec.replicas)] } ?? []
        }
        if let new, isSaturated(new, spec) { return active.filter { $0.uid != new.uid }.map { ($0.uid, 0) } }
        return spec.isRolling ? proportional(active, deployment, spec) : []
    }

    private static func isSaturated(_ set: Value, _ spec: DeploymentSpec) -> Bool {
        set.replicas == spec.replicas && set.annotation(DeploymentModel.desiredReplicas) == String(spec.replicas)
            && set.availableReplicas == spec.replicas
    }

    private static func proportional(_ active: [Value], _ deployment: Value, _ spec: DeploymentSpec) -> Sizes {
        let difference = (spec.replicas > 0 ? spec.maxReplicas : 0) - active.total(\.replicas)
        // The largest sets get what is left over; among equals, the newer ones grow and the older ones shrink first.
        let sorted = active.sorted { left, right in
            left.replicas != right.replicas
                ? left.replicas > right.replicas : difference > 0 ? DeploymentModel.isOlder(right, left) : DeploymentModel.isOlder(left, right)
        }
        var added = 0
        var sizes: Sizes = sorted.map { set in
            let share = difference == 0 ? 0 : share(of: set, deployment, spec, difference: difference, added: added)
            added += share
            return (set.uid, set.replicas + share)
        }
        if difference != 0, !sizes.isEmpty { sizes[0].replicas = max(0, sizes[0].replicas + difference - added) }
        return sizes
    }

    private static func share(of set: Value, _ deployment: Value, _ spec: DeploymentSpec, difference: Int, added: Int) -> Int {
        if set.replicas == 0 || difference == added { return 0 }
        let allowed = difference - added
        let fraction = fraction(of: set, deployment, spec)
        return difference > 0 ? min(fraction, allowed) : max(fraction, allowed)
    }

    /// The change that keeps the set's part of the whole.
    private static func fraction(of set: Value, _ deployment: Value, _ spec: DeploymentSpec) -> Int {
        if spec.replicas == 0 { return -set.replicas }
        let noted = set.annotation(DeploymentModel.maxReplicas).flatMap { Int($0) } ?? 0
        let before = noted != 0 ? noted : deployment.actualReplicas
        guard before != 0 else { return 0 }
        return Int((Double(set.replicas * spec.maxReplicas) / Double(before)).rounded()) - set.replicas
    }

    // MARK: The new set

    static func newSet(for deployment: Value, hash: String, old: [Value], spec: DeploymentSpec, revision: String) -> Value {
        var template = deployment.spec["template"]
        template["metadata"]["labels"][DeploymentModel.hashLabel] = .string(hash)
        var selector = deployment.spec["selector"]
        selector["matchLabels"][DeploymentModel.hashLabel] = .string(hash)
        let current = old.total(\.replicas)
        let replicas = spec.isRolling ? min(spec.replicas, max(0, spec.maxReplicas - current)) : spec.replicas
        var set: Value = [
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": [
                "name": .string("\(deployment.name)-\(hash)"), "namespace": .string(deployment.namespace), "labels": template["metadata"]["labels"],
                "ownerReferences": [deployment.controllerReference(as: .deployments)],
            ],
            "spec": ["replicas": Value(replicas), "selector": selector, "template": template],
        ]
        set.spec.setCount("minReadySeconds", spec.minReadySeconds)
        annotate(&set, from: deployment, revision: revision)
        set.metadata["annotations"][DeploymentModel.desiredReplicas] = .string(String(spec.replicas))
        set.metadata["annotations"][DeploymentModel.maxReplicas] = .string(String(spec.maxReplicas))
        return set
    }

    /// Copies the Deployment's annotations, and gives the set its revision. A set that gets a later one was rolled back to: its former revisions
    /// stay on record.
    static func annotate(_ set: inout Value, from deployment: Value, revision: String) {
        var annotations = set.metadata["annotations"]
        for (key, value) in deployment.metadata["annotations"].fields where !DeploymentModel.ownAnnotations.contains(key) { annotations[key] = value }
        let former = annotations[DeploymentModel.revision].string
        if let former, Int(former) == nil, !former.isEmpty {
            set.metadata["annotations"] = annotations
            return
        }
        let formerNumber = former.flatMap { Int($0) } ?? 0
        if let number = Int(revision), formerNumber < number {
            annotations[DeploymentModel.revision] = .string(revision)
            if let former {
                annotations[DeploymentModel.revisionHistory] = .string(
                    history(annotations[DeploymentModel.revisionHistory].string ?? "", adding: former))
            }
        }
        set.metadata["annotations"] = annotations.isEmpty ? .null : annotations
    }

    private static func history(_ history: String, adding revision: String) -> String {
        if history.isEmpty { return revision }
        var revisions = history.split(separator: ",", omittingEmptySubsequences: false).map(String.init)[...]
        var length = history.utf8.count + revision.utf8.count + 1
        while length > DeploymentModel.historyMax, let first = revisions.popFirst() { length -= first.utf8.count + 1 }
        return length <= DeploymentModel.historyMax ? (revisions + [revision]).joined(separator: ",") : history
    }

    // MARK: History

    /// Old sets beyond the limit, the lowest revisions first, as far as they are empty and settled.
    static func obsolete(_ old: [Value], spec: DeploymentSpec) -> [Value] {
        guard let limit = spec.historyLimit else { return [] }
        let candidates = old.filter { !$0.isBeingDeleted }
        guard candidates.count > limit else { return [] }
        let sorted = candidates.sorted {
            $0.revisionNumber != $1.revisionNumber ? $0.revisionNumber < $1.revisionNumber : DeploymentModel.isOlder($0, $1)
        }
        return sorted.prefix(candidates.count - limit).filter {
            $0.actualReplicas == 0 && $0.replicas == 0 && $0.generation <= ($0.status["observedGeneration"].int ?? 0)
        }
    }
}
