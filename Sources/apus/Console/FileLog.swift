import Foundation
import Logging
import Synchronization

/// Writes log lines to the data directory's `apus.log`, and warnings and errors to the terminal too.
struct FileLog: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let file: LogFile
    private let echoes: Bool

    init(label: String, file: LogFile, level: Logger.Level, echoes: Bool) {
        self.label = label
        self.file = file
        logLevel = level
        self.echoes = echoes
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let line = "\(event.level) \(label): \(event.message)\(details)\n"
        file.write(line)
        if echoes, event.level >= .warning { Console.write(line, to: STDERR_FILENO) }
    }
}

/// A file that log lines are appended to. Turned over to `apus.log.1` when it has grown long.
final class LogFile: Sendable {
    let path: String
    private let state: Mutex<State>

    private struct State {
        var descriptor: Int32
        var size: Int
    }

    private static let sizeMax = 32 * 1024 * 1024

    init(path: String) throws {
        self.path = path
        state = Mutex(State(descriptor: try Self.open(path), size: 0))
    }

    private static func open(_ path: String) throws -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("cannot write the log \(path): \(String(cString: strerror(errno)))") }
        return descriptor
    }

    func write(_ line: String) {
        let stamped = Array("\(Self.time()) \(line)".utf8)
        state.withLock { state in
            if state.size > Self.sizeMax, let fresh = turnOver() {
                close(state.descriptor)
                state = State(descriptor: fresh, size: 0)
            }
            state.size += Glibc.write(state.descriptor, stamped, stamped.count)
        }
    }

    private func turnOver() -> Int32? {
        rename(path, path + ".1")
        return try? Self.open(path)
    }

    private static func time() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        return String(
            format: "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
            parts.tm_sec, now.tv_nsec / 1_000_000)
    }
}
