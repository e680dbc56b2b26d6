/// `/debug/api_priority_and_fairness/…`: how the levels and their queues stand, in columns as upstream has them.
extension FlowControl {
    static let dumpPath = "/debug/api_priority_and_fairness/"

    /// - Parameter name: what is asked for; nil for what there isn't.
    func dump(_ name: Substring) -> String? {
        switch name {
        case "dump_priority_levels": levelDump
        case "dump_queues": queueDump
        default: nil
        }
    }

    private var levelDump: String {
        let schemas = inForce.schemas
        let head = [
            "PriorityLevelName", "ActiveQueues", "IsIdle", "IsQuiescing", "WaitingRequests", "ExecutingRequests", "DispatchedRequests",
            "RejectedRequests", "TimedoutRequests", "CancelledRequests",
        ]
        let rows = levels.map { level in
            let (waiting, executing, queues) = level.standing
            let counts = schemas.filter { $0.level === level }.map(\.schema.counts)
            let refused = counts.map { $0.refused.withLock { $0 } }
            func sum(_ refusals: PriorityLevel.Refusal...) -> Int {
                refused.reduce(0) { sum, counts in refusals.reduce(sum) { $0 + (counts[$1] ?? 0) } }
            }
            // A level that is gone takes nothing any more, and is not told of.
            return [
                level.name, "\(queues?.queues.count { $0.count > 0 } ?? 0)", "\(waiting == 0 && executing == 0)", "false", "\(waiting)",
                "\(executing)",
                "\(counts.reduce(0) { $0 + $1.dispatched.load(ordering: .relaxed) })",
                "\(sum(.noSeat, .queueFull, .waitedTooLong, .cancelled))", "\(sum(.waitedTooLong))", "\(sum(.cancelled))",
            ]
        }
        return Self.table([head] + rows)
    }

    private var queueDump: String {
        let head = [
            "PriorityLevelName", "Index", "PendingRequests", "ExecutingRequests", "SeatsInUse", "NextDispatchR", "InitialSeatsSum", "MaxSeatsSum",
            "TotalWorkSum",
        ]
        let rows = levels.flatMap { level in
            (level.standing.queues?.queues ?? []).enumerated().map { index, queue in
                [
                    level.name, "\(index)", "\(queue.count)", "\(queue.executing)", "\(queue.seats)", Self.seatSeconds(queue.start),
                    "\(queue.waitingSeats)", "\(queue.waitingSeats)", Self.seatSeconds(queue.work),
                ]
            }
        }
        return Self.table([head] + rows)
    }

    /// Eight digits behind the point.
    private static func seatSeconds(_ seatNanoseconds: Double) -> String {
        let units = Int64((seatNanoseconds / 10).rounded())
        let (whole, part) = units.magnitude.quotientAndRemainder(dividingBy: 100_000_000)
        let digits = String(part)
        return "\(units < 0 ? "-" : "")\(whole).\(String(repeating: "0", count: 8 - digits.count))\(digits)ss"
    }

    /// Columns as wide as what is in them, commas between.
    private static func table(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.reduce(0) { max($0, $1[column].utf8.count) } }
        return rows.map { row in
            row.enumerated().map { column, text in
                column == row.count - 1 ? text : text + "," + String(repeating: " ", count: widths[column] - text.utf8.count + 1)
            }.joined() + "\n"
        }.joined()
    }
}
