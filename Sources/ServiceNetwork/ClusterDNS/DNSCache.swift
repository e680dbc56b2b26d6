/// Answers of other resolvers, for as long as they allow. Bounded: two generations, of which the older is dropped when the younger is full.
struct DNSCache: Sendable {
    struct Key: Hashable, Sendable {
        var question: DNSQuestion
        var wantsDNSSEC: Bool
        var checkingDisabled: Bool
    }

    private struct Entry {
        var message: DNSMessage
        var stored: ContinuousClock.Instant
        var expires: ContinuousClock.Instant
    }

    private var young: [Key: Entry] = [:]
    private var old: [Key: Entry] = [:]
    private let countMax: Int

    /// No answer is kept longer, whatever it says.
    private static let ttlMax: UInt32 = 3600

    /// No negative answer is kept longer.
    private static let negativeMax: UInt32 = 30

    init(countMax: Int = 10_000) { self.countMax = countMax }

    var count: Int { young.count + old.count }

    /// An answer with what is left of its records' time.
    mutating func find(_ key: Key, now: ContinuousClock.Instant) -> DNSMessage? {
        var found = young[key]
        if found == nil, let entry = old.removeValue(forKey: key) {
            found = entry
            insert(key, entry)
        }
        guard let entry = found else { return nil }
        guard now < entry.expires else {
            young[key] = nil
            return nil
        }
        let age = UInt32(clamping: (now - entry.stored).components.seconds)
        return entry.message.aged(by: age)
    }

    mutating func store(_ key: Key, _ message: DNSMessage, now: ContinuousClock.Instant) {
        guard let ttl = Self.lifetime(message), ttl > 0 else { return }
        insert(key, Entry(message: message, stored: now, expires: now + .seconds(Int64(ttl))))
    }

    private mutating func insert(_ key: Key, _ entry: Entry) {
        if young.count >= countMax / 2 {
            old = young
            young = [:]
        }
        young[key] = entry
    }

    /// Seconds that a message may be kept; nil for one that may not.
    static func lifetime(_ message: DNSMessage) -> UInt32? {
        guard !message.flags.contains(.truncated) else { return nil }
        switch message.flags.responseCode {
        case .noError where !message.answers.isEmpty:
            let ttl = (message.answers + message.authorities).map(\.ttl).min() ?? 0
            return min(ttl, ttlMax)
        case .noError, .noSuchName:
            // As long as the zone's SOA says; without one, not at all (RFC 2308).
            for record in message.authorities {
                if case .soa(_, _, _, _, _, _, let minimum) = record.data {
                    let answers = message.answers.map(\.ttl).min() ?? negativeMax
                    return min(record.ttl, minimum, answers, negativeMax)
                }
            }
            return nil
        default: return nil
        }
    }
}

extension DNSMessage {
    fileprivate func aged(by seconds: UInt32) -> DNSMessage {
        guard seconds > 0 else { return self }
        var message = self
        for index in message.answers.indices { message.answers[index].ttl -= min(seconds, message.answers[index].ttl) }
        for index in message.authorities.indices { message.authorities[index].ttl -= min(seconds, message.authorities[index].ttl) }
        for index in message.additionals.indices { message.additionals[index].ttl -= min(seconds, message.additionals[index].ttl) }
        return message
    }
}
