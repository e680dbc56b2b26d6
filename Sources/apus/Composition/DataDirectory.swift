import Foundation

/// Everything that a cluster keeps on this machine.
///
///     apus.db            the store
///     pki/               the certificate authority, certificates, the service account key
///     admin.kubeconfig   how kubectl reaches the cluster
///     apus.log           what happened
///     containerd/, …     what the node keeps
struct DataDirectory: Sendable {
    let path: String

    /// Makes the directory where there is none. One that holds something else is left alone.
    init(_ path: String) throws {
        self.path = path
        try Self.checkIsOurs(path)
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure("cannot make the data directory \(path): \(Self.reason(error)); choose another with --data-dir")
        }
    }

    static var standard: String {
        if geteuid() == 0 { return "/var/lib/apus" }
        let home = ProcessInfo.processInfo.environment["HOME"] ?? "."
        return "\(home)/.local/share/apus"
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    var store: String { file("apus.db") }
    var kubeconfig: String { file("admin.kubeconfig") }
    var log: String { file("apus.log") }

    /// Held for as long as the process lives; another process that asks is told so.
    func lock() throws -> FileLock { try FileLock(file("lock"), owner: path) }

    // MARK: Mistakes

    /// What a start may leave behind before there is a store.
    private static let ours: Set<String> = ["apus.db", "lock", "apus.log", "pki", "lost+found"]

    private static func checkIsOurs(_ path: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return }
        guard isDirectory.boolValue else { throw Failure("\(path) is a file, not a directory: choose another with --data-dir") }
        guard access(path, R_OK | W_OK | X_OK) == 0 else {
            throw Failure(
                "cannot write to the data directory \(path): \(String(cString: strerror(errno)).lowercased()); run it as its owner, or choose another with --data-dir"
            )
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        guard names.isEmpty || names.contains(where: ours.contains) else {
            let example = names.sorted().first ?? ""
            throw Failure("\(path) holds something else (such as \(example)) and no data of Apus; choose an empty directory with --data-dir")
        }
    }

    /// What the system said, without Foundation's words around it.
    static func reason(_ error: any Error) -> String {
        var cause: any Error = error
        while let next = (cause as NSError).userInfo[NSUnderlyingErrorKey] as? any Error { cause = next }
        let known = cause as NSError
        return known.domain == NSPOSIXErrorDomain ? String(cString: strerror(Int32(known.code))).lowercased() : error.localizedDescription
    }

    /// Puts a store that cannot be read beside its place, for whoever can mend it; the next start begins with an empty one.
    ///
    /// - Returns: where it is now.
    func setStoreAside(suffix: String) throws -> String {
        let aside = "\(store).damaged-\(suffix)"
        // What belongs to it goes along: without its log, a store may lack the last writes.
        for part in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: store + part) {
            guard rename(store + part, aside + part) == 0 else {
                throw Failure("cannot move \(store + part) to \(aside + part): \(String(cString: strerror(errno)).lowercased())")
            }
        }
        return aside
    }
}
