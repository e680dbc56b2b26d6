import ObjectModel

/// A path of the machine itself as a volume.
enum HostPath {
    /// Makes what the type says to make, and checks what it says to check.
    static func prepare(_ path: String, type: String) throws {
        switch type {
        case "DirectoryOrCreate":
            if try File.kind(path) == nil { try File.makeDirectory(path) }
            try expect(path, .directory, "a directory")
        case "FileOrCreate":
            if try File.kind(path) == nil { try File.write([], to: path) }
            try expect(path, .file, "a file")
        case "Directory": try expect(path, .directory, "a directory")
        case "File": try expect(path, .file, "a file")
        case "Socket": try expect(path, .socket, "a socket file")
        case "CharDevice": try expect(path, .characterDevice, "a character device")
        case "BlockDevice": try expect(path, .blockDevice, "a block device")
        default: break
        }
    }

    private static func expect(_ path: String, _ kind: File.Kind, _ words: String) throws {
        guard try File.kind(path) == kind else { throw ContainerConfigError("hostPath type check failed: \(path) is not \(words)") }
    }
}
