import ClusterClient
import Metrics
import Testing

@testable import Controllers

@Suite struct WorkQueueMetricsTests {
    @Test func `a queue tells of what was added, what waits and what is under way`() async throws {
        let registry = MetricsRegistry()
        let metrics = WorkQueueMetrics(registry)
        let queue = WorkQueue()
        metrics.add("deployment-controller", queue)
        metrics.add("something-else", WorkQueue())
        for key in ["a", "b", "a"] { queue.enqueue(key) }
        queue.enqueue("later", after: .seconds(3600))
        let first = await queue.next()
        #expect(first == "a")
        // Added again while it is worked on: it comes back.
        queue.enqueue("a")
        func has(_ line: String) -> Bool { registry.exposition().contains("workqueue_\(line)\n") }
        #expect(has(#"adds_total{name="deployment"} 3"#) && has(#"adds_total{name="something-else"} 0"#))
        #expect(has(#"depth{name="deployment"} 1"#) && has(#"retries_total{name="deployment"} 1"#))
        #expect(queue.statistics.unfinished == queue.statistics.longest || queue.statistics.longest > .zero)
        #expect(has(#"queue_duration_seconds_count{name="deployment"} 1"#) && has(#"work_duration_seconds_count{name="deployment"} 0"#))
        await queue.done("a")
        #expect(has(#"depth{name="deployment"} 2"#) && has(#"work_duration_seconds_count{name="deployment"} 1"#))
        #expect(has(#"longest_running_processor_seconds{name="deployment"} 0"#) && has(#"unfinished_work_seconds{name="deployment"} 0"#))
        await queue.shutDown()
    }
}
