import Glibc
import HTTPServer
import ObjectModel

/// Reads a container's log file from where the options say, and follows it through rotations.
final class ContainerLogReader: Sendable {
    private let path: String
    private let options: ContainerLogOptions
    private let file: LogFile

    /// Throws where the file can't be opened.
    init(path: String, options: ContainerLogOptions) throws(APIError) {
        self.path = path
        self.options = options
        do {
            file = try LogFile(path)
        } catch {
            throw APIError(.internalError, "failed to try resolving symlinks in path \"\(path)\": lstat \(path): \(error)", code: 500)
        }
    }

    private static let chunkBytes = 64 * 1024

    /// Sends what is wanted of the log; with `follow` goes on until the container has ended or the client is gone.
    func send(to sink: any StreamSink, untilEnded: @escaping @Sendable () async -> Void) async {
        defer { sink.finish() }
        var formatter = ContainerLogFormatter(options)
        var file = file
        var offset = options.tailLines.map { file.start(ofLast: $0) } ?? 0
        guard options.follow else {
            _ = await drain(file, &offset, &formatter, sink)
            return
        }
        guard let watch = DirectoryWatch(containing: path) else {
            _ = await drain(file, &offset, &formatter, sink)
            return
        }
        sink.onClose { watch.stop() }
        let ending = Task {
            await untilEnded()
            watch.end()
        }
        defer { ending.cancel() }
        while true {
            // Read before looking for what happened, so that nothing that happened before is missed.
            let hasEnded = watch.hasEnded
            guard await drain(file, &offset, &formatter, sink) else { break }
            if let next = file.successor(path) {
                // The runtime writes to a new file by now: what it wrote to the old one before is read first.
                guard await drain(file, &offset, &formatter, sink) else { break }
                file = next
                offset = 0
                continue
            }
            if file.size < offset { offset = 0 }
            if hasEnded { break }
            guard await watch.changed() else { break }
        }
        watch.stop()
    }

    /// Sends everything up to the file's end. False if there is no use in going on.
    private func drain(_ file: LogFile, _ offset: inout Int, _ formatter: inout ContainerLogFormatter, _ sink: any StreamSink) async -> Bool {
        while !formatter.isFull {
            let chunk = file.read(at: offset, count: Self.chunkBytes)
            if chunk.isEmpty { return true }
            offset += chunk.count
            let text = formatter.format(chunk)
            guard text.isEmpty || sink.write(text), await sink.waitForRoom() else { return false }
        }
        return false
    }
}

/// An open log file. Reading gives the position, so it can be shared.
final class LogFile: Sendable {
    private let descriptor: Int32
    private let inode: UInt

    struct Failure: Error, CustomStringConvertible {
        var code: Int32
        var description: String { code == ENOENT ? "no such file or directory" : String(cString: strerror(code)) }
    }

    init(_ path: String) throws(Failure) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        var status = stat()
        fstat(descriptor, &status)
        inode = UInt(status.st_ino)
    }

    deinit { close(descriptor) }

    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The file that has this path now, if it is another one.
    func successor(_ path: String) -> LogFile? {
        guard let file = try? LogFile(path), file.inode != inode else { return nil }
        return file
    }

    func read(at offset: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            length = max(0, pread(descriptor, buffer.baseAddress, count, off_t(offset)))
        }
    }

    /// Where the last so many lines begin.
    func start(ofLast lines: Int) -> Int {
        let blockBytes = 64 * 1024
        let size = size
        if lines == 0 { return size }
        var found = 0
        var end = size
        while end > 0 {
            let begin = max(0, end - blockBytes)
            let block = read(at: begin, count: end - begin)
            for index in block.indices.reversed() where block[index] == UInt8(ascii: "\n") {
                // The line feed that ends the file begins no line.
                if begin + index + 1 == size { continue }
                found += 1
                if found == lines { return begin + index + 1 }
            }
            end = begin
        }
        return 0
    }
}
