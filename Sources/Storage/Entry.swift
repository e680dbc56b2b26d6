/// A key and its value as of some revision.
public struct Entry: Sendable, Hashable {
    public var key: String
    public var value: [UInt8]

    /// The revision at which the key came into being, for the last time.
    public var createRevision: Int64

    /// The revision that wrote this value.
    public var revision: Int64

    public init(key: String, value: [UInt8], createRevision: Int64, revision: Int64) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.revision = revision
    }
}

/// What must be true of a key for a write to take place.
public enum Precondition: Sendable, Hashable {
    case none

    /// There is no such key.
    case absent

    /// The key's last write has this revision.
    case revision(Int64)
}

/// One write of a commit. Deleting a key that is not there changes nothing; a commit that changes nothing gets no revision of its own.
public struct Write: Sendable {
    public var key: String

    /// nil deletes the key.
    public var value: [UInt8]?
    public var precondition: Precondition

    public init(key: String, value: [UInt8]?, precondition: Precondition) {
        self.key = key
        self.value = value
        self.precondition = precondition
    }

    /// Writes a new key; conflicts if it is there.
    public static func create(_ key: String, _ value: [UInt8]) -> Write { Write(key: key, value: value, precondition: .absent) }

    /// Replaces the value of a key that was last written at `revision`.
    public static func replace(_ key: String, _ value: [UInt8], at revision: Int64) -> Write {
        Write(key: key, value: value, precondition: .revision(revision))
    }

    /// Writes a key, whether it is there or not.
    public static func put(_ key: String, _ value: [UInt8]) -> Write { Write(key: key, value: value, precondition: .none) }

    /// Deletes a key that was last written at `revision`.
    public static func delete(_ key: String, at revision: Int64) -> Write { Write(key: key, value: nil, precondition: .revision(revision)) }
}

/// What a commit did to one key.
public struct Change: Sendable, Hashable {
    public var key: String
    public var revision: Int64

    /// nil: deleted.
    public var value: [UInt8]?

    /// The revision at which the key came into being; of a deleted key, of the one that went.
    public var createRevision: Int64

    /// The revision of the value that was replaced or deleted; nil: the key is new.
    public var previousRevision: Int64?

    /// The value that was replaced or deleted. Only `changes(prefix:after:)` fills it in.
    public var previousValue: [UInt8]?

    public init(
        key: String, revision: Int64, value: [UInt8]?, createRevision: Int64, previousRevision: Int64? = nil, previousValue: [UInt8]? = nil
    ) {
        self.key = key
        self.revision = revision
        self.value = value
        self.createRevision = createRevision
        self.previousRevision = previousRevision
        self.previousValue = previousValue
    }
}

/// The entries of a prefix, and the revision that they are the state of.
public struct Listing: Sendable, Hashable {
    public var entries: [Entry]
    public var revision: Int64

    public init(entries: [Entry], revision: Int64) {
        self.entries = entries
        self.revision = revision
    }
}
