import Metrics
import ObjectModel

/// How long the steps of admission take, and how often they refuse: `apiserver_admission_step_admission_duration_seconds`.
final class AdmissionMetrics: Sendable {
    /// What changes objects, and what looks at them as they will be stored.
    enum Step: Int, CaseIterable {
        case admit
        case validate
    }

    private static let operations: [AdmissionRequest.Operation] = [.create, .update, .delete]
    private static let seconds = [0.005, 0.025, 0.1, 0.5, 1, 2.5]
    private static let nanoseconds = seconds.map { Int($0 * 1e9) }

    /// By step, operation, and whether it refused.
    private let counts: [HistogramCounts]

    init(_ registry: MetricsRegistry) {
        counts = (0..<Step.allCases.count * Self.operations.count * 2).map { _ in HistogramCounts(bounds: Self.nanoseconds) }
        registry.histogram(
            "apiserver_admission_step_admission_duration_seconds", "Time that a step of admission took.", labels: ["operation", "rejected", "type"],
            buckets: Self.seconds
        ).read { [self] in
            Step.allCases.flatMap { step in
                Self.operations.flatMap { operation in
                    [false, true].map { isRefused in
                        let labels = [operation.rawValue, isRefused ? "true" : "false", "\(step)"]
                        return (labels, counts[Self.index(step, operation, isRefused)].reading(unit: 1e-9))
                    }
                }
            }.filter { $0.1.counts.contains { $0 > 0 } }
        }
    }

    private static func index(_ step: Step, _ operation: AdmissionRequest.Operation, _ isRefused: Bool) -> Int {
        let operation =
            switch operation {
            case .create, .connect: 0
            case .update: 1
            case .delete: 2
            }
        return (step.rawValue * operations.count + operation) * 2 + (isRefused ? 1 : 0)
    }

    func measure<Result>(
        _ step: Step, _ operation: AdmissionRequest.Operation, _ body: () throws(APIError) -> Result
    ) throws(APIError) -> Result {
        let start = MonotonicTime.now
        do throws(APIError) {
            let result = try body()
            counts[Self.index(step, operation, false)].observe(MonotonicTime.now - start)
            return result
        } catch {
            counts[Self.index(step, operation, true)].observe(MonotonicTime.now - start)
            throw error
        }
    }
}
