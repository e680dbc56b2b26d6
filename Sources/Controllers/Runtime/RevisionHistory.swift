import ClusterClient
import ObjectModel

/// The templates that a StatefulSet or DaemonSet had, as ControllerRevisions: what `kubectl rollout history` and `undo` read.
struct RevisionHistory: Sendable {
    let client: Client
    let revisions: Informer
    let owners: Resource

    /// The label that carries a revision's hash.
    let hashLabel: String

    /// Rolling back replaces the template as a whole.
    static func data(of owner: Value) -> Value {
        var template = owner.spec["template"]
        template["$patch"] = "replace"
        return ["spec": ["template": template]]
    }

    /// The template of a revision.
    static func template(of revision: Value) -> Value {
        var template = revision["data"]["spec"]["template"]
        template["$patch"] = .null
        return template
    }

    static func number(_ revision: Value) -> Int { revision["revision"].int ?? 0 }

    func hash(_ revision: Value) -> String { revision.metadata["labels"][hashLabel].string ?? "" }

    /// The owner's revisions, oldest first.
    func all(of owner: Value) -> [Value] {
        revisions.controlled(by: owner).sorted { (Self.number($0), $0.name) < (Self.number($1), $1.name) }
    }

    /// The revision of the owner's template as it is now: found, brought forward where it was rolled back to, or made.
    func sync(_ owner: Value) async throws -> (current: Value, all: [Value]) {
        var all = all(of: owner)
        let next = (all.last.map(Self.number) ?? 0) + 1
        let data = Self.data(of: owner)
        if let index = all.lastIndex(where: { $0["data"].means(data) }) {
            var known = all[index]
            guard index != all.count - 1 else { return (known, all) }
            known["revision"] = Value(next)
            known = try await client.update(.controllerRevisions, known)
            all.remove(at: index)
            return (known, all + [known])
        }
        let made = try await create(owner, data, number: next)
        return (made, all + [made])
    }

    private func create(_ owner: Value, _ data: Value, number: Int) async throws -> Value {
        let hash = DeploymentModel.hash(data, collisions: owner.status["collisionCount"].int)
        var labels = owner.spec["template"]["metadata"]["labels"]
        labels[hashLabel] = .string(hash)
        let revision: Value = [
            "apiVersion": "apps/v1", "kind": "ControllerRevision",
            "metadata": [
                "name": .string("\(owner.name)-\(hash)"), "namespace": .string(owner.namespace), "labels": labels,
                "annotations": owner.metadata["annotations"], "ownerReferences": [owner.controllerReference(as: owners)],
            ], "data": data, "revision": Value(number),
        ]
        do {
            return try await client.create(.controllerRevisions, revision)
        } catch let error as APIError where error.reason == .alreadyExists {
            // Made a moment ago, or another template with the same hash: only the owner's own counts.
            let live = try await client.get(.controllerRevisions, namespace: owner.namespace, name: revision.name)
            guard live["data"].means(data), live.isControlled(by: owner) else { throw error }
            return live
        }
    }

    /// Deletes revisions beyond the limit, oldest first, that no pod and no status names.
    func truncate(_ all: [Value], of owner: Value, live: Set<String>, limit: Int) async throws {
        let idle = all.filter { !live.contains($0.name) && !live.contains(hash($0)) }
        for revision in idle.prefix(max(0, idle.count - limit)) {
            try await client.delete(.controllerRevisions, namespace: owner.namespace, name: revision.name, uid: revision.uid)
        }
    }
}
