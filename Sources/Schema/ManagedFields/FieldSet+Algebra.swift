import ObjectModel

extension FieldSet {
    public func union(_ other: FieldSet) -> FieldSet {
        if other.isEmpty { return self }
        if isEmpty { return other }
        return merge(other) { left, right in
            guard let left else { return right }
            guard let right else { return left }
            return Node(left.element, isMember: left.isMember || right.isMember, children: left.children.union(right.children))
        }
    }

    /// The paths that aren't in the other set. What lies below a path of the other set stays.
    public func subtracting(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return self }
        return merge(other) { left, right in
            guard let left, let right else { return left }
            return Node(left.element, isMember: left.isMember && !right.isMember, children: left.children.subtracting(right.children))
        }
    }

    /// The paths that neither are in the other set nor lie below one that is.
    public func subtractingAll(under other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return self }
        return merge(other) { left, right in
            guard let left, let right else { return left }
            if right.isMember { return nil }
            return Node(left.element, isMember: left.isMember, children: left.children.subtractingAll(under: right.children))
        }
    }

    public func intersection(_ other: FieldSet) -> FieldSet {
        if isEmpty || other.isEmpty { return FieldSet() }
        return merge(other) { left, right in
            guard let left, let right else { return nil }
            return Node(left.element, isMember: left.isMember && right.isMember, children: left.children.intersection(right.children))
        }
    }

    /// Whether the sets share no path; quicker than making the intersection.
    public func isDisjoint(with other: FieldSet) -> Bool {
        var (left, right) = (0, 0)
        while left < nodes.count, right < other.nodes.count {
            let order = Bytewise.order(nodes[left].element, other.nodes[right].element)
            if order < 0 {
                left += 1
            } else if order > 0 {
                right += 1
            } else {
                if nodes[left].isMember, other.nodes[right].isMember { return false }
                if !nodes[left].children.isDisjoint(with: other.nodes[right].children) { return false }
                left += 1
                right += 1
            }
        }
        return true
    }

    public func isSubset(of other: FieldSet) -> Bool { subtracting(other).isEmpty }

    /// Walks both sets side by side. `combine` gets what either has at an element, and says what the result has.
    private func merge(_ other: FieldSet, _ combine: (Node?, Node?) -> Node?) -> FieldSet {
        var merged: [Node] = []
        merged.reserveCapacity(max(nodes.count, other.nodes.count))
        var (left, right) = (0, 0)
        func take(_ node: Node?) { if let node, !node.isEmpty { merged.append(node) } }
        while left < nodes.count || right < other.nodes.count {
            let order =
                if left == nodes.count { 1 } else if right == other.nodes.count { -1 } else {
                    Bytewise.order(nodes[left].element, other.nodes[right].element)
                }
            take(combine(order <= 0 ? nodes[left] : nil, order >= 0 ? other.nodes[right] : nil))
            if order <= 0 { left += 1 }
            if order >= 0 { right += 1 }
        }
        return FieldSet(merged)
    }
}
