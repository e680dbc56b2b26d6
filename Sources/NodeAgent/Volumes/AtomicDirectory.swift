import Glibc
import ObjectModel

/// A folder of files that all change at once: readers see the old set or the new one, never a mixture.
///
/// The files lie in a folder named after the time; `..data` leads to it, and each visible name leads through `..data`. A change writes a new folder and
/// swaps one link. This is upstream's layout, and applications that watch for changes count on it.
struct AtomicDirectory {
    struct Content: Sendable, Equatable {
        var bytes: [UInt8]
        var mode: mode_t
        /// Who the file belongs to; root where nil.
        var user: Int?
    }

    let path: String

    private static let link = "..data"

    /// Makes the folder hold exactly `files`, by path below it. Returns whether anything changed.
    @discardableResult func write(_ files: [String: Content], group: Int? = nil, now: Timestamp) throws -> Bool {
        try File.makeDirectory(path)
        let current = File.linkTarget("\(path)/\(Self.link)")
        if let current, holds(files, in: "\(path)/\(current)", group: group) {
            try linkNames(files)
            return false
        }
        let fresh = Self.name(now)
        try writeAll(files, into: "\(path)/\(fresh)", group: group)
        try? File.removeFile("\(path)/\(Self.link)_tmp")
        try File.link("\(path)/\(Self.link)_tmp", to: fresh)
        try File.rename("\(path)/\(Self.link)_tmp", to: "\(path)/\(Self.link)")
        try linkNames(files)
        if let current, current != fresh { try File.removeTree("\(path)/\(current)") }
        return true
    }

    // MARK: Parts

    /// `..2026_01_02_15_04_05.123456789`
    private static func name(_ now: Timestamp) -> String {
        let date = now.rfc3339.dropLast().map { $0 == "-" || $0 == "T" || $0 == ":" ? "_" : $0 }
        let nanoseconds = String(now.nanoseconds - now.seconds * 1_000_000_000)
        return "..\(String(date)).\(String(repeating: "0", count: 9 - nanoseconds.count))\(nanoseconds)"
    }

    private func writeAll(_ files: [String: Content], into folder: String, group: Int?) throws {
        try File.makeDirectory(folder, mode: 0o755)
        if let group { try own(folder, group: group, mode: 0o2755) }
        for (name, content) in files.sorted(by: { $0.key < $1.key }) {
            let file = "\(folder)/\(name)"
            try makeParents(of: name, in: folder, group: group)
            try File.write(content.bytes, to: file, mode: mode(content, group: group))
            if group != nil || content.user != nil { try File.setOwner(file, user: content.user ?? -1, group: group ?? -1) }
            // Changing the owner clears bits.
            try File.setMode(file, mode(content, group: group))
        }
    }

    private func mode(_ content: Content, group: Int?) -> mode_t { group == nil ? content.mode : content.mode | 0o440 }

    private func own(_ folder: String, group: Int, mode: mode_t) throws {
        try File.setOwner(folder, group: group)
        try File.setMode(folder, mode)
    }

    private func makeParents(of name: String, in folder: String, group: Int?) throws {
        var path = folder
        for part in name.split(separator: "/").dropLast() {
            path += "/\(part)"
            guard !File.exists(path) else { continue }
            try File.makeDirectory(path)
            if let group { try own(path, group: group, mode: 0o2755) }
        }
    }

    /// Whether the current set is this one already, modes and owners included.
    private func holds(_ files: [String: Content], in folder: String, group: Int?) -> Bool {
        var count = 0
        for (name, content) in files {
            var info = stat()
            let file = "\(folder)/\(name)"
            guard stat(file, &info) == 0, info.st_mode & 0o7777 == mode(content, group: group), info.st_size == content.bytes.count,
                group == nil || info.st_gid == gid_t(group ?? 0), (try? File.read(file)) == content.bytes
            else { return false }
            count += 1
        }
        return count == Self.count(in: folder)
    }

    private static func count(in folder: String) -> Int {
        ((try? File.names(in: folder)) ?? []).reduce(0) { total, name in
            (try? File.kind("\(folder)/\(name)", followingLinks: false)) == .directory ? total + count(in: "\(folder)/\(name)") : total + 1
        }
    }

    /// A link for each first part of a path; links whose files are gone go too.
    private func linkNames(_ files: [String: Content]) throws {
        let wanted = Set(files.keys.compactMap { $0.split(separator: "/").first.map(String.init) })
        for name in try File.names(in: path) where !name.hasPrefix("..") && !wanted.contains(name) { try File.removeFile("\(path)/\(name)") }
        for name in wanted where File.linkTarget("\(path)/\(name)") == nil { try File.link("\(path)/\(name)", to: "\(Self.link)/\(name)") }
    }
}
