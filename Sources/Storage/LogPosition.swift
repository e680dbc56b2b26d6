/// Where a row stands in the log: the commit's revision, and the row's place within the commit. Its raw value is the row's id on disk.
struct LogPosition: Hashable, Comparable, Sendable {
    /// A commit has room for this many writes.
    static let writesPerCommitMax = 1 << 16

    var rawValue: Int64

    init(rawValue: Int64) { self.rawValue = rawValue }

    init(revision: Int64, index: Int = 0) {
        precondition(index < Self.writesPerCommitMax)
        rawValue = revision << 16 | Int64(index)
    }

    var revision: Int64 { rawValue >> 16 }

    static func < (left: LogPosition, right: LogPosition) -> Bool { left.rawValue < right.rawValue }
}

/// One row of the log: what a commit wrote to one key.
struct LogRow: Sendable {
    var position: LogPosition
    var key: String

    /// The revision at which the key came into being; of a deleted key, of the one that went.
    var created: Int64

    /// nil: deleted.
    var value: [UInt8]?

    /// The row that this one takes the place of.
    var previous: LogPosition?

    var change: Change {
        Change(key: key, revision: position.revision, value: value, createRevision: created, previousRevision: previous?.revision)
    }
}
