@testable import ContainerRuntime
import Glibc
import Testing

@Suite(.timeLimit(.minutes(1)))
struct `The pause program` {
    /// Starts it, and gives it to the test while it runs.
    func running(_ body: (RunningProcess) async throws -> Void) async throws {
        try await Workplace.with { workplace in
            let path = "\(workplace.path)/pause"
            try Files.write(PauseProgram.bytes(for: PauseImage.hostMachine), to: path, mode: 0o755)
            let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
            defer { close(null) }
            let process = try RunningProcess(try Program.spawn(path, [], environment: [:], output: null), isChild: true)
            defer { process.signal(SIGKILL) }
            try await body(process)
        }
    }

    /// Before it has blocked its signals it would just die of them.
    func waitsForSignals(_ process: RunningProcess) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            // The number of rt_sigtimedwait, on both machines.
            let call = Files.text("/proc/\(process.id)/syscall")?.split(separator: " ").first
            if call == (PauseImage.hostMachine == .x86_64 ? "128" : "137") { return }
            try await Task.sleep(for: .milliseconds(1))
        }
        Issue.record("it does not wait")
    }

    @Test(arguments: [SIGTERM, SIGINT]) func `ends when it is told to`(signal: Int32) async throws {
        try await running { process in
            try await waitsForSignals(process)
            process.signal(signal)
            #expect(await process.ended(within: .seconds(10)))
        }
    }

    @Test func `waits on when a signal does not concern it`() async throws {
        try await running { process in
            try await waitsForSignals(process)
            process.signal(SIGCHLD)
            process.signal(SIGCONT)
            try await waitsForSignals(process)
            #expect(!process.hasEnded)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "a process namespace needs root")) func `takes in orphans as process 1`() async throws {
        try await Workplace.with { workplace in
            try Files.write(PauseProgram.bytes(for: PauseImage.hostMachine), to: "\(workplace.path)/pause", mode: 0o755)
            // A child is left to pause, which becomes process 1 by exec; when it has ended, no zombie may remain beside pause.
            let script = """
                (sleep 0.05 & ) ; exec "$0"
                """
            let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
            defer { close(null) }
            let unshare = try #require(Program.find("unshare"))
            let environment = ["PATH": "/usr/bin:/bin"]
            let process = try RunningProcess(
                try Program.spawn(
                    unshare, ["--pid", "--fork", "--kill-child", "/bin/sh", "-c", script, "\(workplace.path)/pause"], environment: environment,
                    output: null),
                isChild: true)
            defer { process.signal(SIGKILL) }
            let deadline = ContinuousClock.now + .seconds(10)
            var pause: pid_t?
            while pause == nil, ContinuousClock.now < deadline {
                pause = try Containerd.processes { $0 == ["\(workplace.path)/pause"] }.first
                try await Task.sleep(for: .milliseconds(1))
            }
            let id = try #require(pause)
            func children() -> String { Files.text("/proc/\(id)/task/\(id)/children") ?? "" }
            while !children().isEmpty, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
            #expect(children().isEmpty)
        }
    }

    @Test func `is small`() {
        #expect(PauseProgram.bytes(for: .x86_64).count < 300)
        #expect(PauseProgram.bytes(for: .arm64).count < 320)
    }
}
