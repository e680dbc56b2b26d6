import Glibc

/// What this machine, or the container that we run in, lets us do.
enum HostAbilities {
    /// Whether processes may be given a lower OOM score than ours (CAP_SYS_RESOURCE).
    static var canLowerOOMScore: Bool { has(capability: 24, in: Files.text("/proc/self/status") ?? "") }

    static func has(capability number: Int, in status: String) -> Bool {
        for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
            let digits = line.dropFirst("CapEff:".count).drop { $0 == "\t" || $0 == " " }
            return (UInt64(digits, radix: 16) ?? 0) >> UInt64(number) & 1 == 1
        }
        return false
    }

    /// Whether file systems can be overlaid in this folder. Tried, because neither the kernel's version nor the file system's name tells.
    static func canOverlay(in directory: String) -> Bool {
        let trial = "\(directory)/overlay-trial"
        let folders = ["lower", "upper", "work", "merged"].map { "\(trial)/\($0)" }
        defer { try? Files.removeTree(trial) }
        do {
            for folder in folders { try Files.makeDirectory(folder) }
        } catch {
            return false
        }
        let options = "lowerdir=\(folders[0]),upperdir=\(folders[1]),workdir=\(folders[2])"
        guard options.withCString({ mount("overlay", folders[3], "overlay", 0, $0) }) == 0 else { return false }
        return umount2(folders[3], 0) == 0
    }

    /// Changes with every start of the machine.
    static var bootID: String { Files.text("/proc/sys/kernel/random/boot_id") ?? "" }
}
