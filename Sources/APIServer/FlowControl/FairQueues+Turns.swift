extension FairQueues {
    /// The request that is to have the next seats.
    struct Turn: Sendable {
        var queue: Int
        var request: Request
        var dispatch: Dispatch
    }

    /// How the queues stood when a request got its seats, in virtual time.
    struct Dispatch: Sendable, Equatable {
        var progress: Double

        /// When it started.
        var start: Double

        /// Of the queues where requests waited the first and the last start, and these without the work under way.
        var starts: Bounds
        var discountedStarts: Bounds
    }

    struct Bounds: Sendable, Equatable {
        var min: Double
        var max: Double

        init(_ min: Double, _ max: Double) { (self.min, self.max) = (min, max) }

        mutating func include(_ number: Double) {
            min = Swift.min(min, number)
            max = Swift.max(max, number)
        }
    }

    /// Whose turn it is: the first of the queue whose first has the least virtual finish. It waits in place when it needs more seats than are free.
    var next: Turn? {
        guard count > 0 else { return nil }
        var best: (queue: Int, request: Request, finish: Double)?
        var (starts, discounted) = (Bounds(.infinity, -.infinity), Bounds(.infinity, -.infinity))
        var index = turn
        for _ in queues.indices {
            index = index + 1 < queues.count ? index + 1 : 0
            guard let request = queues[index].first else { continue }
            starts.include(queues[index].start)
            discounted.include(queues[index].discountedStart)
            let finish = queues[index].start + request.work
            if best.map({ finish < $0.finish }) ?? true { best = (index, request, finish) }
        }
        return best.map {
            let start = queues[$0.queue].start
            return Turn(
                queue: $0.queue, request: $0.request,
                dispatch: Dispatch(progress: time.progress, start: start, starts: starts, discountedStarts: discounted))
        }
    }
}
