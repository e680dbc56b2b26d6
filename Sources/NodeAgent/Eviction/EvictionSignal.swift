import ObjectModel

/// What a node may run short of, by upstream's names, and when it does: memory is seen to first. `imagefs` holds images and containers' own files; it
/// may be the filesystem of the rest, `nodefs`.
enum EvictionSignal: String, Sendable, CaseIterable, Hashable {
    case memoryAvailable = "memory.available"
    case diskAvailable = "nodefs.available"
    case inodesFree = "nodefs.inodesFree"
    case imageDiskAvailable = "imagefs.available"
    case imageInodesFree = "imagefs.inodesFree"
    case processesAvailable = "pid.available"

    /// The condition that it stands for.
    var pressure: NodeConditions.Pressure {
        switch self {
        case .memoryAvailable: .memory
        case .processesAvailable: .pid
        case .diskAvailable, .inodesFree, .imageDiskAvailable, .imageInodesFree: .disk
        }
    }

    var isOfImages: Bool { self == .imageDiskAvailable || self == .imageInodesFree }

    /// What messages call it.
    var resource: String {
        switch self {
        case .memoryAvailable: "memory"
        case .diskAvailable, .imageDiskAvailable: "ephemeral-storage"
        case .inodesFree, .imageInodesFree: "inodes"
        case .processesAvailable: "pids"
        }
    }

    /// Whether it is an amount of bytes, which containers can request.
    var isBytes: Bool { resource != "inodes" && resource != "pids" }
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
