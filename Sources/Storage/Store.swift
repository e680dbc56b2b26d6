/// A log of revisions over keys and bytes: what everything above is a fold of.
///
/// A commit is one transaction and gets one revision, as in etcd. Revisions are dense (1, 2, 3, …), start again where they were after a
/// restart, and never go backwards. The store knows nothing of what the bytes mean, and the bytes do not hold their own revision.
public protocol Store: Sendable {
    /// The revision of the last commit; 0 before the first one.
    var revision: Int64 { get }

    /// The revision through which history is gone; 0 if it is whole. `list` answers at this revision and later ones, `changes` after it.
    var compactedRevision: Int64 { get }

    /// Carries out all writes or none, and returns once they are on disk and all subscribers have heard of them.
    ///
    /// - Returns: the commit's revision; the present one if nothing changed.
    /// - Throws: `conflict` where a precondition does not hold, `invalid` for no writes or a key that is written twice,
    ///   `unavailable` where the disk does not take them.
    func commit(_ writes: [Write]) async throws(StoreError) -> Int64

    /// The entries whose key begins with `prefix`, by key (in the order of their UTF-8 bytes), as they were at a revision; nil for now.
    ///
    /// Reads the values from disk: for filling a cache, not for serving a request.
    func list(prefix: String, at revision: Int64?) throws(StoreError) -> Listing

    /// What happened to keys that begin with `prefix` after a revision, oldest first, with the values that it replaced.
    func changes(prefix: String, after revision: Int64) throws(StoreError) -> [Change]

    /// Tells `handler` of every change from now on, in the order of revisions, one or more whole commits a call.
    ///
    /// Called before those who committed are answered, so that a cache is never behind an acknowledged write. The log waits while the
    /// handler runs: it must be quick, and must not call the store. `previousValue` is nil here (the cache holds it).
    func subscribe(_ handler: @escaping @Sendable ([Change]) -> Void)

    /// Drops the history before a revision: values that were replaced or deleted by then. Returns when it is done, which is a little at a
    /// time between commits.
    func compact(through revision: Int64) async throws(StoreError)

    /// Finishes the commits that were handed over, then lets go of the file. Later calls throw `closed`.
    func close() async
}
