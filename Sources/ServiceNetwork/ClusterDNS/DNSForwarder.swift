import HostNetwork
import Logging
import ObjectModel
import Synchronization

/// Names that are not the cluster's: asked of the host's resolvers, remembered for a while. A question that is being asked is not asked twice, which
/// also keeps a loop (a resolver that asks cluster DNS again) from growing.
final class DNSForwarder: Sendable {
    private struct State {
        var cache: DNSCache
        var asking: [DNSCache.Key: Task<DNSMessage?, Never>] = [:]

        /// The resolver that answered last is asked first.
        var preferred = 0
        var isLooping = false
    }

    private let resolvers: ResolverConfiguration
    private let exchange: DNSExchange
    private let attempt: Duration
    private let state: Mutex<State>
    private let clock = ContinuousClock()

    /// Questions that are asked at a time, at most; beyond, the answer is a failure.
    private static let askingMax = 4096

    /// How often the list of resolvers is gone through.
    private static let rounds = 2

    /// `attempt` is how long one resolver has for one answer. Clients ask again after five seconds.
    init(resolvers: ResolverConfiguration, exchange: DNSExchange, cacheCountMax: Int = 10_000, attempt: Duration = .milliseconds(1500)) {
        self.resolvers = resolvers
        self.exchange = exchange
        self.attempt = attempt
        state = Mutex(State(cache: DNSCache(countMax: cacheCountMax)))
    }

    /// What is known already, without asking anybody.
    func known(_ key: DNSCache.Key) -> DNSMessage? {
        let now = clock.now
        return state.withLock { $0.cache.find(key, now: now) }
    }

    /// The resolvers' answer, or nil where none came: a failure to the client.
    func resolve(_ key: DNSCache.Key) async -> DNSMessage? {
        if let message = known(key) { return message }
        let task = state.withLock { state -> Task<DNSMessage?, Never>? in
            if let task = state.asking[key] { return task }
            guard state.asking.count < Self.askingMax, !state.isLooping else { return nil }
            let task = Task { await self.ask(key) }
            state.asking[key] = task
            return task
        }
        return await task?.value
    }

    /// Ends forwarding: the resolvers lead back here.
    func stopLoop() { state.withLock { $0.isLooping = true } }

    var isLooping: Bool { state.withLock { $0.isLooping } }

    private func ask(_ key: DNSCache.Key) async -> DNSMessage? {
        let message = await askAll(key)
        let now = clock.now
        state.withLock { state in
            state.asking[key] = nil
            if let message { state.cache.store(key, message, now: now) }
        }
        return message
    }

    private func askAll(_ key: DNSCache.Key) async -> DNSMessage? {
        var flags: DNSFlags = .recursionDesired
        if key.checkingDisabled { flags.insert(.checkingDisabled) }
        let query = DNSMessage(
            id: 0, flags: flags, questions: [key.question], edns: .init(payloadSize: DNSResponder.payloadMax, wantsDNSSEC: key.wantsDNSSEC))
        let servers = resolvers.servers
        guard !servers.isEmpty else { return nil }
        let first = state.withLock { $0.preferred } % servers.count
        var failure: DNSMessage?
        for step in 0..<(servers.count * Self.rounds) {
            let index = (first + step) % servers.count
            guard let answer = await exchange.ask(servers[index], query, timeout: attempt) else { continue }
            // A resolver that cannot or will not is no reason to give up on the others.
            switch answer.flags.responseCode {
            case .noError, .noSuchName:
                state.withLock { $0.preferred = index }
                return answer
            case .formatError where answer.edns == nil:
                // It does not know EDNS: once more without.
                var plain = query
                plain.edns = nil
                if let answer = await exchange.ask(servers[index], plain, timeout: attempt) { return answer }
            default: failure = answer
            }
            if step == servers.count - 1, failure != nil { break }
        }
        return failure
    }
}
