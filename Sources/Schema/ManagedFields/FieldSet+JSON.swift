import ObjectModel

extension FieldSet {
    /// How many path elements a path may have; upstream's decoder gives up at depths like it, and no object comes near.
    private static let depthMax = 512

    /// Reads a set as a client sent it: elements that are written in different ways but mean the same become one. Kinds of elements that this
    /// version doesn't know are left out.
    public init(json: Value) throws(FieldSetError) { try self.init(json: json, depth: 0) }

    private init(json: Value, depth: Int) throws(FieldSetError) {
        guard case .object(let members) = json else { throw .notAnObject }
        guard depth < Self.depthMax else { throw .tooDeep }
        var set = FieldSet()
        for (key, value) in members where key != PathElement.itself {
            guard case .object(let below) = value else { throw .notAnObject }
            let children = try FieldSet(json: value, depth: depth + 1)
            guard let element = try PathElement.canonical(key) else { continue }
            let node = Node(element, isMember: below.isEmpty || below.contains(PathElement.itself), children: children)
            if !node.isEmpty { set = set.union(FieldSet([node])) }
        }
        self = set
    }

    /// Reads a set that this program wrote, which is in order and canonical.
    init(stored: Value) {
        var nodes: [Node] = []
        let members = stored.fields
        nodes.reserveCapacity(members.count)
        for (key, value) in members where key != PathElement.itself {
            let below = value.fields
            nodes.append(
                below.isEmpty
                    ? Node(key, isMember: true) : Node(key, isMember: below.contains(PathElement.itself), children: FieldSet(stored: value)))
        }
        self.init(nodes)
    }

    /// The set as `FieldsV1`: `{"f:spec":{"f:replicas":{}}}`. A path that is in the set and has members below it holds `".":{}`.
    public var json: Value { .object(members(includingItself: false)) }

    /// The elements are in order, and the one that stands for the set's own path comes before all others.
    private func members(includingItself: Bool) -> Fields {
        Fields(inOrder: nodes.count + (includingItself ? 1 : 0)) { append in
            if includingItself { append(PathElement.itself, Self.leaf) }
            for node in nodes {
                append(node.element, node.children.isEmpty ? Self.leaf : .object(node.children.members(includingItself: node.isMember)))
            }
        }
    }

    private static let leaf = Value.object(Fields())
}
