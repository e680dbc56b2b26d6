@testable import ContainerRuntime
import Glibc
import Logging
import Testing

/// A folder for one test, and what tests do with files.
struct Workplace {
    let path: String

    init() throws {
        var template = Array("/tmp/apus-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw ContainerRuntimeError(.system, "no temporary directory") }
        path = String(cString: made)
    }

    /// Runs a test in a folder, which is gone afterwards.
    static func with<Result>(_ body: (Workplace) async throws -> Result) async throws -> Result {
        let workplace = try Workplace()
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(workplace)) } catch { result = .failure(error) }
        _ = try await Program.run("/bin/rm", ["-rf", "--one-file-system", workplace.path])
        #expect(!Files.exists(workplace.path), "left behind: \(workplace.path)")
        return try result.get()
    }

    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws -> String {
        let target = "\(path)/\(name)"
        if let slash = target.lastIndex(of: "/") { try Files.makeDirectory(String(target[..<slash]), mode: 0o755) }
        try Files.write(text.utf8, to: target, mode: mode)
        chmod(target, mode)
        return target
    }

    /// Busybox as an image's content: `/bin/busybox` and the commands that tests use.
    func makeBusyboxFolder(_ name: String = "busybox") throws -> String {
        let folder = "\(path)/\(name)"
        try Files.makeDirectory("\(folder)/bin", mode: 0o755)
        try Files.makeDirectory("\(folder)/tmp", mode: 0o755)
        try Files.write(try Files.read("/bin/busybox"), to: "\(folder)/bin/busybox", mode: 0o755)
        for command in ["sh", "echo", "sleep", "cat", "false", "httpd"] { symlink("busybox", "\(folder)/bin/\(command)") }
        return folder
    }
}

/// What a test of real containers needs of the machine.
enum Machine {
    /// Why containers can't be run here; nil if they can.
    static let obstacle: String? = {
        if geteuid() != 0 { return "needs root" }
        for program in ["containerd", "runc", "ctr"] where Program.find(program) == nil { return "needs \(program)" }
        if !Files.exists("/bin/busybox") { return "needs /bin/busybox (Debian: busybox-static)" }
        return nil
    }()

    static var runsContainers: Bool { obstacle == nil }
    static let comment = Comment(rawValue: "real containers: \(obstacle ?? "possible")")
}

/// A containerd of a test's own, with a client, which leaves nothing behind.
struct TestContainerd: Sendable {
    let containerd: Containerd
    let runtime: CRIRuntime
    let workplace: Workplace

    static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func with(_ body: @escaping @Sendable (TestContainerd) async throws -> Void) async throws {
        try await Workplace.with { workplace in
            let containerd = Containerd(.init(dataDirectory: workplace.path), log: log)
            let outcome: Swift.Result<Void, any Error>
            do {
                try await containerd.start()
                let runtime = try CRIRuntime(socket: containerd.socket)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await runtime.run() }
                    try await body(TestContainerd(containerd: containerd, runtime: runtime, workplace: workplace))
                    group.cancelAll()
                }
                outcome = .success(())
            } catch {
                outcome = .failure(error)
            }
            try await Containerd.reset(dataDirectory: workplace.path, log: log)
            removeCgroups(of: workplace)
            #expect(Mount.below(workplace.path).isEmpty)
            #expect(!Files.exists(containerd.layout.directory))
            #expect(try Containerd.processes { $0.contains { $0.contains(workplace.path) } }.isEmpty)
            try outcome.get()
        }
    }

    /// The parent of a test's cgroups, which is not containerd's to remove.
    var cgroupParent: String { "/" + (workplace.path.split(separator: "/").last ?? "apus-test") }

    private static func removeCgroups(of workplace: Workplace) {
        let name = workplace.path.split(separator: "/").last ?? ""
        for controller in (try? Files.names(in: "/sys/fs/cgroup")) ?? [] { rmdir("/sys/fs/cgroup/\(controller)/\(name)") }
        rmdir("/sys/fs/cgroup/\(name)")
    }

    /// A pod on the machine's own network, so that no CNI is needed.
    func pod(_ name: String) -> CRIPodSandboxConfig {
        .with {
            $0.metadata.name = name
            $0.metadata.uid = "uid-\(name)"
            $0.metadata.namespace = "default"
            $0.logDirectory = "\(workplace.path)/logs/\(name)"
            $0.labels = ["app": name]
            $0.linux.cgroupParent = cgroupParent
            $0.linux.securityContext.namespaceOptions.network = .node
            $0.linux.securityContext.namespaceOptions.pid = .container
        }
    }

    func container(_ name: String, image: String = "apus.local/busybox:1", _ command: [String]) -> CRIContainerConfig {
        .with {
            $0.metadata.name = name
            $0.image.image = image
            $0.command = command
            $0.logPath = "\(name).log"
            $0.linux.securityContext.namespaceOptions.network = .node
            $0.linux.securityContext.namespaceOptions.pid = .container
        }
    }

    /// Packs busybox and brings it in as `apus.local/busybox:1`.
    func importBusybox() async throws {
        _ = try await containerd.imageStore().pack(folder: workplace.makeBusyboxFolder(), .init(names: ["apus.local/busybox:1"]))
    }

    /// Starts a container in a new pod; returns the ids of both.
    func start(
        _ name: String, _ command: [String], image: String = "apus.local/busybox:1"
    ) async throws -> (sandbox: String, container: String) {
        let pod = pod(name)
        let sandbox = try await runtime.runPodSandbox(pod, handler: "")
        let container = try await runtime.createContainer(container("main", image: image, command), in: sandbox, pod)
        try await runtime.startContainer(container)
        return (sandbox, container)
    }

    /// Waits until a condition holds that the runtime tells no event of.
    func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            guard ContinuousClock.now < deadline else {
                Issue.record("did not happen: \(what)")
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
