/// The pods that wait for a node: those to try now, those that pause after a failure, and those for which something must change first. Times are on
/// any clock that only goes forward.
struct SchedulingQueue {
    static let backoffInitial: Duration = .seconds(1)
    static let backoffMax: Duration = .seconds(10)

    /// A pod that nothing woke for this long is tried all the same.
    static let unschedulableMax: Duration = .seconds(300)

    private enum Place { case active, backoff(isError: Bool), unschedulable, gated, underway }

    private struct Entry {
        var pod: PodInfo
        var place: Place

        /// Tells an entry's last ticket from those that lie in the heaps still.
        var ticket: Int
        var added: Duration
        var attempts = 0
        var lastFailure: Duration = .zero
        var rejectedBy: PluginSet = []
    }

    private struct Ticket {
        var uid: String
        var number: Int
        var priority: Int
        var time: Duration
    }

    private var entries: [String: Entry] = [:]

    /// By priority, then by age.
    private var active = Heap<Ticket> { ($1.priority, $0.time, $0.number) < ($0.priority, $1.time, $1.number) }
    private var backoff = Heap<Ticket> { ($0.time, $0.number) < ($1.time, $1.number) }
    private var stale = Heap<Ticket> { ($0.time, $0.number) < ($1.time, $1.number) }
    private var ticketCount = 0

    var count: Int { entries.count }

    /// How many pods wait in each way, as upstream names them.
    var counts: [String: Int] {
        var result = ["active": 0, "backoff": 0, "unschedulable": 0, "gated": 0]
        for entry in entries.values {
            switch entry.place {
            case .active: result["active", default: 0] += 1
            case .backoff: result["backoff", default: 0] += 1
            case .unschedulable: result["unschedulable", default: 0] += 1
            case .gated: result["gated", default: 0] += 1
            case .underway: break
            }
        }
        return result
    }

    /// How often a pod was tried, and since when it is here.
    func history(_ uid: String) -> (attempts: Int, added: Duration)? { entries[uid].map { ($0.attempts, $0.added) } }

    func contains(_ uid: String) -> Bool { entries[uid] != nil }

    // MARK: Pods come, change and go

    /// Takes a new pod, or what has become of one that is here.
    mutating func set(_ pod: PodInfo, now: Duration) {
        guard var entry = entries[pod.uid] else {
            entries[pod.uid] = Entry(pod: pod, place: .gated, ticket: 0, added: now)
            if !pod.isGated { activate(pod.uid, now) }
            return
        }
        let old = entry.pod
        entry.pod = pod
        entries[pod.uid] = entry
        switch entry.place {
        case .gated: if !pod.isGated { activate(pod.uid, now) }
        case .unschedulable: if old.object.spec != pod.object.spec || old.labels != pod.labels { requeue(pod.uid, now) }
        case .active: if old.priority != pod.priority { activate(pod.uid, now) }
        case .backoff, .underway: break
        }
    }

    mutating func remove(_ uid: String) { entries[uid] = nil }

    // MARK: Trying

    /// The pod to try next. Where none is due, one that only pauses is better than idling, unless it pauses after an error.
    mutating func pop(now: Duration) -> PodInfo? {
        wakeDue(now)
        while let ticket = active.popFirst() {
            if let pod = begin(ticket) { return pod }
        }
        while let ticket = backoff.first {
            if case .backoff(isError: true)? = valid(ticket)?.place { return nil }
            _ = backoff.popFirst()
            if let pod = begin(ticket) { return pod }
        }
        return nil
    }

    private mutating func begin(_ ticket: Ticket) -> PodInfo? {
        guard var entry = valid(ticket) else { return nil }
        entry.place = .underway
        entry.attempts += 1
        entries[ticket.uid] = entry
        return entry.pod
    }

    /// The pod found no node because of these plugins. It waits until something changes that could help.
    mutating func wait(_ uid: String, rejectedBy: PluginSet, now: Duration) {
        guard var entry = entries[uid] else { return }
        entry.lastFailure = now
        entry.rejectedBy = rejectedBy
        entry.place = entry.pod.isGated ? .gated : .unschedulable
        entries[uid] = entry
        stale.insert(ticket(uid, now + Self.unschedulableMax))
    }

    /// Something went wrong on the way. The pod is tried again after a pause.
    mutating func retry(_ uid: String, now: Duration) {
        entries[uid]?.lastFailure = now
        pause(uid, isError: true)
    }

    // MARK: Waking

    /// Something changed: pods that wait for such come back.
    mutating func wake(now: Duration, where mayHelp: (PodInfo, PluginSet) -> Bool) {
        for (uid, entry) in entries {
            if case .unschedulable = entry.place, mayHelp(entry.pod, entry.rejectedBy) { requeue(uid, now) }
        }
    }

    /// When something is due next; nil: nothing is, until something changes.
    mutating func nextDeadline() -> Duration? {
        while let ticket = backoff.first, valid(ticket) == nil { _ = backoff.popFirst() }
        while let ticket = stale.first, valid(ticket) == nil { _ = stale.popFirst() }
        return [backoff.first?.time, stale.first?.time].compactMap { $0 }.min()
    }

    private mutating func wakeDue(_ now: Duration) {
        while let ticket = backoff.first, ticket.time <= now {
            _ = backoff.popFirst()
            if valid(ticket) != nil { activate(ticket.uid, now) }
        }
        while let ticket = stale.first, ticket.time <= now {
            _ = stale.popFirst()
            if valid(ticket) != nil { requeue(ticket.uid, now) }
        }
    }

    // MARK: Parts

    /// The ticket's entry, if it is the entry's last ticket.
    private func valid(_ ticket: Ticket) -> Entry? {
        guard let entry = entries[ticket.uid], entry.ticket == ticket.number else { return nil }
        return entry
    }

    private mutating func ticket(_ uid: String, _ time: Duration) -> Ticket {
        ticketCount += 1
        entries[uid]?.ticket = ticketCount
        return Ticket(uid: uid, number: ticketCount, priority: entries[uid]?.pod.priority ?? 0, time: time)
    }

    private mutating func activate(_ uid: String, _ now: Duration) {
        guard let added = entries[uid]?.added else { return }
        entries[uid]?.place = .active
        active.insert(ticket(uid, added))
    }

    /// To be tried, once its pause is over.
    private mutating func requeue(_ uid: String, _ now: Duration) {
        guard let entry = entries[uid] else { return }
        if entry.attempts == 0 || entry.lastFailure + Self.pause(entry.attempts) <= now {
            activate(uid, now)
        } else {
            pause(uid, isError: false)
        }
    }

    private mutating func pause(_ uid: String, isError: Bool) {
        guard let entry = entries[uid] else { return }
        entries[uid]?.place = .backoff(isError: isError)
        backoff.insert(ticket(uid, entry.lastFailure + Self.pause(entry.attempts)))
    }

    static func pause(_ attempts: Int) -> Duration { min(backoffMax, backoffInitial * (1 << min(max(attempts - 1, 0), 10))) }
}
