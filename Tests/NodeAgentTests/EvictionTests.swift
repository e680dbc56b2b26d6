import ContainerRuntime
import ObjectModel
import Synchronization
import Testing

@testable import NodeAgent

@Suite struct `A node short of something` {
    private func candidate(_ name: String, priority: Int64, usage: Int64, request: Int64) -> EvictionOrder.Candidate {
        .init(pod: testPod(name, ["priority": .integer(priority), "containers": [["name": "main"]]]), usage: usage, request: request)
    }

    @Test func `ends first what uses more than it asked for, then by priority, then by how much more`() {
        let order = EvictionOrder.ranked([
            candidate("modest", priority: 0, usage: 50, request: 100), candidate("greedy", priority: 0, usage: 300, request: 100),
            candidate("important", priority: 10, usage: 900, request: 100), candidate("greedier", priority: 0, usage: 500, request: 100),
            candidate("critical", priority: 2_000_000_000, usage: 5_000, request: 0),
        ])
        #expect(order.map(\.pod.name) == ["greedier", "greedy", "important", "modest"])
    }

    @Test func `says what it was low on and who used it, as upstream`() {
        let reading = EvictionReading(signal: .memoryAvailable, available: 50 << 20, threshold: 100 << 20)
        #expect(
            EvictionOrder.message(reading, [("main", 200 << 20, 64 << 20), ("side", 1 << 20, 2 << 20)])
                == "The node was low on resource: memory. Threshold quantity: 100Mi, available: 51200Ki. "
                + "Container main was using 204800Ki, request is 64Mi, has larger consumption of memory. ")
    }

    @Test func `counts inodes and processes in tens, and names nobody who used them`() {
        let reading = EvictionReading(signal: .processesAvailable, available: 12_345, threshold: 32_000)
        #expect(
            EvictionOrder.message(reading, [("main", 200, 0)])
                == "The node was low on resource: pids. Threshold quantity: 32k, available: 12345. ")
        #expect(EvictionSignal.allCases.map(\.pressure) == [.memory, .disk, .disk, .disk, .disk, .pid])
    }

    @Test func `looks at images where they lie, and at the numbers of processes`() async throws {
        try await withTemporaryDirectory { root in
            try File.makeDirectory("\(root)/proc/sys/kernel")
            try File.write(Array("0.1 0.1 0.1 2/900 77\n".utf8), to: "\(root)/proc/loadavg")
            try File.write(Array("1000\n".utf8), to: "\(root)/proc/sys/kernel/pid_max")
            try File.write(Array("4000\n".utf8), to: "\(root)/proc/sys/kernel/threads-max")
            let thresholds = ["pid.available": "20%", "imagefs.available": "0", "imagefs.inodesFree": "0", "unknown": "1"]
            let monitor = PressureMonitor(thresholds, directory: root, transition: .zero) { testTime }
            #expect(!monitor.hasImageFilesystem)
            monitor.keepsImages(in: "/proc")
            #expect(monitor.hasImageFilesystem)
            let readings = monitor.readings(root: root)
            // A filesystem such as /proc has neither room nor inodes to tell of.
            #expect(readings == [EvictionReading(signal: .processesAvailable, available: 100, threshold: 200)])
            #expect(monitor.note(readings) == [.pid])
        }
    }

    @Test(arguments: [("100Mi", 104_857_600), ("10%", 1_000), ("0", 0)] as [(String, Int64)])
    func `reads thresholds as amounts and parts`(text: String, value: Int64) throws {
        #expect(try #require(EvictionThreshold(text)).value(of: 10_000) == value)
    }

    @Test(arguments: ["", "ten", "110%", "-1%"]) func `takes nothing else for a threshold`(text: String) { #expect(EvictionThreshold(text) == nil) }

    @Test func `tells of a pressure for a while after it is over`() {
        let time = Mutex(testTime)
        let monitor = PressureMonitor([:], directory: "/", transition: .seconds(300)) { time.withLock { $0 } }
        let short = EvictionReading(signal: .diskAvailable, available: 1, threshold: 2)
        let enough = EvictionReading(signal: .diskAvailable, available: 3, threshold: 2)
        #expect(monitor.note([enough]) == [])
        #expect(monitor.note([short]) == [.disk])
        time.withLock { $0 = $0 + .seconds(299) }
        #expect(monitor.note([enough]) == [.disk])
        time.withLock { $0 = $0 + .seconds(2) }
        #expect(monitor.note([enough]) == [])
    }
}

@Suite struct `Images that nobody uses` {
    private func collector(_ runtime: FakeContainerRuntime, _ time: Clock, available: Int64) -> ImageCollector {
        ImageCollector(
            runtime, disk: { FilesystemUsage(totalBytes: 1_000, availableBytes: available, inodes: 0, inodesFree: 0) }, now: { time.now })
    }

    /// Moves when it is told to.
    private final class Clock: Sendable {
        private let time = Mutex(testTime)
        var now: Timestamp { time.withLock { $0 } }
        func pass(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    private func runtime(_ names: String...) -> FakeContainerRuntime {
        let runtime = FakeContainerRuntime()
        for name in names {
            runtime.add(image: name)
            runtime.images[name]?.size = 100
        }
        return runtime
    }

    private func use(_ image: String, _ runtime: FakeContainerRuntime) async throws -> String {
        let sandbox = try await runtime.runPodSandbox(.with { $0.metadata.name = image }, handler: "")
        return try await runtime.createContainer(
            .with {
                $0.metadata.name = "main"
                $0.image.image = image
            }, in: sandbox, CRIPodSandboxConfig())
    }

    @Test func `stay while there is room, and for two minutes`() async throws {
        let (runtime, clock) = (runtime("a", "b"), Clock())
        let roomy = collector(runtime, clock, available: 200)
        clock.pass(.seconds(600))
        #expect(try await roomy.collect() == nil)
        let full = collector(runtime, clock, available: 100)
        #expect(try await full.collect()?.removed == [])
        clock.pass(.seconds(119))
        #expect(try await full.collect()?.removed == [])
        clock.pass(.seconds(1))
        #expect(try await full.collect()?.removed.count == 1)
        #expect(runtime.images.count == 1)
    }

    @Test func `go in the order in which they were last used, and no more than it takes`() async throws {
        let (runtime, clock) = (runtime("used", "lately", "long-ago", "apus.local/packed:1"), Clock())
        let collector = collector(runtime, clock, available: 50)
        _ = try await use("used", runtime)
        let old = try await use("long-ago", runtime)
        _ = try await collector.collect()
        try await runtime.removeContainer(old)
        clock.pass(.seconds(130))
        let recent = try await use("lately", runtime)
        _ = try await collector.collect()
        try await runtime.removeContainer(recent)
        clock.pass(.seconds(10))
        // 85 % to be free of 1,000 are missing 150: two images' worth.
        let outcome = try #require(try await collector.collect())
        #expect(outcome.wantedBytes == 150)
        #expect(Set(runtime.images.keys) == ["used", "apus.local/packed:1"])
    }

    @Test func `are told of where they are not enough`() async throws {
        let (runtime, clock) = (runtime("a"), Clock())
        let collector = collector(runtime, clock, available: 50)
        _ = try await collector.collect()
        clock.pass(.seconds(120))
        let outcome = try #require(try await collector.collect())
        #expect(
            outcome.shortfall
                == "Failed to garbage collect required amount of images. Attempted to free 150 bytes, but only found 100 bytes eligible to free.")
    }
}
