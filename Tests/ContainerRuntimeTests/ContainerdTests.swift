@testable import ContainerRuntime
import Glibc
import FoundationEssentials
import Testing

@Suite(.serialized, .enabled(if: Machine.runsContainers, Machine.comment), .timeLimit(.minutes(1)))
struct `A containerd of our own` {
    @Test func `runs a pod whose output, exit code and commands can be had`() async throws {
        try await TestContainerd.with { test in
            try await test.importBusybox()
            let runtime = test.runtime
            #expect(try await runtime.version().runtimeName == "containerd")
            let (sandbox, container) = try await test.start("hello", ["/bin/sh", "-c", "echo hello; echo oops >&2; exec sleep 1000"])
            #expect(try await runtime.podSandboxStatus(sandbox).state == .sandboxReady)
            #expect(try await runtime.containerStatus(container).state == .containerRunning)

            let log = "\(test.workplace.path)/logs/hello/main.log"
            try await test.eventually("two lines in the log") { (Files.text(log) ?? "").split(separator: "\n").count == 2 }
            let lines = (Files.text(log) ?? "").split(separator: "\n")
            #expect(lines.contains { $0.hasSuffix(" stdout F hello") })
            #expect(lines.contains { $0.hasSuffix(" stderr F oops") })

            let answer = try await runtime.execSync(container, ["/bin/sh", "-c", "echo out; echo err >&2; exit 7"], timeout: .seconds(10))
            #expect(answer.stdout == Data("out\n".utf8))
            #expect(answer.stderr == Data("err\n".utf8))
            #expect(answer.exitCode == 7)

            try await runtime.stopContainer(container, gracePeriod: .zero)
            let status = try await runtime.containerStatus(container)
            #expect(status.state == .containerExited)
            #expect(status.exitCode == 137)
            try await runtime.removeContainer(container)
            await #expect { try await runtime.containerStatus(container) } throws: { ($0 as? ContainerRuntimeError)?.isNotFound == true }
            try await runtime.stopPodSandbox(sandbox)
            try await runtime.removePodSandbox(sandbox)
            #expect(try await runtime.podSandboxes().isEmpty)
        }
    }

    @Test func `answers any number of calls, though HTTP/2 gives up a connection after a few hundred`() async throws {
        try await TestContainerd.with { test in
            for _ in 0..<1000 { _ = try await test.runtime.imageStatus(.with { $0.image = PauseImage.name }) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<1000 { group.addTask { _ = try await test.runtime.podSandboxes() } }
                try await group.waitForAll()
            }
        }
    }

    @Test func `ends a command that takes too long`() async throws {
        try await TestContainerd.with { test in
            try await test.importBusybox()
            let (_, container) = try await test.start("slow", ["/bin/sleep", "1000"])
            await #expect {
                try await test.runtime.execSync(container, ["/bin/sleep", "1000"], timeout: .seconds(1))
            } throws: {
                ($0 as? ContainerRuntimeError)?.code == .deadlineExceeded
            }
        }
    }

    @Test func `tells of a container's end at once`() async throws {
        try await TestContainerd.with { test in
            try await test.importBusybox()
            let runtime = test.runtime
            let (events, sink) = AsyncStream<ContainerEvent>.makeStream(bufferingPolicy: .bufferingNewest(100))
            let listening = Task {
                do throws(ContainerRuntimeError) { try await runtime.events { sink.yield($0) } } catch  where error.code != .cancelled {
                    Issue.record(error)
                }
                sink.finish()
            }
            defer { listening.cancel() }
            var next = events.makeAsyncIterator()
            #expect(await next.next() == .subscribed)
            let (sandbox, container) = try await test.start("short", ["/bin/false"])
            var heard: [ContainerEvent] = []
            while let event = await next.next() {
                heard.append(event)
                if event == .stopped(id: container) { break }
            }
            #expect(heard.contains(.started(id: sandbox)))
            #expect(heard.contains(.started(id: container)))
            try await test.eventually("the exit code is known") { try await runtime.containerStatus(container).state == .containerExited }
            #expect(try await runtime.containerStatus(container).exitCode == 1)
        }
    }

    @Test func `keeps containers running when it is killed, and knows them again`() async throws {
        try await TestContainerd.with { test in
            try await test.importBusybox()
            let (sandbox, container) = try await test.start("lasting", ["/bin/sleep", "1000"])
            let before = try await test.runtime.containerStatus(container)
            let watching = Task { try await test.containerd.run() }
            let first = try #require(test.containerd.processID)
            kill(first, SIGKILL)
            try await test.eventually("another containerd answers") {
                guard test.containerd.processID != first else { return false }
                return (try? await test.runtime.version()) != nil
            }
            try await test.eventually("the container is known again") {
                try await test.runtime.containerStatus(container).state == .containerRunning
            }
            #expect(try await test.runtime.containerStatus(container).startedAt == before.startedAt)
            #expect(try await test.runtime.podSandboxStatus(sandbox).state == .sandboxReady)
            #expect(try await test.runtime.execSync(container, ["/bin/echo", "alive"], timeout: .seconds(10)).stdout == Data("alive\n".utf8))
            watching.cancel()
            try await watching.value
        }
    }

    @Test func `is found again by the next Apus, and replaced only when its configuration changed`() async throws {
        try await TestContainerd.with { test in
            try await test.importBusybox()
            let (_, container) = try await test.start("lasting", ["/bin/sleep", "1000"])
            let first = test.containerd.processID

            let next = Containerd(test.containerd.configuration, log: TestContainerd.log)
            try await next.start()
            #expect(next.processID == first)

            var configuration = test.containerd.configuration
            configuration.cniBinaryDirectory = "/opt/cni/bin"
            let changed = Containerd(configuration, log: TestContainerd.log)
            try await changed.start()
            #expect(changed.processID != first)
            #expect(try await test.runtime.containerStatus(container).state == .containerRunning)
        }
    }

    @Test func `leaves pods alone when it stops, unless they are to be removed`() async throws {
        try await TestContainerd.with { test in
            try await test.importBusybox()
            let (_, container) = try await test.start("lasting", ["/bin/sleep", "1000"])
            try await test.containerd.stop(removingPods: false)
            try await test.containerd.start()
            #expect(try await test.runtime.containerStatus(container).state == .containerRunning)
            try await test.containerd.stop(removingPods: true)
            #expect(try Containerd.processes { $0.contains(test.containerd.socket) }.isEmpty)
            try await test.containerd.start()
            #expect(try await test.runtime.podSandboxes().isEmpty)
        }
    }

    @Test func `is removed with its containers even if it does not start any more`() async throws {
        try await TestContainerd.with { test in
            try await test.importBusybox()
            _ = try await test.start("orphan", ["/bin/sleep", "1000"])
            try await test.containerd.stop(removingPods: false)
            // Containerd can't open its database; what follows is the reset of every test here.
            try test.workplace.write("not a database", to: "containerd/root/io.containerd.metadata.v1.bolt/meta.db")
        }
    }

    @Test func `says what is wrong when the path of its socket is too long`() async throws {
        let containerd = Containerd(.init(dataDirectory: "/tmp/" + String(repeating: "x", count: 100)), log: TestContainerd.log)
        await #expect { try await containerd.start() } throws: { "\($0)".contains("too long") }
    }
}
