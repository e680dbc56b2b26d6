import Synchronization

/// Levels that do not need all of their seats lend them to those that need more.
///
/// Upstream looks at all levels every ten seconds. Here nobody looks while every request finds a seat at its level: the looking begins when one does not,
/// and ends when for a whole period no level used up its own.
extension FlowControl {
    func beginLending() {
        guard !isLending.load(ordering: .relaxed), !isLending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let now = MonotonicTime.now
        for level in levels { level.watchDemand(at: now) }
        lookLater()
    }

    private func lookLater() {
        _ = deadlines.add(limits.lendingPeriod) { [weak self] in
            guard let self else { return }
            if adjust(at: MonotonicTime.now) { lookLater() }
        }
    }

    /// Gives every level the seats that it may use until the next look. False where lending has ended, for no level used up its own.
    @discardableResult func adjust(at now: Int) -> Bool {
        let levels = levels
        let needs = levels.map { $0.lookAtDemand(at: now) }
        // Where requests are turned away instead of waiting, a level never shows that it wants more than it has.
        guard needs.contains(where: { !$0.isExempt && $0.peak > 0 && $0.peak >= $0.nominal }) else {
            isLending.store(false, ordering: .releasing)
            for level in levels { level.endLending(at: now) }
            fairFraction.withLock { $0 = 0 }
            return false
        }
        let allocation = SeatAllocation(needs)
        for (level, seats) in zip(levels, allocation.seats) { level.setLimit(seats, at: now) }
        fairFraction.withLock { $0 = allocation.fraction }
        return true
    }
}
