/// What waits for the writer.
struct Inbox: Sendable {
    struct Commit: Sendable {
        var writes: [Write]
        var continuation: CheckedContinuation<Result<Int64, StoreError>, Never>
    }

    struct Compaction: Sendable {
        var through: Int64
        var continuation: CheckedContinuation<Result<Void, StoreError>, Never>
    }

    /// Bounds a transaction, and with it how long the last of its writers waits.
    static let groupBytesMax = 8 << 20

    var commits: [Commit] = []
    var compactions: [Compaction] = []
    var closers: [CheckedContinuation<Void, Never>] = []
    var isWriterAwake = false
    var isClosing = false
    var isClosed = false

    /// Set once the disk has failed for good.
    var failure: StoreError?

    /// Why nothing more is taken.
    var refusal: StoreError? { failure ?? (isClosing ? .closed : nil) }

    /// The commits of the next transaction: all that wait, or as many as fit.
    mutating func takeGroup() -> [Commit] {
        var bytes = 0
        var count = 0
        while count < commits.count, bytes < Self.groupBytesMax {
            for write in commits[count].writes { bytes += write.value?.count ?? 0 }
            count += 1
        }
        if count == commits.count {
            defer { commits = [] }
            return commits
        }
        defer { commits.removeFirst(count) }
        return Array(commits[..<count])
    }
}
