import ObjectModel

/// What a node may run short of, by upstream's names, and when it does.
enum EvictionSignal: String, Sendable, CaseIterable, Hashable {
    case memoryAvailable = "memory.available"
    case diskAvailable = "nodefs.available"
    case inodesFree = "nodefs.inodesFree"

    /// The condition that it stands for.
    var pressure: NodeConditions.Pressure { self == .memoryAvailable ? .memory : .disk }

    /// What messages call it.
    var resource: String {
        switch self {
        case .memoryAvailable: "memory"
        case .diskAvailable: "ephemeral-storage"
        case .inodesFree: "inodes"
        }
    }
}

/// How much must be left of something: `100Mi`, or a part of the whole, `10%`.
struct EvictionThreshold: Sendable, Equatable {
    private let text: String
    private let percent: Double?
    private let quantity: Quantity?

    init?(_ text: String) {
        self.text = text
        if text.hasSuffix("%") {
            guard let number = Double(text.dropLast()), (0...100).contains(number) else { return nil }
            (percent, quantity) = (number, nil)
        } else {
            guard let amount = try? Quantity(text) else { return nil }
            (percent, quantity) = (nil, amount)
        }
    }

    func value(of capacity: Int64) -> Int64 { quantity?.value ?? Int64(Double(capacity) * (percent ?? 0) / 100) }
}

/// What there is of it, and what there should be.
struct EvictionReading: Sendable, Equatable {
    var signal: EvictionSignal
    var available: Int64
    var threshold: Int64

    var isShort: Bool { available < threshold }
}
