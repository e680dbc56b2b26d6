import ClusterClient
import ObjectModel

extension Value {
    /// The reference that makes this object the controller of another one (`metav1.NewControllerRef`).
    func controllerReference(as resource: Resource) -> Value {
        [
            "apiVersion": .string(resource.apiVersion), "kind": .string(resource.kind), "name": .string(name), "uid": .string(uid),
            "controller": true,
            "blockOwnerDeletion": true,
        ]
    }

    var controllerUID: String? { controllerReference?["uid"].string }

    /// The queue's key of the object of this kind that controls this one; nil where none or another kind's does.
    func controllerKey(kind: String) -> String? {
        guard let reference = controllerReference, reference["kind"].string == kind, let name = reference["name"].string else { return nil }
        return "\(namespace)/\(name)"
    }

    func isControlled(by owner: Value) -> Bool { controllerUID == owner.uid }
}

/// Objects by who controls them: the index that every controller of objects reads.
enum ControllerIndex {
    static let name = "controller"

    /// The index key of objects in `namespace` that nobody controls; with a label, of those that have it.
    static func orphans(in namespace: String, _ key: String = "", _ value: String = "") -> String { "orphan/\(namespace)/\(key)=\(value)" }

    @Sendable static func keys(_ object: Value) -> [String] {
        if let owner = object.controllerUID { return [owner] }
        return [orphans(in: object.namespace)] + object.labels.map { orphans(in: object.namespace, $0.key, $0.value) }
    }
}

extension Informer {
    func addControllerIndex() { addIndex(ControllerIndex.name, ControllerIndex.keys) }

    /// The objects that `owner` controls.
    func controlled(by owner: Value) -> [Value] { indexed(ControllerIndex.name, owner.uid) }

    /// The objects in `namespace` that nobody controls and that the selector matches. Nearly every selector asks for a label's value: only objects that
    /// have it are looked at, for there may be many.
    func orphans(in namespace: String, _ selector: LabelSelector) -> [Value] {
        let asked = selector.requirements.first { [.in, .equals, .doubleEquals].contains($0.operator) }
        let keys = asked.map { asked in asked.values.map { ControllerIndex.orphans(in: namespace, asked.key, $0) } }
        return (keys ?? [ControllerIndex.orphans(in: namespace)]).flatMap { indexed(ControllerIndex.name, $0) }.filter { selector.matches($0) }
    }
}

extension Informer.Change {
    /// Whether the object belongs to nobody, and did not before or was another to a selector: then someone may adopt it.
    var isNewOrphan: Bool {
        guard let new, !new.isBeingDeleted, new.controllerReference == nil else { return false }
        guard let old else { return true }
        return old.metadata["labels"] != new.metadata["labels"] || old.metadata["ownerReferences"] != new.metadata["ownerReferences"]
    }
}

/// Takes up objects that match an owner's selector and belong to nobody, and lets go of those that no longer match: upstream's `ControllerRefManager`.
struct Claims: Sendable {
    let client: Client

    /// The owner's resource.
    let owners: Resource

    /// The resource of what is owned.
    let owned: Resource

    /// What an adopted object is to have.
    var finalizers: [String] = []

    /// The objects that are `owner`'s from now on, in no order. `filter` says which orphans may be adopted.
    func claim(
        for owner: Value, selector: LabelSelector, from informer: Informer, filter: (Value) -> Bool = { _ in true }
    ) async throws -> [Value] {
        var claimed: [Value] = []
        for object in informer.controlled(by: owner) where filter(object) {
            if selector.matches(object) {
                claimed.append(object)
            } else if !owner.isBeingDeleted {
                try await release(object, from: owner)
            }
        }
        guard !owner.isBeingDeleted else { return claimed }
        var isConfirmed = false
        for object in informer.orphans(in: owner.namespace, selector) where !object.isBeingDeleted && filter(object) {
            // The copy may be behind: an owner that is being deleted adopts nothing.
            if !isConfirmed, try await !isAlive(owner) { return claimed }
            isConfirmed = true
            if let adopted = try await adopt(object, by: owner) { claimed.append(adopted) }
        }
        return claimed
    }

    private func isAlive(_ owner: Value) async throws -> Bool {
        guard let live = try await client.find(owners, namespace: owner.namespace, name: owner.name) else { return false }
        return live.uid == owner.uid && !live.isBeingDeleted
    }

    private func adopt(_ object: Value, by owner: Value) async throws -> Value? {
        var patch: Value = ["metadata": ["uid": .string(object.uid), "ownerReferences": [owner.controllerReference(as: owners)]]]
        if !finalizers.isEmpty { patch.metadata["finalizers"] = Value(finalizers) }
        return try await Self.tolerated {
            try await client.patch(owned, namespace: object.namespace, name: object.name, .strategicMerge, patch)
        }
    }

    private func release(_ object: Value, from owner: Value) async throws {
        let patch: Value = [
            "metadata": ["uid": .string(object.uid), "ownerReferences": [["$patch": "delete", "uid": .string(owner.uid)]]]
        ]
        _ = try await Self.tolerated {
            try await client.patch(owned, namespace: object.namespace, name: object.name, .strategicMerge, patch)
        }
    }

    /// An object that is gone, or is another one by now, is nobody's business.
    private static func tolerated(_ change: () async throws -> Value) async throws -> Value? {
        do {
            return try await change()
        } catch let error as APIError where error.reason == .notFound || error.reason == .invalid {
            return nil
        }
    }
}
