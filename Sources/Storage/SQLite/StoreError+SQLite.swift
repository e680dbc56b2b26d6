import GRDB

extension StoreError {
    /// What a failed write means.
    init(writing error: any Error) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .failed("\(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_FULL: self = .unavailable("no space is left on the disk")
        case .SQLITE_READONLY: self = .unavailable("the file or its disk is read-only")
        default: self = .failed(error.shown)
        }
    }

    /// What a failed read means.
    init(reading error: any Error) {
        self = .failed((error as? DatabaseError)?.shown ?? "\(error)")
    }
}

extension StoreError.OpenFailure {
    /// What a failure on the way to an open store means.
    init(_ error: any Error) {
        guard let error = error as? DatabaseError else {
            self = .inaccessible("\(error)")
            return
        }
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT: self = .damaged(error.shown)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .locked
        case .SQLITE_FULL: self = .noSpace
        case .SQLITE_READONLY: self = .readOnly
        // The index of the log is a file that grows in memory, where the disk has room for it.
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE: self = .noSpace
        default: self = .inaccessible(error.shown)
        }
    }
}

extension DatabaseError {
    fileprivate var shown: String { "\(message ?? "unknown") (SQLite error \(extendedResultCode.rawValue))" }
}
