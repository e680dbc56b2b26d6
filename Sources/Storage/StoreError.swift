/// Why the store did not do what it was asked.
public enum StoreError: Error, Sendable, Equatable {
    /// A precondition does not hold. `current` is what the key holds now; nil: there is none.
    case conflict(key: String, current: Entry?)

    /// That history is gone. The earliest revision that can be listed, or that changes can follow, is `through`.
    case compacted(through: Int64)

    /// That revision is yet to come.
    case future(current: Int64)

    /// The request makes no sense: no writes, a key written twice.
    case invalid(String)

    /// The disk did not take the write (full, read-only, broken). Nothing of it is stored.
    case unavailable(String)

    /// The disk failed in a way that leaves open whether the last writes are on it. The store takes no more; a restart finds out.
    case failed(String)

    /// The store cannot be opened. Nothing was changed.
    case cannotOpen(path: String, OpenFailure)

    case closed

    /// What is wrong with a store's file.
    public enum OpenFailure: Sendable, Equatable {
        case damaged(String)
        case newerSchema(found: Int, known: Int)
        case foreign
        case locked
        case noSpace
        case readOnly
        case inaccessible(String)
    }
}

extension StoreError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .conflict(let key, nil): "\(key) does not exist"
        case .conflict(let key, let current?): "\(key) has changed: it is at revision \(current.revision)"
        case .compacted(let through): "the history before revision \(through) has been compacted"
        case .future(let current): "that revision is yet to come: the store is at revision \(current)"
        case .invalid(let why): why
        case .unavailable(let why): "the store cannot write: \(why)"
        case .failed(let why): "the store has stopped after a failure of the disk: \(why)"
        case .cannotOpen(let path, let failure): "cannot open the store \(path): \(failure)"
        case .closed: "the store is closed"
        }
    }
}

extension StoreError.OpenFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .damaged(let what): "the file is damaged (\(what)); it was left as it is: restore it from a backup, or move it away to start anew"
        case .newerSchema(let found, let known):
            "it was written by a newer Apus (schema \(found), this one knows \(known)): use that version or restore a backup"
        case .foreign: "the file belongs to another application"
        case .locked: "another process has it open"
        case .noSpace: "no space is left on the disk"
        case .readOnly: "the file or its disk is read-only"
        case .inaccessible(let why): why
        }
    }
}
