import Synchronization

@testable import NodeAgent

/// Files of a cgroup filesystem, in memory.
final class FakeCgroupTree: CgroupTree {
    private let files = Mutex<[String: String]>([:])
    private let made = Mutex<Set<String>>([])

    subscript(file: String) -> String? { files.withLock { $0[file] } }

    func makeGroup(_ path: String) throws { made.withLock { _ = $0.insert(path) } }
    func removeGroup(_ path: String) { made.withLock { $0 = $0.filter { $0 != path && !$0.hasPrefix("\(path)/") } } }
    func write(_ value: String, to file: String) throws { files.withLock { $0[file] = value } }
    func read(_ file: String) throws -> String { files.withLock { $0[file] ?? "" } }

    func groups(in path: String) -> [String] {
        made.withLock { Set($0.filter { $0.hasPrefix("\(path)/") }.map { String($0.dropFirst(path.count + 1).prefix { $0 != "/" }) }).sorted() }
    }
}
