import ObjectModel

/// Amounts of resources in the units that scheduling counts in: CPU in thousandths, everything else whole.
struct ResourceAmounts: Sendable, Equatable {
    var milliCPU: Int64 = 0
    var memory: Int64 = 0
    var ephemeralStorage: Int64 = 0

    /// Extended resources and huge pages; few, so a short search beats a table.
    var others: [Other] = []

    struct Other: Sendable, Equatable {
        var name: String
        var amount: Int64
    }

    init() {}

    /// Reads a `ResourceList`. Amounts that cannot be read count as none.
    init(_ list: Value) {
        for (name, value) in list.fields { self[name] = Self.amount(name, value) }
    }

    private static func amount(_ name: String, _ value: Value) -> Int64 {
        guard let quantity = try? Quantity(value) else { return 0 }
        return name == "cpu" ? quantity.milliValue : quantity.value
    }

    subscript(name: String) -> Int64 {
        get {
            switch name {
            case "cpu": milliCPU
            case "memory": memory
            case "ephemeral-storage": ephemeralStorage
            default: others.first { $0.name == name }?.amount ?? 0
            }
        }
        set {
            switch name {
            case "cpu": milliCPU = newValue
            case "memory": memory = newValue
            case "ephemeral-storage": ephemeralStorage = newValue
            case "pods": break
            default:
                if let index = others.firstIndex(where: { $0.name == name }) {
                    others[index].amount = newValue
                } else {
                    others.append(Other(name: name, amount: newValue))
                }
            }
        }
    }

    var isZero: Bool { milliCPU == 0 && memory == 0 && ephemeralStorage == 0 && others.allSatisfy { $0.amount == 0 } }

    static func += (left: inout ResourceAmounts, right: ResourceAmounts) {
        left.milliCPU += right.milliCPU
        left.memory += right.memory
        left.ephemeralStorage += right.ephemeralStorage
        for other in right.others { left[other.name] += other.amount }
    }

    static func -= (left: inout ResourceAmounts, right: ResourceAmounts) {
        left.milliCPU -= right.milliCPU
        left.memory -= right.memory
        left.ephemeralStorage -= right.ephemeralStorage
        for other in right.others { left[other.name] -= other.amount }
    }

    /// The greater amount of each.
    mutating func formMaximum(_ other: ResourceAmounts) {
        milliCPU = max(milliCPU, other.milliCPU)
        memory = max(memory, other.memory)
        ephemeralStorage = max(ephemeralStorage, other.ephemeralStorage)
        for other in other.others { self[other.name] = max(self[other.name], other.amount) }
    }
}
