import Glibc
import Logging
import Synchronization

/// A containerd of our own, with everything it keeps below the data directory.
///
/// `start()` finds the one that still runs from before, or starts one; `run()` watches over it. Containers belong to their shims and live on
/// when containerd or Apus ends, however that comes about.
public final class Containerd: Sendable {
    public struct Configuration: Sendable {
        /// Apus's data directory; containerd's own is in it, and its mounts are made shared.
        public var dataDirectory: String

        /// The image of the process that holds a pod's namespaces; packed and imported if it is ours and not there.
        public var sandboxImage = PauseImage.name

        /// Where the CNI plugins are; Debian's `containernetworking-plugins` puts them here.
        public var cniBinaryDirectory = "/usr/lib/cni"

        /// `warn` by default: `info` writes a line for every call.
        public var logLevel = "warn"

        /// How long containerd may take to answer after it was started.
        public var startTimeout: Duration = .seconds(60)

        public init(dataDirectory: String) {
            self.dataDirectory = dataDirectory
        }
    }

    public let configuration: Configuration
    public let layout: ContainerdLayout
    let log: Logger

    struct State: Sendable {
        var process: RunningProcess?
        var isStopping = false
    }

    let state = Mutex(State())

    public init(_ configuration: Configuration, log: Logger) {
        self.configuration = configuration
        layout = ContainerdLayout(dataDirectory: configuration.dataDirectory)
        self.log = log
    }

    /// The socket to open a `CRIRuntime` with.
    public var socket: String { layout.socket }

    /// Images of this containerd.
    public func imageStore() throws(ContainerRuntimeError) -> ImageStore {
        try ImageStore(socket: layout.socket)
    }

    var snapshotter: String { HostAbilities.canOverlay(in: layout.directory) ? "overlayfs" : "native" }

    /// The process id of the containerd that was started or found.
    public var processID: Int32? { state.withLock { $0.process?.id } }

    // MARK: - Starting

    /// Makes sure that a containerd with our configuration runs and answers, and that the sandbox image is there.
    public func start() async throws(ContainerRuntimeError) {
        let programs = try ContainerdPrograms.find()
        let isNewConfiguration = try prepareDirectories(programs)
        state.withLock { $0.isStopping = false }
        if let running = try Self.findRunning(layout) {
            if !isNewConfiguration, await answers(within: .seconds(10)) {
                log.info("containerd runs already", metadata: ["pid": "\(running.id)"])
                state.withLock { $0.process = running }
                return try await ensureSandboxImage()
            }
            log.info("ending a containerd that has an old configuration or does not answer", metadata: ["pid": "\(running.id)"])
            await running.terminate(within: .seconds(10))
        }
        let process = try launch(programs)
        state.withLock { $0.process = process }
        try await waitUntilReady(process)
        try await ensureSandboxImage()
        log.info("containerd started", metadata: ["pid": "\(process.id)"])
    }

    /// Writes what containerd reads at its start. Returns whether its configuration is another than before.
    private func prepareDirectories(_ programs: ContainerdPrograms) throws(ContainerRuntimeError) -> Bool {
        guard layout.socket.utf8.count <= 100 else {
            throw ContainerRuntimeError(
                .invalidArgument,
                "the path of the data directory is too long: a socket's path can have about 100 bytes, and \(layout.socket) has \(layout.socket.utf8.count)"
            )
        }
        for directory in [layout.directory, layout.root, layout.cniConfigurationDirectory, layout.registriesDirectory] {
            try Files.makeDirectory(directory)
        }
        try SharedMountTree.ensure(at: configuration.dataDirectory)
        try forgetStateOfEarlierBoot()
        try Files.makeDirectory(layout.state, mode: 0o711)
        let config = ContainerdConfig(
            layout: layout, sandboxImage: configuration.sandboxImage, cniBinaryDirectory: configuration.cniBinaryDirectory, runc: programs.runc,
            logLevel: configuration.logLevel, snapshotter: snapshotter, restrictsOOMScore: !HostAbilities.canLowerOOMScore)
        if Files.text(layout.config) == config.text { return false }
        try Files.write(config.text.utf8, to: layout.config)
        return true
    }

    /// After a restart of the machine nothing in `state` is true any more; a power cut may even have left it half-written.
    private func forgetStateOfEarlierBoot() throws(ContainerRuntimeError) {
        let boot = HostAbilities.bootID
        if Files.text(layout.bootID) == boot { return }
        if Files.exists(layout.state), Mount.below(layout.state).isEmpty, try Self.findRunning(layout) == nil {
            try Files.removeTree(layout.state)
        }
        try Files.write(boot.utf8, to: layout.bootID)
    }

    private func launch(_ programs: ContainerdPrograms) throws(ContainerRuntimeError) -> RunningProcess {
        unlink(layout.socket)
        var status = stat()
        if stat(layout.log, &status) == 0, status.st_size > 16 << 20 { rename(layout.log, layout.log + ".old") }
        let output = open(layout.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw .system("can't write \(layout.log)") }
        defer { close(output) }
        let process = try Program.spawn(
            programs.containerd, ["--config", layout.config], environment: programs.environment, output: output)
        return try RunningProcess(process, isChild: true)
    }

    // MARK: - Supervision

    /// Starts containerd anew whenever it ends, sooner at first and later when it keeps ending. Returns when the task is cancelled or after
    /// `stop`; containerd itself goes on in the first case.
    public func run() async throws {
        var delay = Duration.milliseconds(100)
        while let process = state.withLock({ $0.process }) {
            let started = ContinuousClock.now
            guard await process.ended(), !Task.isCancelled, !state.withLock({ $0.isStopping }) else { return }
            if started.duration(to: .now) > .seconds(60) { delay = .milliseconds(100) }
            repeat {
                log.error("containerd has ended; starting it again", metadata: ["delay": "\(delay)", "log": "\(layout.log)"])
                do { try await Task.sleep(for: delay) } catch { return }
                delay = min(delay * 2, .seconds(10))
            } while await !restart()
        }
    }

    private func restart() async -> Bool {
        do {
            try await start()
            return true
        } catch {
            log.error("containerd did not start", metadata: ["error": "\(error)"])
            return Task.isCancelled
        }
    }
}
