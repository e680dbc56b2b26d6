import Glibc
import HostNetwork
import ObjectModel
import Synchronization

/// The resolvers of the host, from its `resolv.conf`, read again when the file changes.
final class ResolverConfiguration: Sendable {
    private struct State {
        var servers: [IPAddress] = []
        var version: Version?
        var checked: ContinuousClock.Instant?
    }

    /// What tells one content of the file from another.
    private struct Version: Equatable {
        var seconds: Int
        var nanoseconds: Int
        var inode: UInt
        var size: Int
    }

    private let path: String
    private let excluded: Set<IPAddress>
    private let state = Mutex(State())

    /// How long the file is trusted without a look at it.
    private static let freshness: Duration = .seconds(5)

    /// `excluded` are cluster DNS's own addresses: to ask them would be to ask oneself.
    init(path: String, excluded: Set<IPAddress>) {
        self.path = path
        self.excluded = excluded
    }

    /// The resolvers in the file's order, three at most as in every resolver.
    var servers: [IPAddress] {
        let now = ContinuousClock.now
        return state.withLock { state in
            if let checked = state.checked, now - checked < Self.freshness { return state.servers }
            state.checked = now
            let version = currentVersion()
            if version == nil || version != state.version {
                state.version = version
                state.servers = Self.servers(read()).filter { !excluded.contains($0) }
            }
            return state.servers
        }
    }

    static func servers(_ text: String) -> [IPAddress] {
        var servers: [IPAddress] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, words[0] == "nameserver", let address = IPAddress(String(words[1])), !servers.contains(address) else { continue }
            servers.append(address)
        }
        return Array(servers.prefix(3))
    }

    private func currentVersion() -> Version? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Version(
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec, inode: UInt(status.st_ino), size: Int(status.st_size))
    }

    private func read() -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
    }
}
