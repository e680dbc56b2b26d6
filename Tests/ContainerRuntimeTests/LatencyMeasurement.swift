import Glibc
import Testing

@testable import ContainerRuntime

/// How long pods take on this machine when nothing but containerd, runc and CNI is in the way: the floor under everything the node agent does.
///
///     APUS_MEASURE=1 swift test --filter ContainerRuntimeTests.LatencyMeasurement
///
/// With `APUS_MEASURE=cni` the pods get interfaces on a bridge; run that in a network namespace of its own (`unshare -n`).
@Suite(.serialized, .enabled(if: Machine.runsContainers && getenv("APUS_MEASURE") != nil, "only when asked for (APUS_MEASURE)"))
struct LatencyMeasurement {
    private let usesCNI = getenv("APUS_MEASURE").map { String(cString: $0) } == "cni"

    @Test func `one pod after the other`() async throws {
        try await measured { test, clock in
            var steps: [String: [Duration]] = [:]
            for number in 0..<20 {
                let pod = self.pod(test, number)
                var (sandbox, container) = ("", "")
                steps["1 sandbox", default: []].append(try await clock.measure { sandbox = try await test.runtime.runPodSandbox(pod, handler: "") })
                steps["2 create", default: []].append(
                    try await clock.measure { container = try await test.runtime.createContainer(self.pause(test), in: sandbox, pod) })
                steps["3 start", default: []].append(try await clock.measure { try await test.runtime.startContainer(container) })
                steps["4 stop pod", default: []].append(try await clock.measure { try await test.runtime.stopPodSandbox(sandbox) })
                steps["5 remove pod", default: []].append(try await clock.measure { try await test.runtime.removePodSandbox(sandbox) })
            }
            for (step, times) in steps.sorted(by: { $0.key < $1.key }) {
                print("APUSMEASURE \(step): median \(times.sorted()[times.count / 2]), most \(times.max() ?? .zero)")
            }
        }
    }

    @Test(arguments: [(30, 4), (30, 8), (30, 30), (100, 4), (100, 8), (100, 100)])
    func `many pods at once`(count: Int, limit: Int) async throws {
        try await measured { test, clock in
            let started = try await clock.measure {
                try await Self.inParallel(count, limit: limit) { number in
                    let pod = self.pod(test, number)
                    let sandbox = try await test.runtime.runPodSandbox(pod, handler: "")
                    let container = try await test.runtime.createContainer(self.pause(test), in: sandbox, pod)
                    try await test.runtime.startContainer(container)
                }
            }
            let sandboxes = try await test.runtime.podSandboxes()
            let removed = try await clock.measure {
                try await Self.inParallel(count, limit: limit) { number in
                    try await test.runtime.stopPodSandbox(sandboxes[number].id)
                    try await test.runtime.removePodSandbox(sandboxes[number].id)
                }
            }
            print("APUSMEASURE \(count) pods, \(limit) at a time: started in \(started), removed in \(removed)")
        }
    }

    private func measured(_ body: @escaping @Sendable (TestContainerd, ContinuousClock) async throws -> Void) async throws {
        try await TestContainerd.with { test in
            if self.usesCNI {
                try test.workplace.write(
                    """
                    {"cniVersion": "0.4.0", "name": "measure", "plugins": [{
                      "type": "bridge", "bridge": "measure0", "isGateway": true, "ipam": {
                        "type": "host-local", "dataDir": "\(test.workplace.path)/leases", "ranges": [[{"subnet": "10.99.0.0/16"}]]}}]}
                    """, to: "containerd/cni/10-measure.conflist")
                try await test.eventually("the network is ready") {
                    try await test.runtime.status(verbose: false).status.conditions.allSatisfy(\.status)
                }
            }
            try await body(test, ContinuousClock())
        }
    }

    private func pod(_ test: TestContainerd, _ number: Int) -> CRIPodSandboxConfig {
        var pod = test.pod("pod-\(number)")
        if usesCNI { pod.linux.securityContext.namespaceOptions.network = .pod }
        return pod
    }

    private func pause(_ test: TestContainerd) -> CRIContainerConfig {
        var container = test.container("pause", image: PauseImage.name, [])
        if usesCNI { container.linux.securityContext.namespaceOptions.network = .pod }
        return container
    }

    private static func inParallel(_ count: Int, limit: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= limit { try await group.next() }
                group.addTask { try await body(number) }
            }
            try await group.waitForAll()
        }
    }
}
