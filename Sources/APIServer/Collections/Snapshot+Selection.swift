extension Snapshot {
    /// Walks the objects that a selection picks, in order from the first whose key is not before `start`, as long as `body` returns true.
    func scan(_ selection: Selection, from start: String = "", _ body: (StoredObject) -> Bool) {
        if let key = selection.onlyKey {
            if key >= start, let object = find(key), selection.matches(object) { _ = body(object) }
            return
        }
        let prefix = selection.namespace.isEmpty ? "" : selection.namespace + "/"
        let demands = selection.demands
        scan(from: max(prefix, start), where: { $0.mayHave(demands) }) { object in
            guard prefix.isEmpty || object.key.hasPrefix(prefix) else { return false }
            return !selection.matches(object) || body(object)
        }
    }

    /// How many objects of a namespace, or of all where it is empty, come after a key.
    func count(namespace: String, after key: String) -> Int {
        // "0" is the character after "/": the first key that is no longer the namespace's.
        (namespace.isEmpty ? count : rank(namespace + "0")) - rank(key + "\u{0}")
    }
}

extension SnapshotChunk {
    fileprivate func mayHave(_ demands: [[Term]]) -> Bool {
        if demands.isEmpty { return true }
        let terms = terms
        return demands.allSatisfy { $0.contains(where: terms.mayContain) }
    }
}

extension Selection {
    /// The key of the one object that can match, where the selection names it.
    fileprivate var onlyKey: String? {
        guard let name = fields?.required("metadata.name"), !name.isEmpty else { return nil }
        if !namespace.isEmpty { return "\(namespace)/\(name)" }
        guard let namespace = fields?.required("metadata.namespace"), !namespace.isEmpty else { return nil }
        return "\(namespace)/\(name)"
    }
}
