import Foundation

/// Whether a port can be listened on, asked before anything is written.
enum PortCheck {
    /// Throws one line that says who has the port, where that can be known.
    /// - Parameter option: how another one is chosen, such as `choose another with --port`.
    static func check(_ port: Int, on address: String, option: String) throws {
        guard let failure = bindFailure(port, address) else { return }
        switch failure {
        case EADDRINUSE:
            let who = PortOwner.find(port).map { "\($0.name) (pid \($0.pid))" } ?? "another program"
            throw Failure("port \(port) is taken by \(who): stop it, or \(option)")
        case EACCES: throw Failure("port \(port) is for root only: run it with sudo, or \(option)")
        case EADDRNOTAVAIL: throw Failure("\(address) is no address of this machine: choose one that is with --bind-address")
        default: throw Failure("cannot listen on \(address):\(port): \(String(cString: strerror(failure)).lowercased())")
        }
    }

    /// The error of an attempt to listen; nil where it worked.
    private static func bindFailure(_ port: Int, _ address: String) -> Int32? {
        var hints = addrinfo()
        (hints.ai_socktype, hints.ai_flags) = (Int32(SOCK_STREAM.rawValue), AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &found) == 0, let info = found?.pointee else { return EADDRNOTAVAIL }
        defer { freeaddrinfo(found) }
        let descriptor = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, 1) == 0 else { return errno }
        return nil
    }
}

/// Finds the process that listens on a port: the socket's inode in `/proc/net/tcp`, then whose descriptor that is.
enum PortOwner {
    /// The kernel tells its tables in pieces: while much comes and goes, a line may be missed, so who is not found is looked for again.
    static func find(_ port: Int) -> (name: String, pid: Int)? {
        for _ in 0..<5 { if let owner = look(port) { return owner } }
        return nil
    }

    private static func look(_ port: Int) -> (name: String, pid: Int)? {
        let inodes = Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeningInodes($0, port) })
        guard !inodes.isEmpty, let processes = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return nil }
        for pid in processes.compactMap(Int.init).sorted() {
            let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
            for descriptor in descriptors {
                guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(descriptor)"),
                    target.hasPrefix("socket:["), inodes.contains(String(target.dropFirst(8).dropLast()))
                else { continue }
                let name = (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.filter { $0 != "\n" } ?? "a program"
                return (name, pid)
            }
        }
        return nil
    }

    private static func listeningInodes(_ path: String, _ port: Int) -> [String] {
        let table = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            // Local address `HEX:PORT`, state 0A is LISTEN, the tenth field is the inode.
            guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":") else { return nil }
            return Int(fields[1][fields[1].index(after: colon)...], radix: 16) == port ? String(fields[9]) : nil
        }
    }
}
