import Dispatch
import Glibc

/// Programs of the machine, found and run with an argument vector; no shell is involved.
enum Program {
    static let searchPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// Where a program is, in `PATH` or in the usual folders.
    static func find(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return (path.split(separator: ":").map(String.init) + searchPath).lazy.map { "\($0)/\(name)" }.first(where: Files.isExecutable)
    }

    /// What a program left when it ended.
    struct Outcome: Sendable {
        /// Its exit code, or 128 and the signal that ended it.
        var code: Int32
        /// What it wrote to standard output and standard error.
        var output: String
    }

    /// Runs a program to its end.
    static func run(_ path: String, _ arguments: [String], environment: [String: String] = [:]) async throws(ContainerRuntimeError) -> Outcome {
        var pipe: [Int32] = [-1, -1]
        guard Glibc.pipe(&pipe) == 0 else { throw .system("can't make a pipe") }
        let (output, input) = (pipe[0], pipe[1])
        _ = fcntl(output, F_SETFD, FD_CLOEXEC)
        let child: pid_t
        do {
            defer { close(input) }
            child = try spawn(path, arguments, environment: environment, output: input)
        } catch {
            close(output)
            throw error
        }
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = read(output, &buffer, buffer.count)
                    if count < 0 && errno == EINTR { continue }
                    if count <= 0 { break }
                    bytes.append(contentsOf: buffer[..<count])
                }
                close(output)
                continuation.resume(returning: Outcome(code: reap(child), output: String(decoding: bytes, as: UTF8.self)))
            }
        }
    }

    /// Starts a program in a session of its own, with nothing of ours but the given output, and returns its process id.
    static func spawn(_ path: String, _ arguments: [String], environment: [String: String], output: Int32) throws(ContainerRuntimeError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        GNU.closeFrom(&actions, 3)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | GNU.spawnInNewSession)

        let arguments: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        let variables: [UnsafeMutablePointer<CChar>?] = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, path, &actions, &attributes, arguments, variables)
        guard failure == 0 else { throw .system("can't run \(path)", failure) }
        return child
    }

    /// Waits for a child's end and takes its exit code.
    static func reap(_ child: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            if errno != EINTR { return -1 }
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
}

/// What glibc has and its Swift module hides, because it is not in POSIX.
enum GNU {
    /// `POSIX_SPAWN_SETSID`
    static let spawnInNewSession: Int16 = 0x80

    /// `posix_spawn_file_actions_addclosefrom_np` (glibc 2.34)
    static func closeFrom(_ actions: inout posix_spawn_file_actions_t, _ first: Int32) {
        typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
        _ = unsafeBitCast(symbol, to: Function.self)(&actions, first)
    }

    /// `pidfd_open` (glibc 2.36): a file that becomes readable when the process ends; -1 on failure.
    static func openProcess(_ process: pid_t) -> Int32 {
        typealias Function = @convention(c) (pid_t, UInt32) -> Int32
        guard let symbol = dlsym(nil, "pidfd_open") else { return -1 }
        return unsafeBitCast(symbol, to: Function.self)(process, 0)
    }
}
