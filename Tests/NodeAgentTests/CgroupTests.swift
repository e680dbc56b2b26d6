import ObjectModel
import Testing

@testable import NodeAgent

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
        #expect(cgroups.pods() == ["uid-p", "uid-e"])
        cgroups.remove(uid: "uid-p")
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

    @Test func `tells what the pod uses on the split hierarchies`() throws {
        let tree = FakeCgroupTree()
        let cgroups = PodCgroups(tree: tree, layout: .split(mount: "/c", controllers: ["cpu", "cpuacct", "memory", "pids"]))
        let files = [
            "cpuacct/G/cpuacct.usage": "5000000000\n", "cpu/G/cpu.stat": "nr_periods 10\nnr_throttled 3\nthrottled_time 7000\n",
            "cpu/G/cpu.cfs_quota_us": "-1\n", "cpu/G/cpu.shares": "2\n", "memory/G/memory.usage_in_bytes": "1000\n",
            "memory/G/memory.stat": "inactive_file 1\ntotal_inactive_file 300\ntotal_rss 500\ntotal_cache 400\ntotal_pgfault 9\ntotal_pgmajfault 2\n",
            "memory/G/memory.limit_in_bytes": "9223372036854771712\n", "pids/G/pids.current": "4\n",
        ]
        for (file, text) in files { try tree.write(text, to: "/c/" + file.replacing("G", with: "kubepods/besteffort/poduid-e")) }
        let usage = try #require(cgroups.usage(testPod("e")))
        #expect(usage.cpuNanoseconds == 5_000_000_000)
        #expect((usage.memoryBytes, usage.workingSetBytes, usage.rssBytes, usage.cacheBytes) == (1_000, 700, 500, 400))
        #expect((usage.pageFaults, usage.majorPageFaults, usage.processes) == (9, 2, 4))
        #expect((usage.periods, usage.throttledPeriods, usage.throttledNanoseconds) == (10, 3, 7_000))
        #expect(usage.memoryLimitBytes == nil && usage.cpuQuota == nil && usage.cpuShares == 2)
    }

    @Test func `tells it on the unified hierarchy`() throws {
        let tree = FakeCgroupTree()
        let cgroups = PodCgroups(tree: tree, layout: .unified(mount: "/c"))
        let files = [
            "cpu.stat": "usage_usec 2500\nnr_periods 8\nnr_throttled 1\nthrottled_usec 60\n", "cpu.max": "50000 100000\n", "memory.current": "4096\n",
            "memory.stat": "anon 2048\nfile 1024\ninactive_file 1000\npgfault 5\npgmajfault 1\n", "memory.max": "max\n", "pids.current": "2\n",
        ]
        for (file, text) in files { try tree.write(text, to: "/c/kubepods/besteffort/poduid-e/c1/\(file)") }
        let usage = try #require(cgroups.usage(testPod("e"), container: "c1"))
        #expect((usage.cpuNanoseconds, usage.throttledNanoseconds) == (2_500_000, 60_000))
        #expect((usage.memoryBytes, usage.workingSetBytes, usage.rssBytes, usage.cacheBytes) == (4_096, 3_096, 2_048, 1_024))
        #expect((usage.cpuQuota, usage.cpuPeriod) == (50_000, 100_000))
        #expect(usage.memoryLimitBytes == nil)
    }
}
