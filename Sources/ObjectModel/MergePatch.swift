extension Value {
    /// Applies a JSON merge patch (RFC 7386): members are merged, `null` removes, everything else replaces.
    public func applying(mergePatch patch: Value) -> Value {
        var result = self
        result.apply(mergePatch: patch)
        return result
    }

    /// Applies a JSON merge patch in place.
    public mutating func apply(mergePatch patch: Value) {
        guard case .object(let changes) = patch else {
            self = patch
            return
        }
        var fields = Fields()
        if case .object(let own) = self { fields = own }
        self = .null
        for (key, change) in changes {
            if change.isNull {
                fields[key] = nil
            } else if change.isObject {
                var member = fields.take(key)
                member.apply(mergePatch: change)
                fields[key] = member
            } else {
                fields[key] = change
            }
        }
        self = .object(fields)
    }

    /// The merge patch that makes this value into `other`. Both must be free of `null` members, which a merge patch cannot write.
    public func mergePatch(to other: Value) -> Value {
        guard case .object(let old) = self, case .object(let new) = other else { return other }
        var patch = Fields()
        for (key, _) in old where !new.contains(key) { patch[key] = .null }
        for (key, value) in new {
            guard let before = old[key] else {
                patch[key] = value
                continue
            }
            if before != value { patch[key] = before.isObject && value.isObject ? before.mergePatch(to: value) : value }
        }
        return .object(patch)
    }
}
