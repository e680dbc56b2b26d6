import ObjectModel
import TestSupport
import Testing

@testable import Scheduler

@Suite struct CoreTests {
    private let core = SchedulingCore(random: SeededRandom(seed: 1))

    private func add(_ node: Value) { core.apply(.node(old: nil, new: node), now: .zero) }
    private func add(pod: Value) { core.apply(.pod(old: nil, new: PodInfo(pod)), now: .zero) }

    /// All decisions that are due, shown.
    private func decisions(now: Duration = .zero) -> [String] {
        var result: [String] = []
        while let plan = core.next(now: now) {
            switch plan {
            case .bind(let pod, let node): result.append("\(pod.name) -> \(node)")
            case .report(let pod, let message, let nominated, let victims):
                let room = nominated.map { " [\($0): \(victims.map(\.name).joined(separator: ","))]" } ?? ""
                result.append("\(pod.name): \(message)\(room)")
            }
        }
        return result
    }

    @Test func `a placed pod counts before its binding shows`() {
        add(node("a", cpu: "1"))
        add(pod: pod("1", cpu: "1"))
        add(pod: pod("2", cpu: "1"))
        #expect(
            decisions() == [
                "1 -> a",
                "2: 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: "
                    + "1 No preemption victims found for incoming pod.",
            ])
    }

    @Test func `a pod whose binding failed is taken off again and retried after a pause`() {
        add(node("a", cpu: "1"))
        add(pod: pod("1", cpu: "1"))
        #expect(decisions() == ["1 -> a"])
        core.apply(.bindingFailed(PodInfo(pod("1", cpu: "1"))), now: .seconds(1))
        #expect(core.snapshot.node(named: "a")?.pods.isEmpty == true)
        #expect(decisions(now: .seconds(1)) == [])
        #expect(core.nextDeadline() == .seconds(2))
        #expect(decisions(now: .seconds(2)) == ["1 -> a"])
    }

    @Test func `a waiting pod wakes when a pod leaves, a node comes or grows, and not for a heartbeat`() {
        let small = node("a", cpu: "1")
        add(small)
        add(pod: pod("old", cpu: "1", node: "a"))
        add(pod: pod("p", cpu: "1"))
        #expect(decisions().count == 1)
        var beat = small
        beat["status"]["conditions"] = [["type": "Ready", "lastHeartbeatTime": "2026-01-01T00:00:00Z"]]
        core.apply(.node(old: small, new: beat), now: .seconds(20))
        #expect(decisions(now: .seconds(20)) == [])
        core.apply(.node(old: beat, new: node("a", cpu: "2")), now: .seconds(20))
        #expect(decisions(now: .seconds(20)) == ["p -> a"])

        add(pod: pod("q", cpu: "1"))
        #expect(decisions(now: .seconds(20)).count == 1)
        core.apply(.pod(old: PodInfo(pod("old", cpu: "1", node: "a")), new: nil), now: .seconds(40))
        #expect(decisions(now: .seconds(40)) == ["q -> a"])
    }

    @Test func `pods of other schedulers, finished ones and those on their way out are left alone`() {
        add(node("a"))
        add(pod: pod("other", spec: ["schedulerName": "mine"]))
        add(pod: pod("done", status: ["phase": "Succeeded"]))
        var leaving = pod("leaving")
        leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        add(pod: leaving)
        add(pod: pod("gated", spec: ["schedulingGates": [["name": "g"]]]))
        #expect(decisions() == [])
    }

    @Test func `a finished pod no longer takes room`() {
        add(node("a", cpu: "1"))
        add(pod: pod("job", cpu: "1", node: "a"))
        add(pod: pod("p", cpu: "1"))
        #expect(decisions().count == 1)
        add(pod: pod("job", cpu: "1", node: "a", status: ["phase": "Succeeded"]))
        #expect(decisions(now: .seconds(20)) == ["p -> a"])
    }

    @Test func `the message tells where making room would not help`() {
        add(node("a", taints: [["key": "k", "value": "v", "effect": "NoSchedule"]]))
        add(node("b", cpu: "2"))
        add(node("c", cpu: "8"))
        add(pod: pod("old", cpu: "8", node: "c"))
        add(pod: pod("p", cpu: "4"))
        #expect(
            decisions() == [
                "p: 0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, "
                    + "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."
            ])
    }

    // MARK: Preemption

    @Test func `a more important pod takes the place of the least important ones that suffice`() {
        add(node("a", cpu: "4"))
        add(pod: pod("low", cpu: "1", node: "a", priority: 1))
        add(pod: pod("lower", cpu: "2", node: "a", priority: 0))
        add(pod: pod("equal", cpu: "1", node: "a", priority: 10))
        add(pod: pod("p", cpu: "2", priority: 10))
        #expect(decisions() == ["p: 0/1 nodes are available: 1 Insufficient cpu. [a: lower]"])
        // Until the victim is gone nobody of the same or a lower priority gets the room.
        core.apply(.pod(old: PodInfo(pod("low", cpu: "1", node: "a", priority: 1)), new: nil), now: .seconds(20))
        add(pod: pod("thief", cpu: "1", priority: 5))
        let next = decisions(now: .seconds(20))
        #expect(next.contains { $0.hasPrefix("thief: 0/1 nodes") } || next.contains("thief -> a"))
        core.apply(.pod(old: PodInfo(pod("lower", cpu: "2", node: "a")), new: nil), now: .seconds(40))
        #expect(decisions(now: .seconds(40)).contains("p -> a"))
    }

    @Test func `the node whose pods matter least is chosen, and budgets are kept where possible`() {
        add(node("a", cpu: "1"))
        add(node("b", cpu: "1"))
        add(node("c", cpu: "1"))
        add(pod: pod("high", cpu: "1", node: "a", priority: 5))
        add(pod: pod("kept", cpu: "1", node: "b", priority: 1, labels: ["app": "x"]))
        add(pod: pod("low", cpu: "1", node: "c", priority: 2))
        core.apply(
            .disruptionBudget(
                old: nil,
                new: [
                    "metadata": ["name": "b", "namespace": "default"], "spec": ["selector": ["matchLabels": ["app": "x"]]],
                    "status": ["disruptionsAllowed": 0],
                ]), now: .zero)
        add(pod: pod("p", cpu: "1", priority: 10))
        #expect(decisions() == ["p: 0/3 nodes are available: 3 Insufficient cpu. [c: low]"])
    }

    @Test func `a pod that must not preempt says so`() {
        add(node("a", cpu: "1"))
        add(pod: pod("low", cpu: "1", node: "a"))
        add(pod: pod("p", cpu: "1", priority: 10, spec: ["preemptionPolicy": "Never"]))
        #expect(
            decisions() == [
                "p: 0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
            ])
    }

    @Test func `trying out who must go leaves the snapshot as it was`() {
        add(node("a", cpu: "4"))
        for number in 0..<4 { add(pod: pod("low-\(number)", cpu: "1", node: "a")) }
        add(pod: pod("p", cpu: "2", priority: 10))
        _ = decisions()
        let here = core.snapshot.node(named: "a")
        #expect(Set(here?.pods.map(\.name) ?? []) == ["low-0", "low-1", "low-2", "low-3"])
        #expect(here?.requested.milliCPU == 4000)
    }
}
