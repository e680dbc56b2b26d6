import ClusterClient
import ContainerRuntime
import ObjectModel
import Synchronization
import Testing

@testable import NodeAgent

/// The spec of a pod with one container that has these resources.
private func resizable(_ requests: Value, _ limits: Value = nil, policy: Value = nil) -> Value {
    ["containers": [["name": "main", "image": "hello:1", "resizePolicy": policy, "resources": ["requests": requests, "limits": limits]]]]
}

@Suite struct `A resize` {
    @Test func `is what differs in CPU and memory, however it is written`() {
        let old: Value = ["requests": ["cpu": "500m", "memory": "64Mi", "ephemeral-storage": "1Gi"], "limits": ["memory": "128Mi"]]
        let same: Value = ["requests": ["cpu": "0.5", "memory": "65536Ki", "ephemeral-storage": "2Gi"], "limits": ["memory": "128Mi"]]
        #expect(ResourceChange(from: old, to: same).isEmpty)
        let new: Value = ["requests": ["cpu": "500m", "memory": "64Mi"], "limits": ["memory": "96Mi", "cpu": "1"]]
        let change = ResourceChange(from: old, to: new)
        #expect(change.resources == ["cpu", "memory"])
        #expect(change.lowersMemoryLimit)
        #expect(!change.liftsCPULimit)
        #expect(ResourceChange(from: new, to: old).liftsCPULimit)
    }

    @Test func `restarts a container only where its policy for what changes says so`() {
        let policy: Value = [
            ["resourceName": "memory", "restartPolicy": "RestartContainer"], ["resourceName": "cpu", "restartPolicy": "NotRequired"],
        ]
        let container = testPod("web", resizable([:], policy: policy)).containers[0]
        #expect(!ResourceChange(from: ["requests": ["cpu": "1"]], to: ["requests": ["cpu": "2"]]).restarts(container))
        #expect(ResourceChange(from: ["limits": ["memory": "1Gi"]], to: ["limits": ["memory": "2Gi"]]).restarts(container))
    }

    @Test func `goes on after a restart of the agent from what the status says`() {
        var object = testPod("web", resizable(["cpu": "2"])).object
        object["status"]["containerStatuses"] = [
            ["name": "main", "containerID": "containerd://main-0", "resources": ["requests": ["cpu": "1"]]]
        ]
        let pod = Pod(object)
        var allocation = PodAllocation(pod, running: ["main": "main-0"])
        #expect(!allocation.isDesired(by: pod))
        #expect(allocation.applied(to: pod).containers[0].object["resources"]["requests"]["cpu"] == "1")
        allocation.grant(pod)
        #expect(allocation.isDesired(by: pod))
        #expect(allocation.change("main").resources == ["cpu"])
        allocation.actuate("main")
        #expect(allocation.change("main").isEmpty)
        // One that has been started since has what the spec said then.
        #expect(PodAllocation(pod, running: ["main": "main-1"]).isDesired(by: pod))
    }

    @Test func `is granted where there is room, and told of where there is some again`() throws {
        let node = NodeAllocations(
            allocatable: NodeCapacity(cpuMillicores: 2_000, memoryBytes: 1 << 30, ephemeralStorageBytes: 0, pods: 10))
        let woken = Woken()
        node.note(testPod("a", resizable(["cpu": "1500m"])))
        node.note(testPod("b", resizable(["cpu": "100m"])))
        func resize(_ requests: Value) -> NodeAllocations.Verdict { node.resize(testPod("b", resizable(requests))) { woken.note() } }
        #expect(resize(["cpu": "500m"]) == .granted)
        #expect(resize(["cpu": "2500m"]) == .infeasible("Node didn't have enough capacity: cpu, requested: 2500, capacity: 2000"))
        #expect(
            resize(["cpu": "100m", "memory": "2Gi"])
                == .infeasible("Node didn't have enough capacity: memory, requested: 2147483648, capacity: 1073741824"))
        #expect(resize(["cpu": "1"]) == .deferred("Node didn't have enough resource: cpu, requested: 1000, used: 1500, capacity: 2000"))
        #expect(woken.count == 0)
        node.forget("uid-a")
        #expect(woken.count == 1)
        #expect(resize(["cpu": "1"]) == .granted)
        #expect(node.takeTrigger(of: "uid-b") == .podsRemoved)
        #expect(node.takeTrigger(of: "uid-b") == .podUpdated, "nobody told it anew")
    }

    @Test func `has its conditions for as long as it is not through`() {
        let pod = testPod("web", resizable(["cpu": "1"]))
        var input = StatusInput(pod: pod, previous: [:], observation: PodObservation(), now: testTime)
        var allocation = PodAllocation(pod)
        allocation.grant(pod)
        allocation.failure = "no"
        allocation.pending = .init(reason: .deferred, message: "later", generation: 3)
        input.allocation = allocation
        let status = PodStatus(input).value
        let conditions = status["conditions"].array.filter { $0["type"].string?.hasPrefix("PodResize") == true }
        #expect(conditions.map { $0["reason"] } == ["Deferred", "Error"])
        #expect(conditions.map { $0["message"] } == ["later", "no"])
        #expect(conditions.map { $0["observedGeneration"] } == [3, 1])
        input.allocation?.complete()
        input.allocation?.pending = nil
        let patch = PodStatusPatch.make(uid: pod.uid, from: status, to: PodStatus(input).value)
        #expect(
            patch?["status"]["conditions"]
                == [["$patch": "delete", "type": "PodResizePending"], ["$patch": "delete", "type": "PodResizeInProgress"]])
    }

    @Test func `of the pod as a whole is in the status as granted and as the kernel has it`() {
        func pod(_ resources: Value) -> Pod {
            testPod("p", ["resources": resources, "containers": [["name": "main", "image": "hello:1"]]])
        }
        let granted: Value = ["requests": ["cpu": "500m", "memory": "64Mi"], "limits": ["cpu": "1", "memory": "128Mi"]]
        var input = StatusInput(pod: pod(granted), previous: [:], observation: PodObservation(), now: testTime)
        input.cgroup = CgroupUsage(cpuQuota: 100_000, cpuPeriod: 100_000, cpuShares: 512, memoryLimitBytes: 128 << 20)
        let status = PodStatus(input).value
        #expect(status["resources"] == granted && status["allocatedResources"] == granted["requests"])
        // The kernel hasn't heard of it yet.
        input.cgroup = CgroupUsage(cpuQuota: 50_000, cpuPeriod: 100_000, cpuShares: 256, memoryLimitBytes: 64 << 20)
        #expect(
            PodStatus(input).value["resources"] == ["requests": ["cpu": "250m", "memory": "64Mi"], "limits": ["cpu": "500m", "memory": "64Mi"]])
        // One limit less: it is taken away by name, for maps are merged.
        input.pod = pod(["requests": ["cpu": "500m", "memory": "64Mi"], "limits": ["memory": "128Mi"]])
        input.cgroup = CgroupUsage(cpuPeriod: 100_000, cpuShares: 512, memoryLimitBytes: 128 << 20)
        let patch = PodStatusPatch.make(uid: "u", from: status, to: PodStatus(input).value)
        var limits = Fields()
        limits["memory"] = "128Mi"
        limits["cpu"] = .some(.null)
        #expect(patch?["status"]["resources"]["limits"] == .object(limits))
        #expect(PodStatus(StatusInput(pod: testPod(), previous: [:], observation: PodObservation(), now: testTime)).value["resources"].isNull)
    }

    @Test func `is counted by what was asked for, one request and limit at a time`() {
        let old: Value = ["requests": ["cpu": "1", "memory": "1Gi"], "limits": ["memory": "2Gi"]]
        let new: Value = ["requests": ["cpu": "2"], "limits": ["memory": "1Gi", "cpu": "3"]]
        let steps = ResourceChange.steps(from: old, to: new).map { "\($0.resource) \($0.requirement) \($0.operation.rawValue)" }
        #expect(steps == ["cpu limits add", "cpu requests increase", "memory limits decrease", "memory requests remove"])
        var allocation = PodAllocation(testPod("web", resizable(["cpu": "1"])))
        let larger = testPod("web", resizable(["cpu": "2"]))
        #expect(allocation.takeRequests(larger).count == 1)
        #expect(allocation.takeRequests(larger).isEmpty, "it is asked for once")
    }

    @Test func `is told of by metrics for as long as it waits and while it is under way`() {
        let metrics = NodeMetrics(nodeName: "one")
        metrics.resizes.note(.init(pending: .deferred, isInProgress: false), of: "a")
        metrics.resizes.note(.init(pending: nil, isInProgress: true), of: "b")
        metrics.resizes.granted(after: .podsRemoved)
        metrics.resizes.isInfeasible()
        metrics.resizes.carriedOut(in: .milliseconds(15), isSuccess: true)
        func has(_ line: String) -> Bool { metrics.registry.exposition().contains(line + "\n") }
        #expect(has(#"kubelet_pod_pending_resizes{reason="deferred"} 1"#) && has(#"kubelet_pod_pending_resizes{reason="infeasible"} 0"#))
        #expect(has("kubelet_pod_in_progress_resizes 1"))
        #expect(has(#"kubelet_pod_deferred_accepted_resizes_total{retry_trigger="pods_removed"} 1"#))
        #expect(has(#"kubelet_pod_infeasible_resizes_total{reason_detail="insufficient_node_allocatable"} 1"#))
        #expect(has(#"kubelet_pod_resize_duration_milliseconds_bucket{success="true",le="20"} 1"#))
        metrics.resizes.note(.init(), of: "a")
        metrics.resizes.note(nil, of: "b")
        #expect(has(#"kubelet_pod_pending_resizes{reason="deferred"} 0"#) && has("kubelet_pod_in_progress_resizes 0"))
    }

    @Test func `makes room in the pod's cgroup before it is used, and takes it away after`() throws {
        let tree = FakeCgroupTree()
        let cgroups = PodCgroups(tree: tree, layout: .split(mount: "/c", controllers: ["cpu", "memory", "cpuacct"]))
        let group = "kubepods/burstable/poduid-p"
        var (quota, memory) = ("", "")
        func read() { (quota, memory) = (tree["/c/cpu/\(group)/cpu.cfs_quota_us"] ?? "", tree["/c/memory/\(group)/memory.limit_in_bytes"] ?? "") }
        func pod(_ limits: Value) -> Pod { testPod("p", resizable(["cpu": "100m", "memory": "16Mi"], limits)) }
        try cgroups.create(pod(["cpu": "500m", "memory": "64Mi"]))
        try tree.write("1", to: "/c/cpuacct/\(group)/cpuacct.usage")
        // More CPU, less memory: only the first is room to be made.
        try cgroups.widen(pod(["cpu": "1", "memory": "32Mi"]))
        read()
        #expect((quota, memory) == ("100000", "67108864"))
        try cgroups.limit(pod(["cpu": "1", "memory": "32Mi"]))
        read()
        #expect((quota, memory) == ("100000", "33554432"))
        try cgroups.widen(pod(["memory": "32Mi"]))
        read()
        #expect((quota, memory) == ("-1", "33554432"))
    }
}

private final class Woken: Sendable {
    private let number = Mutex(0)
    var count: Int { number.withLock { $0 } }
    func note() { number.withLock { $0 += 1 } }
}

@Suite(.timeLimit(.minutes(1))) struct `A running pod that is resized` {
    private func resize(_ name: String, _ resources: Value, _ node: TestNode) async throws {
        try await node.cluster.admin.patch(
            .pods, namespace: "default", name: name, subresource: "resize", .strategicMerge,
            ["spec": ["containers": [["name": "main", "resources": resources]]]])
    }

    private func condition(_ type: String, _ pod: Value?) -> Value { pod?.status["conditions"].array.first { $0["type"].string == type } ?? .null }

    @Test func `gets it without a restart`() async throws {
        try await TestNode.run { node in
            try await node.create("web", resizable(["cpu": "100m", "memory": "16Mi"], ["cpu": "200m", "memory": "32Mi"]))
            await node.waitUntilReady("web")
            let new: Value = ["requests": ["cpu": "150m", "memory": "16Mi"], "limits": ["cpu": "400m", "memory": "64Mi"]]
            try await resize("web", new, node)
            await node.wait("web") { [self] pod in
                pod?.status["containerStatuses"][0]["resources"] == new && condition("PodResizeInProgress", pod).isNull
            }
            let status = try #require(node.cluster.object(.pods, "default/web")).status
            #expect(status["observedGeneration"] == 2)
            #expect(status["containerStatuses"][0]["allocatedResources"] == new["requests"])
            #expect(status["containerStatuses"][0]["restartCount"] == 0)
            let id = try #require(node.containerIDs("main").first)
            let linux = try await node.runtime.containerStatus(id).resources.linux
            #expect((linux.cpuQuota, linux.memoryLimitInBytes, linux.cpuShares) == (40_000, 64 << 20, 153))
            #expect(
                try await node.cluster.event("ResizeCompleted")
                    == "Pod resize completed: {\"containers\":[{\"name\":\"main\",\"resources\":\(String(decoding: new.json(), as: UTF8.self))}],\"generation\":2}"
            )
            #expect(try await node.cluster.event("ResizeStarted").hasPrefix("Pod resize started: {\"containers\":["))
        }
    }

    @Test func `is restarted where its policy asks for that, however it ends`() async throws {
        try await TestNode.run { node in
            var spec = resizable(["memory": "16Mi"], ["memory": "32Mi"], policy: [["resourceName": "memory", "restartPolicy": "RestartContainer"]])
            spec["restartPolicy"] = "OnFailure"
            let uid = try await node.create("web", spec)
            await node.waitUntilReady("web")
            let new: Value = ["requests": ["memory": "16Mi"], "limits": ["memory": "64Mi"]]
            try await resize("web", new, node)
            await node.wait("web") { [self] pod in
                pod?.status["containerStatuses"][0]["restartCount"] == 1 && pod.map(isReady) == true
                    && condition("PodResizeInProgress", pod).isNull
            }
            #expect(try await node.cluster.event("Killing") == "Container main resize requires restart")
            #expect(node.runtime.containerConfigs(ofPod: uid).map(\.linux.resources.memoryLimitInBytes) == [32 << 20, 64 << 20])
            #expect(node.cluster.object(.pods, "default/web")?.status["containerStatuses"][0]["resources"] == new)
        }
    }

    @Test func `waits for room, and is told what will never fit`() async throws {
        try await TestNode.run { node in
            await node.cluster.wait(.nodes, "n1") { $0?.status["allocatable"]["cpu"].quantity != nil }
            let all = try #require(node.cluster.object(.nodes, "n1")?.status["allocatable"]["cpu"].quantity).milliValue
            @Sendable func cpu(_ milli: Int64) -> Value { ["cpu": .string("\(milli)m")] }
            try await node.create("large", resizable(cpu(all - 300)))
            try await node.create("small", resizable(cpu(100)))
            await node.waitUntilReady("large")
            await node.waitUntilReady("small")
            try await resize("small", ["requests": cpu(all + 1)], node)
            await node.wait("small") { [self] in condition("PodResizePending", $0)["reason"] == "Infeasible" }
            let infeasible = condition("PodResizePending", node.cluster.object(.pods, "default/small"))
            #expect(infeasible["message"].string == "Node didn't have enough capacity: cpu, requested: \(all + 1), capacity: \(all)")
            try await resize("small", ["requests": cpu(500)], node)
            await node.wait("small") { [self] in condition("PodResizePending", $0)["reason"] == "Deferred" }
            let waiting = try #require(node.cluster.object(.pods, "default/small"))
            #expect(waiting.status["containerStatuses"][0]["allocatedResources"] == cpu(100))
            #expect(condition("PodResizePending", waiting)["observedGeneration"] == 3)
            try await node.cluster.admin.delete(.pods, namespace: "default", name: "large")
            await node.wait("small") { [self] pod in
                pod?.status["containerStatuses"][0]["resources"]["requests"] == cpu(500) && condition("PodResizePending", pod).isNull
            }
            #expect(node.cluster.object(.pods, "default/small")?.status["containerStatuses"][0]["restartCount"] == 0)
        }
    }
}
