import Glibc

/// Writes a tar archive (POSIX ustar, with pax records for what does not fit) such that equal content gives equal bytes.
///
/// Times are zero, owners are root. The bytes go to a sink as they arise, so files of any size pass through.
struct TarWriter {
    enum Kind: UInt8 {
        case file = 0x30
        case hardLink = 0x31
        case symbolicLink = 0x32
        case characterDevice = 0x33
        case blockDevice = 0x34
        case directory = 0x35
        case pipe = 0x36
    }

    struct Entry {
        var path: String
        var kind: Kind
        /// Permissions with the set-user-id, set-group-id and sticky bits.
        var mode: UInt32
        var size: UInt64 = 0
        var linkTarget = ""
        var device: (major: UInt32, minor: UInt32) = (0, 0)
    }

    private let sink: (UnsafeRawBufferPointer) throws(ContainerRuntimeError) -> Void

    init(_ sink: @escaping (UnsafeRawBufferPointer) throws(ContainerRuntimeError) -> Void) {
        self.sink = sink
    }

    /// Writes an entry with its content.
    func add(_ path: String, mode: UInt32 = 0o644, content: [UInt8]) throws(ContainerRuntimeError) {
        try add(Entry(path: path, kind: .file, mode: mode, size: UInt64(content.count)))
        try write(content)
        try pad(content.count)
    }

    /// Writes the header of an entry; a file's content is to follow, and `pad` after it.
    func add(_ entry: Entry) throws(ContainerRuntimeError) {
        var records: [(String, String)] = []
        let isLongPath = Self.split(entry.path) == nil
        if isLongPath { records.append(("path", entry.path)) }
        if entry.linkTarget.utf8.count > 100 { records.append(("linkpath", entry.linkTarget)) }
        let isLarge = entry.size >= 1 << 33  // eleven octal digits
        if isLarge { records.append(("size", String(entry.size))) }
        if !records.isEmpty {
            let content = records.flatMap { Array(Self.paxRecord($0, $1).utf8) }
            try write(
                Self.header(Entry(path: "PaxHeaders.0/entry", kind: .file, mode: 0o644, size: UInt64(content.count)), typeFlag: UInt8(ascii: "x")))
            try write(content)
            try pad(content.count)
        }
        var fitting = entry
        if isLongPath { fitting.path = String(decoding: entry.path.utf8.suffix(100), as: UTF8.self) }
        if isLarge { fitting.size = 0 }
        try write(Self.header(fitting, typeFlag: entry.kind.rawValue))
    }

    func write(_ bytes: [UInt8]) throws(ContainerRuntimeError) {
        do {
            try bytes.withUnsafeBytes { try sink($0) }
        } catch let error as ContainerRuntimeError {
            throw error
        } catch {
            throw ContainerRuntimeError(.system, "\(error)")
        }
    }

    /// Fills up to the next block after that many bytes of content.
    func pad(_ size: Int) throws(ContainerRuntimeError) {
        let excess = size % 512
        if excess > 0 { try write([UInt8](repeating: 0, count: 512 - excess)) }
    }

    /// Two empty blocks end an archive.
    func finish() throws(ContainerRuntimeError) {
        try write([UInt8](repeating: 0, count: 1024))
    }

    // MARK: - Header

    private static func header(_ entry: Entry, typeFlag: UInt8) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int, width: Int) {
            for (index, byte) in text.utf8.prefix(width).enumerated() { block[offset + index] = byte }
        }
        func put(octal number: UInt64, at offset: Int, width: Int) {
            let digits = String(number, radix: 8)
            put(String(repeating: "0", count: max(0, width - 1 - digits.utf8.count)) + digits, at: offset, width: width - 1)
        }
        let (prefix, name) = split(entry.path) ?? ("", entry.path)
        put(name, at: 0, width: 100)
        put(octal: UInt64(entry.mode & 0o7777), at: 100, width: 8)
        put(octal: 0, at: 108, width: 8)  // user
        put(octal: 0, at: 116, width: 8)  // group
        put(octal: entry.size, at: 124, width: 12)
        put(octal: 0, at: 136, width: 12)  // time
        put("        ", at: 148, width: 8)  // the checksum counts as blanks
        block[156] = typeFlag
        put(entry.linkTarget, at: 157, width: 100)
        put("ustar\u{0}00", at: 257, width: 8)
        put(octal: UInt64(entry.device.major), at: 329, width: 8)
        put(octal: UInt64(entry.device.minor), at: 337, width: 8)
        put(prefix, at: 345, width: 155)
        let sum = block.reduce(0) { $0 + UInt64($1) }
        put(octal: sum, at: 148, width: 7)
        block[154] = 0
        block[155] = UInt8(ascii: " ")
        return block
    }

    /// A path in the two fields that a header has for it; nil if it does not fit.
    private static func split(_ path: String) -> (prefix: String, name: String)? {
        let bytes = Array(path.utf8)
        if bytes.count <= 100 { return ("", path) }
        guard bytes.count <= 256 else { return nil }
        for index in stride(from: min(155, bytes.count - 2), through: max(1, bytes.count - 101), by: -1) where bytes[index] == UInt8(ascii: "/") {
            return (String(decoding: bytes[..<index], as: UTF8.self), String(decoding: bytes[(index + 1)...], as: UTF8.self))
        }
        return nil
    }

    /// `<length> <key>=<value>\n`, where the length counts itself.
    private static func paxRecord(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while "\(length)".utf8.count + rest.utf8.count != length { length = "\(length)".utf8.count + rest.utf8.count }
        return "\(length)\(rest)"
    }
}
