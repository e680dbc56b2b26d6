extension WorkQueue {
    /// What a queue has done and has to do, for whoever tells of it.
    public struct Statistics: Sendable {
        /// Keys that wait for a worker.
        public var depth = 0

        /// Keys that were added, each time that it was not there already, and those that are to come back later.
        public var adds = 0
        public var retries = 0

        /// Time that the keys under way have taken so far: of all together, and of the one that takes longest.
        public var unfinished = Duration.zero
        public var longest = Duration.zero

        /// Time from when a key was added to when a worker took it, and from there to when it was done.
        public var waits = Durations()
        public var works = Durations()
    }

    /// Durations, counted by their order of magnitude.
    public struct Durations: Sendable, Equatable {
        /// Bounds in nanoseconds: 10, 100, … 1,000 s.
        public static let bounds: [Int64] = (0..<12).reduce(into: []) { bounds, _ in bounds.append((bounds.last ?? 1) * 10) }

        /// By bound; behind them what is longer.
        public private(set) var counts = Array(repeating: 0, count: bounds.count + 1)
        public private(set) var nanoseconds: Int64 = 0

        mutating func observe(_ duration: Duration) {
            let time = duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
            counts[Self.bounds.firstIndex { time <= $0 } ?? Self.bounds.count] += 1
            nanoseconds += time
        }
    }
}
