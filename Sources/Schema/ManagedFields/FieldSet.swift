import ObjectModel

/// A set of fields of an object: the paths that a manager owns.
///
/// It is kept as `FieldsV1` writes it, a tree of path elements in the order of their bytes, so that reading and writing one is a walk, and
/// the operations on two of them walk both side by side.
public struct FieldSet: Sendable, Equatable {
    /// In order, each element once; none that is neither a member nor has members below it.
    var nodes: [Node]

    /// What the set has at one path element.
    struct Node: Sendable, Equatable {
        var element: String

        /// Whether the path that ends here is in the set.
        var isMember: Bool

        /// The members below.
        var children: FieldSet

        init(_ element: String, isMember: Bool, children: FieldSet = FieldSet()) {
            self.element = element
            self.isMember = isMember
            self.children = children
        }

        var isEmpty: Bool { !isMember && children.isEmpty }
    }

    public init() { nodes = [] }

    /// Takes nodes that are in order.
    init(_ nodes: [Node]) { self.nodes = nodes }

    /// Takes nodes of different elements in any order.
    init(unordered nodes: [Node]) {
        self.nodes = nodes
        for index in nodes.indices.dropFirst() where Bytewise.order(nodes[index - 1].element, nodes[index].element) > 0 {
            self.nodes.sort { Bytewise.order($0.element, $1.element) < 0 }
            return
        }
    }

    /// The set of the paths given.
    public init(paths: [[String]]) {
        self.init()
        for path in paths { insert(path) }
    }

    public var isEmpty: Bool { nodes.isEmpty }

    public mutating func insert(_ path: some Collection<String>) {
        guard let element = path.first else { return }
        let rest = path.dropFirst()
        let place = lowerBound(element)
        if place == nodes.count || nodes[place].element != element { nodes.insert(Node(element, isMember: false), at: place) }
        if rest.isEmpty { nodes[place].isMember = true } else { nodes[place].children.insert(Array(rest)) }
    }

    public func contains(_ path: some Collection<String>) -> Bool {
        guard let element = path.first, let node = node(element) else { return false }
        let rest = path.dropFirst()
        return rest.isEmpty ? node.isMember : node.children.contains(Array(rest))
    }

    func node(_ element: String) -> Node? {
        let place = lowerBound(element)
        return place < nodes.count && nodes[place].element == element ? nodes[place] : nil
    }

    private func lowerBound(_ element: String) -> Int {
        var low = 0
        var high = nodes.count
        while low < high {
            let middle = (low + high) / 2
            if Bytewise.order(nodes[middle].element, element) < 0 { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// All paths of the set, each before those below it.
    public var paths: [[String]] {
        var paths: [[String]] = []
        collect(&paths, below: [])
        return paths
    }

    private func collect(_ paths: inout [[String]], below path: [String]) {
        for node in nodes {
            if node.isMember { paths.append(path + [node.element]) }
            node.children.collect(&paths, below: path + [node.element])
        }
    }
}
