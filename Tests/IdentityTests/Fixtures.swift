import Glibc
import Identity
import ObjectModel

/// 2026-01-02T03:04:05Z.
let start = Timestamp(seconds: 1_767_323_045)
let day: Duration = .seconds(86_400)

/// Runs `body` in a directory of its own, which is gone afterwards.
func withDirectory<Result>(_ body: (PrivateDirectory) throws -> Result) throws -> Result {
    var template = Array("/tmp/apus-identity-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } != nil }
    precondition(made, "cannot make a temporary directory")
    let root = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let directory = try PrivateDirectory("\(root)/pki")
    defer { remove(directory, root: root) }
    return try body(directory)
}

private func remove(_ directory: PrivateDirectory, root: String) {
    for path in [directory.path, root] {
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                if name != ".", name != ".." { unlink("\(path)/\(name)") }
            }
            closedir(stream)
        }
        rmdir(path)
    }
}

func mode(of path: String) -> mode_t {
    var information = stat()
    return stat(path, &information) == 0 ? information.st_mode & 0o777 : 0
}
