import ObjectModel

/// The values of node labels that pods are spread over or kept together by, as small numbers: counting by value needs no strings.
final class Topologies {
    static let zone = "topology.kubernetes.io/zone"
    static let hostname = "kubernetes.io/hostname"

    /// One node label.
    final class Column {
        let key: String
        private var numbers: [String: Int32] = [:]

        /// By `NodeInfo.index`; -1: the node does not have the label.
        fileprivate(set) var values: [Int32] = []

        fileprivate init(_ key: String) { self.key = key }

        /// How many different values there have been.
        var valueCount: Int { numbers.count }

        fileprivate func set(_ node: NodeInfo) {
            while values.count <= node.index { values.append(-1) }
            guard let value = node.labels[key].string else {
                values[node.index] = -1
                return
            }
            if let number = numbers[value] {
                values[node.index] = number
            } else {
                values[node.index] = Int32(numbers.count)
                numbers[value] = Int32(numbers.count)
            }
        }

        fileprivate func remove(_ node: NodeInfo) { if node.index < values.count { values[node.index] = -1 } }
    }

    private var columns: [String: Column] = [:]

    /// The column of a label, which is kept from now on.
    func column(_ key: String, _ slots: [NodeInfo?]) -> Column {
        if let column = columns[key] { return column }
        let column = Column(key)
        for case let node? in slots { column.set(node) }
        columns[key] = column
        return column
    }

    func set(_ node: NodeInfo) { for column in columns.values { column.set(node) } }

    func remove(_ node: NodeInfo) { for column in columns.values { column.remove(node) } }
}
