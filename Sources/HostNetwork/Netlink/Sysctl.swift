import Glibc

/// Settings under `/proc/sys`. Those of `net` are the calling thread's namespace's.
enum Sysctl {
    static func read(_ name: String) throws -> String? {
        let file = open(try path(name), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw HostNetworkError("reading sysctl \(name)", errno: errno)
        }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw HostNetworkError("reading sysctl \(name)", errno: errno) }
        return String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    static func write(_ name: String, _ value: String) throws {
        guard try read(name) != value else { return }
        let file = open(try path(name), O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw HostNetworkError("setting sysctl \(name)", errno: errno) }
        defer { close(file) }
        let bytes = Array(value.utf8)
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw HostNetworkError("setting sysctl \(name) to \(value)", errno: errno) }
    }

    private static func path(_ name: String) throws -> String {
        guard !name.split(separator: "/").contains(".."), !name.isEmpty else { throw HostNetworkError(.failed, "not a sysctl: \(name)") }
        return "/proc/sys/\(name)"
    }
}
