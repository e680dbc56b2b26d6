/// What a level wants of others or can spare, and what it was given.
extension PriorityLevel {
    /// What a level's requests held and waited for when it was looked at last.
    struct Need: Sendable, Equatable {
        var observed = SeatDemand.Observation()

        /// Follows a rise at once and a fall slowly.
        var smoothed = 0.0
        var target = 0.0
    }

    /// Begins to keep account of what its requests want.
    func watchDemand(at now: Int) {
        state.withLock { if $0.demand == nil { $0.demand = SeatDemand($0.wanted, at: now) } }
    }

    /// How much of the old a fall leaves in what is smoothed: upstream's, for looks ten seconds apart.
    private static let smoothing = 0.977

    /// What its requests wanted since the last look.
    func lookAtDemand(at now: Int) -> SeatAllocation.Level {
        state.withLock { state in
            let observed = state.demand?.observe(at: now) ?? SeatDemand.Observation()
            let smoothed = max(observed.envelope, Self.smoothing * state.need.smoothed + (1 - Self.smoothing) * observed.envelope)
            let settings = state.settings
            let level = SeatAllocation.Level(
                isExempt: settings.isExempt, nominal: settings.seats, lower: settings.seatsMin, upper: settings.seatsMax, peak: observed.peak,
                demand: smoothed)
            state.need = Need(observed: observed, smoothed: smoothed, target: level.target)
            return level
        }
    }

    /// Has so many seats from now on.
    func setLimit(_ seats: Int, at now: Int) {
        change(at: now) { state in
            state.limit = seats
            state.utilization.change(state.settings.capacity(limit: seats), at: now)
            return state.seatWaiting(at: now)
        }
    }

    /// Has its own seats again, and keeps no account.
    func endLending(at now: Int) {
        let seats = state.withLock { state in
            state.demand = nil
            state.need = Need()
            return state.settings.seats
        }
        setLimit(seats, at: now)
    }
}
