import ObjectModel
import Testing

@testable import Scheduler

@Suite struct QueueTests {
    private func info(_ name: String, priority: Int = 0, gated: Bool = false) -> PodInfo {
        PodInfo(pod(name, priority: priority, spec: gated ? ["schedulingGates": [["name": "g"]]] : [:]))
    }

    @Test func `the highest priority comes first, then the one that waits longest`() {
        var queue = SchedulingQueue()
        queue.set(info("old"), now: .seconds(1))
        queue.set(info("important", priority: 10), now: .seconds(3))
        queue.set(info("young"), now: .seconds(2))
        #expect((0..<3).map { _ in queue.pop(now: .seconds(4))?.name } == ["important", "old", "young"])
        #expect(queue.pop(now: .seconds(4)) == nil)
    }

    @Test func `a gated pod waits until its gates are gone`() {
        var queue = SchedulingQueue()
        queue.set(info("p", gated: true), now: .zero)
        #expect(queue.pop(now: .zero) == nil)
        #expect(queue.nextDeadline() == nil)
        queue.set(info("p"), now: .seconds(1))
        #expect(queue.pop(now: .seconds(1))?.name == "p")
    }

    @Test func `a pod without a node sleeps until something helps`() {
        var queue = SchedulingQueue()
        let fit = PluginSet(.nodeResourcesFit)
        queue.set(info("p"), now: .zero)
        _ = queue.pop(now: .zero)
        queue.wait("uid-p", rejectedBy: fit, now: .zero)
        queue.wake(now: .seconds(20)) { _, plugins in plugins.contains(PluginSet(.nodePorts)) }
        #expect(queue.pop(now: .seconds(20)) == nil)
        queue.wake(now: .seconds(20)) { _, plugins in plugins.contains(fit) }
        #expect(queue.pop(now: .seconds(20))?.name == "p")
    }

    @Test func `a woken pod in its pause yields to others but does not leave the scheduler idle`() {
        var queue = SchedulingQueue()
        queue.set(info("tired", priority: 10), now: .zero)
        _ = queue.pop(now: .zero)
        queue.wait("uid-tired", rejectedBy: [], now: .zero)
        queue.set(info("fresh"), now: .zero)
        queue.wake(now: .zero) { _, _ in true }
        #expect(queue.pop(now: .zero)?.name == "fresh")
        #expect(queue.pop(now: .zero)?.name == "tired")
    }

    @Test func `after errors the pause doubles from one second to ten`() {
        var queue = SchedulingQueue()
        queue.set(info("p"), now: .zero)
        var now: Duration = .zero
        var pauses: [Duration] = []
        for _ in 0..<6 {
            #expect(queue.pop(now: now) != nil)
            queue.retry("uid-p", now: now)
            #expect(queue.pop(now: now) == nil)
            let deadline = queue.nextDeadline() ?? .zero
            pauses.append(deadline - now)
            now = deadline
        }
        #expect(pauses == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(10), .seconds(10)])
    }

    @Test func `a pod that nothing woke is tried again after five minutes`() {
        var queue = SchedulingQueue()
        queue.set(info("p"), now: .zero)
        _ = queue.pop(now: .zero)
        queue.wait("uid-p", rejectedBy: PluginSet(.nodeAffinity), now: .zero)
        #expect(queue.nextDeadline() == .seconds(300))
        #expect(queue.pop(now: .seconds(299)) == nil)
        #expect(queue.pop(now: .seconds(300))?.name == "p")
    }

    @Test func `a pod that is gone is not tried`() {
        var queue = SchedulingQueue()
        queue.set(info("p"), now: .zero)
        queue.remove("uid-p")
        #expect(queue.pop(now: .zero) == nil)
    }
}
