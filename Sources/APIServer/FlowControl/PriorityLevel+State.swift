extension PriorityLevel.State {
    /// What its requests hold or wait for.
    var wanted: Int { taken + (queues?.seats ?? 0) }

    /// Whether a request that comes now gets its seats at once. Who waits goes first.
    func hasRoom(_ seats: Int) -> Bool { settings.isExempt || !isAwaited && fits(seats) }

    var isAwaited: Bool { (queues?.count ?? 0) > 0 }

    /// One that needs more than there is may have the whole level to itself.
    private func fits(_ seats: Int) -> Bool { taken < limit && (taken == 0 || taken + seats <= limit) }

    mutating func take(_ seats: Int) {
        executing += 1
        taken += seats
    }

    mutating func release(_ seats: Int, _ queue: Int?) {
        taken -= seats
        if let queue { queues?.release(seats: seats, in: queue) }
    }

    /// Comes to the present before anything changes: frees what has lingered long enough, each at its time.
    mutating func settle(at now: Int) {
        if let next = lingering.next, next <= now {
            var lingering = lingering
            lingering.free(at: now) { seats in
                queues?.advance(to: seats.until)
                release(seats.count, seats.queue)
                note(at: seats.until)
            }
            self.lingering = lingering
        }
        queues?.advance(to: now)
    }

    /// Keeps account of what is in use, after it has changed.
    mutating func note(at now: Int) {
        let waitingSeats = queues?.seats ?? 0
        utilization.change(seats: taken, requests: executing, waiting: queues?.count ?? 0, waitingSeats: waitingSeats, at: now)
        queues?.share(seats: min(taken + waitingSeats, limit))
        guard demand != nil else { return }
        let wanted = wanted
        demand?.change(to: wanted, at: now)
    }

    /// Lets in those whose turn it is, as long as there is room for the next.
    mutating func seatWaiting(at now: Int) -> [WaitingRequests.Ending] {
        var ended: [WaitingRequests.Ending] = []
        while settings.isExempt || taken < limit, let next = queues?.next {
            guard settings.isExempt || fits(next.request.seats) else {
                waiting.countUnaccommodated(next.request.id)
                break
            }
            queues?.begin(next)
            take(next.request.seats)
            if let ending = waiting.end(next.request.id, nil, at: now) { ended.append(ending) }
        }
        return ended
    }
}
