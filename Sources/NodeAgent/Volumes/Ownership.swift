import Glibc

/// Hands a volume to a pod's `fsGroup`: the group may read and write everything, and what is made later belongs to it too.
enum Ownership {
    static func give(_ path: String, toGroup group: Int, isReadOnly: Bool = false) throws {
        var info = stat()
        guard lstat(path, &info) == 0 else { throw SystemError("stat", path) }
        let kind = info.st_mode & S_IFMT
        if kind == S_IFLNK {
            try File.setOwner(path, group: group)
            return
        }
        try File.setOwner(path, group: group)
        var mode = info.st_mode & 0o7777 | (isReadOnly ? 0o440 : 0o660)
        if kind == S_IFDIR { mode |= 0o2110 }
        try File.setMode(path, mode)
        guard kind == S_IFDIR else { return }
        for name in try File.names(in: path) { try give("\(path)/\(name)", toGroup: group, isReadOnly: isReadOnly) }
    }
}
