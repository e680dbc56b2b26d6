import Glibc

extension Containerd {
    /// The containerd that was started with our configuration and still runs, by what `/proc` tells of every process.
    static func findRunning(_ layout: ContainerdLayout) throws(ContainerRuntimeError) -> RunningProcess? {
        try processes { $0.count == 3 && $0[0].hasSuffix("/containerd") && $0[1] == "--config" && $0[2] == layout.config }
            .first.flatMap { id in try? RunningProcess(id, isChild: false) }
    }

    /// The ids of the processes whose argument vectors match.
    static func processes(_ matches: ([String]) -> Bool) throws(ContainerRuntimeError) -> [pid_t] {
        try Files.names(in: "/proc").compactMap { pid_t($0) }.filter { id in
            guard let bytes = try? Files.read("/proc/\(id)/cmdline"), !bytes.isEmpty else { return false }
            let arguments = bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map { String(decoding: $0, as: UTF8.self) }
            return matches(arguments)
        }
    }

    /// Waits until the process takes calls; it writes what is in its way to its log.
    func waitUntilReady(_ process: RunningProcess) async throws(ContainerRuntimeError) {
        let deadline = ContinuousClock.now + configuration.startTimeout
        while !canConnect() {
            if process.hasEnded { throw failedStart("containerd ended at its start") }
            if ContinuousClock.now > deadline { throw failedStart("containerd did not open its socket in \(configuration.startTimeout)") }
            try await pause(.milliseconds(5))
        }
        guard await answers(within: deadline - .now) else { throw failedStart("containerd did not answer in \(configuration.startTimeout)") }
    }

    /// Whether its CRI answers. Right after its start it refuses calls until it knows its containers again.
    func answers(within time: Duration) async -> Bool {
        let deadline = ContinuousClock.now + time
        return await withRuntime { runtime throws(ContainerRuntimeError) in
            while true {
                do throws(ContainerRuntimeError) {
                    _ = try await runtime.status(verbose: false)
                    return true
                } catch  where error.code == .unavailable && ContinuousClock.now < deadline {
                    try await self.pause(.milliseconds(5))
                } catch {
                    return false
                }
            }
        } ?? false
    }

    /// A client of our containerd for a few calls; nil if they failed.
    func withRuntime<Result: Sendable>(
        deadline: Duration = .seconds(10), _ body: @escaping @Sendable (CRIRuntime) async throws(ContainerRuntimeError) -> Result
    ) async -> Result? {
        var deadlines = CRIRuntime.Deadlines()
        deadlines.standard = deadline
        deadlines.sandbox = max(deadline, .seconds(60))
        return try? await CRIRuntime(socket: layout.socket, deadlines: deadlines).serving(body)
    }

    /// Packs and imports the image of sandboxes if it is ours and not there.
    func ensureSandboxImage() async throws(ContainerRuntimeError) {
        guard configuration.sandboxImage == PauseImage.name else { return }
        let found = await withRuntime { runtime throws(ContainerRuntimeError) in
            try await runtime.imageStatus(.with { $0.image = PauseImage.name }) != nil
        }
        if found == true { return }
        let archive = "\(layout.directory)/pause.tar"
        defer { unlink(archive) }
        _ = try PauseImage.pack(to: archive)
        _ = try await imageStore().importArchive(archive)
    }

    private func pause(_ time: Duration) async throws(ContainerRuntimeError) {
        do {
            try await Task.sleep(for: time)
        } catch {
            throw ContainerRuntimeError(.cancelled, "containerd's start was cancelled", cause: error)
        }
    }

    private func canConnect() -> Bool {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            for (index, byte) in layout.socket.utf8.prefix(path.count - 1).enumerated() { path[index] = byte }
        }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
        }
    }

    /// An error with the end of containerd's log, which usually names the reason.
    private func failedStart(_ what: String) -> ContainerRuntimeError {
        let lines = (Files.text(layout.log) ?? "").split(separator: "\n").suffix(3).joined(separator: "\n")
        return ContainerRuntimeError(.unavailable, lines.isEmpty ? what : "\(what); the end of \(layout.log):\n\(lines)")
    }
}
