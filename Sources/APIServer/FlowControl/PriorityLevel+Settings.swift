extension PriorityLevel {
    /// `PriorityLevelConfigurationSpec`, with the seats that its shares come to.
    struct Settings: Sendable, Equatable {
        var seats = 0

        /// What is left when it has lent all that it lends, and what it has with all that it may borrow.
        var seatsMin = 0
        var seatsMax = Int.max
        var isExempt = false

        /// Nil turns away what finds no seat.
        var queuing: Queuing?

        /// The seats of all levels together.
        var allSeats = 0

        struct Queuing: Sendable, Equatable {
            var queues: Int
            var handSize: Int
            var lengthMax: Int
        }

        /// What one request may take, at most: where others queue, no large part of all.
        var seatsOfRequestMax: Int {
            guard !isExempt, let queuing else { return WorkEstimator.seatsMax }
            let part = min(Int((Double(seats) * 0.15).rounded(.up)), seats / max(1, queuing.handSize))
            return min(WorkEstimator.seatsMax, max(1, part))
        }

        /// By what its use is measured when it has so many seats.
        func capacity(limit: Int) -> Utilization.Capacity {
            let places = queuing.map { max(1, $0.lengthMax) * max(1, $0.queues) } ?? 1
            return .init(seats: limit > 0 ? limit : max(1, Int((Double(allSeats) / 10).rounded())), places: places)
        }
    }
}

extension FairQueues {
    init(_ settings: PriorityLevel.Settings.Queuing, at now: Int) {
        self.init(queues: settings.queues, handSize: settings.handSize, lengthMax: settings.lengthMax, at: now)
    }
}
