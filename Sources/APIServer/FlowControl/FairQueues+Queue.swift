extension FairQueues {
    /// First in, first out.
    struct Queue: Sendable {
        /// What has been taken is cut off when it is half of all.
        private var requests: [Request] = []
        private var taken = 0

        /// What those that wait are taken to need together.
        private(set) var work = 0.0

        /// Requests that are under way, and the seats that they hold, those counted in that linger.
        private(set) var executing = 0
        var seats = 0

        /// When its next request starts, in virtual time.
        var start = 0.0

        var count: Int { requests.count - taken }
        var isIdle: Bool { executing == 0 && count == 0 }
        var waitingSeats: Int { requests[taken...].reduce(0) { $0 + $1.seats } }
        var first: Request? { count > 0 ? requests[taken] : nil }

        /// Where it would stand but for the work under way.
        var discountedStart: Double { start - Double(seats * FairQueues.serviceTime) }

        mutating func append(_ request: Request) {
            requests.append(request)
            work += request.work
        }

        mutating func remove(_ id: UInt64) -> Request? {
            guard let place = requests[taken...].firstIndex(where: { $0.id == id }) else { return nil }
            let request = requests.remove(at: place)
            work = count > 0 ? work - request.work : 0
            boundStart()
            return request
        }

        /// A request begins that needn't wait. Tells whether it is the only one, and where the queue stood but for the work under way.
        mutating func begin(seats: Int, work: Double, notBefore progress: Double) -> (isFirst: Bool, discountedStart: Double) {
            let isFirst = isIdle
            start = isFirst ? progress : max(start, progress)
            let discounted = discountedStart
            begin(seats: seats, work: work)
            return (isFirst, discounted)
        }

        private mutating func begin(seats: Int, work: Double) {
            executing += 1
            self.seats += seats
            start += work
        }

        mutating func beginFirst() -> Request? {
            guard let request = first else { return nil }
            taken += 1
            if taken * 2 > requests.count {
                requests.removeFirst(taken)
                taken = 0
            }
            work = count > 0 ? work - request.work : 0
            begin(seats: request.seats, work: request.work)
            boundStart()
            return request
        }

        /// Tells whether that was the last.
        mutating func finish(seats: Int, after nanoseconds: Int) -> Bool {
            executing -= 1
            start += Double(seats * (nanoseconds - FairQueues.serviceTime))
            boundStart()
            return isIdle
        }

        /// Nothing starts before it has come: who left its part to others can't claim it later.
        mutating func boundStart() {
            if count > 0 { start = max(start, requests[taken].arrival) }
        }
    }
}
