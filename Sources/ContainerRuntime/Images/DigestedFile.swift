import Crypto
import Glibc

/// The content address of a blob.
struct Digest: Sendable, Hashable, CustomStringConvertible {
    var hex: String
    var description: String { "sha256:\(hex)" }

    init(of bytes: [UInt8]) {
        var hasher = SHA256()
        bytes.withUnsafeBytes { hasher.update(bufferPointer: $0) }
        self.init(hasher.finalize())
    }

    init(_ digest: SHA256.Digest) {
        let digits = Array("0123456789abcdef".utf8)
        hex = String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// A file that knows the digest and size of what was written to it.
final class DigestedFile {
    let path: String
    private let file: Int32
    private var hasher = SHA256()
    private(set) var size = 0

    /// Makes the file, or empties it.
    init(path: String) throws(ContainerRuntimeError) {
        self.path = path
        file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .system("can't write \(path)") }
    }

    deinit { close(file) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ContainerRuntimeError) {
        hasher.update(bufferPointer: bytes)
        size += bytes.count
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Glibc.write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .system("can't write \(path)") }
            rest = rest.dropFirst(count)
        }
    }

    var digest: Digest { Digest(hasher.finalize()) }
}
