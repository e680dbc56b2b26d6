import ObjectModel
import Synchronization
import Testing

@testable import NodeAgent

/// Files of a cgroup filesystem, in memory.
private final class FakeCgroupTree: CgroupTree {
    private let files = Mutex<[String: String]>([:])
    private let made = Mutex<Set<String>>([])

    subscript(file: String) -> String? { files.withLock { $0[file] } }

    func makeGroup(_ path: String) throws { made.withLock { _ = $0.insert(path) } }
    func removeGroup(_ path: String) { made.withLock { $0 = $0.filter { $0 != path && !$0.hasPrefix("\(path)/") } } }
    func write(_ value: String, to file: String) throws { files.withLock { $0[file] = value } }
    func read(_ file: String) throws -> String { files.withLock { $0[file] ?? "" } }

    func groups(in path: String) -> [String] {
        made.withLock { Set($0.filter { $0.hasPrefix("\(path)/") }.map { String($0.dropFirst(path.count + 1).prefix { $0 != "/" }) }).sorted() }
    }
}

@Suite struct `A pod's cgroup` {
    private func pod(_ name: String, requests: Value, limits: Value) -> Pod {
        testPod(name, ["containers": [["name": "main", "resources": ["requests": requests, "limits": limits]]]])
    }

    @Test func `lies where its class says`() {
        let cgroups = PodCgroups(tree: FakeCgroupTree(), layout: .unified(mount: "/c"))
        let guaranteed = pod("g", requests: ["cpu": "1", "memory": "1Gi"], limits: ["cpu": "1", "memory": "1Gi"])
        #expect(cgroups.path(guaranteed) == "/kubepods/poduid-g")
        #expect(cgroups.path(pod("b", requests: ["cpu": "1"], limits: nil)) == "/kubepods/burstable/poduid-b")
        #expect(cgroups.path(testPod("e")) == "/kubepods/besteffort/poduid-e")
    }

    @Test func `carries the pod's limits on the split hierarchies`() throws {
        let tree = FakeCgroupTree()
        let cgroups = PodCgroups(tree: tree, layout: .split(mount: "/c", controllers: ["cpu", "memory"]))
        try cgroups.create(pod("p", requests: ["cpu": "500m", "memory": "64Mi"], limits: ["cpu": "1500m", "memory": "128Mi"]))
        #expect(tree["/c/cpu/kubepods/burstable/poduid-p/cpu.shares"] == "512")
        #expect(tree["/c/cpu/kubepods/burstable/poduid-p/cpu.cfs_quota_us"] == "150000")
        #expect(tree["/c/memory/kubepods/burstable/poduid-p/memory.limit_in_bytes"] == "134217728")
        try cgroups.create(testPod("e"))
        #expect(tree["/c/cpu/kubepods/besteffort/poduid-e/cpu.shares"] == "2")
        cgroups.removeAll(except: ["uid-e"])
        #expect(tree.groups(in: "/c/cpu/kubepods/burstable").isEmpty)
        #expect(tree.groups(in: "/c/cpu/kubepods/besteffort") == ["poduid-e"])
    }

    @Test func `carries them on the unified hierarchy`() throws {
        let tree = FakeCgroupTree()
        let cgroups = PodCgroups(tree: tree, layout: .unified(mount: "/c"))
        try cgroups.create(pod("p", requests: ["cpu": "1", "memory": "64Mi"], limits: ["cpu": "1", "memory": "64Mi"]))
        #expect(tree["/c/kubepods/poduid-p/cpu.max"] == "100000 100000")
        #expect(tree["/c/kubepods/poduid-p/cpu.weight"] == "39")
        #expect(tree["/c/kubepods/poduid-p/memory.max"] == "67108864")
        #expect(tree["/c/kubepods/cgroup.subtree_control"] != nil)
    }

    @Test func `counts init containers and sidecars as they run`() {
        func container(_ name: String, _ cpu: String, sidecar: Bool = false) -> Value {
            ["name": .string(name), "restartPolicy": sidecar ? "Always" : nil, "resources": ["requests": ["cpu": .string(cpu)]]]
        }
        let spec: Value = [
            "initContainers": [container("side", "100m", sidecar: true), container("init", "2")],
            "containers": [container("a", "300m"), container("b", "200m")],
        ]
        #expect(PodResources(testPod("p", spec)).requests["cpu"] == Quantity(milli: 2_100))
    }

    @Test func `tells the kernel whom to spare`() {
        func adjustment(_ pod: Pod) -> Int64 {
            ContainerResources(pod: pod, container: pod.containers[0], memoryCapacityBytes: 4 << 30).oomScoreAdjustment
        }
        #expect(adjustment(testPod()) == 1_000)
        #expect(adjustment(pod("g", requests: ["cpu": "1", "memory": "1Gi"], limits: ["cpu": "1", "memory": "1Gi"])) == -997)
        #expect(adjustment(pod("b", requests: ["memory": "1Gi"], limits: nil)) == 750)
        #expect(adjustment(pod("c", requests: ["cpu": "1"], limits: nil)) == 999)
    }
}
