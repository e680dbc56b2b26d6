import HostNetwork
import ObjectModel

/// Turns a query's bytes into an answer's: from the cluster's zone at once, from other resolvers later.
struct DNSResponder: Sendable {
    /// Bytes of a datagram that pass every network unbroken (the EDNS payload size that servers agreed upon in 2020).
    static let payloadMax: UInt16 = 1232

    enum Transport: Sendable { case datagram, stream }

    enum Outcome: Sendable {
        case answer([UInt8])

        /// Has to be asked for: `DNSResponder.finish` does.
        case pending(Pending)

        /// Nothing is said to what is no query.
        case silence
    }

    /// A query whose answer others have.
    struct Pending: Sendable {
        var query: DNSMessage
        var transport: Transport

        /// Aliases that led to the name that is to be asked for.
        var aliases: [DNSRecord]
        var key: DNSCache.Key
    }

    let zone: ClusterZone
    let forwarder: DNSForwarder

    /// Called with the name of a probe that came in: then the resolvers lead back here.
    let loopProbe: LoopProbe

    /// Aliases that are followed, at most.
    private static let aliasesMax = 8

    func respond(to bytes: [UInt8], over transport: Transport) -> Outcome {
        guard let header = DNSReader.header(bytes), !header.flags.contains(.response) else { return .silence }
        guard let query = try? DNSReader.message(bytes) else { return .answer(Self.failure(header.id, header.flags, .formatError)) }
        guard query.flags.opcode == 0 else { return .answer(Self.failure(header.id, header.flags, .notImplemented)) }
        guard query.questions.count == 1, let question = query.questions.first else {
            return .answer(Self.failure(header.id, header.flags, .formatError))
        }
        if let edns = query.edns, edns.version > 0 { return .answer(badVersion(query, transport)) }
        guard question.recordClass == 1 else { return .answer(finish(query, transport, DNSMessage(id: 0, flags: Self.code(.refused)))) }
        if loopProbe.isOwn(question.name) { forwarder.stopLoop() }
        return resolve(query, question, transport)
    }

    private func resolve(_ query: DNSMessage, _ question: DNSQuestion, _ transport: Transport) -> Outcome {
        var aliases: [DNSRecord] = []
        var asked = question
        while true {
            switch zone.resolve(asked, rotation: UInt32(query.id) &* 2_654_435_761 >> 16) {
            case .answer(let answer):
                var message = DNSMessage(id: 0, flags: Self.code(answer.code).union(.authoritative))
                message.answers = aliases + answer.answers
                message.authorities = answer.authorities
                message.additionals = answer.additionals
                return .answer(finish(query, transport, message))
            case .alias(let alias, let target):
                aliases.append(alias)
                guard aliases.count < Self.aliasesMax else {
                    return .answer(finish(query, transport, DNSMessage(id: 0, flags: Self.code(.serverFailure))))
                }
                asked.name = target
            case .elsewhere:
                let key = DNSCache.Key(
                    question: asked, wantsDNSSEC: query.edns?.wantsDNSSEC ?? false, checkingDisabled: query.flags.contains(.checkingDisabled))
                let pending = Pending(query: query, transport: transport, aliases: aliases, key: key)
                if let known = forwarder.known(key) { return .answer(finish(pending, known)) }
                // Without "recursion desired" only what is known is told.
                guard query.flags.contains(.recursionDesired) else { return .answer(finish(pending, DNSMessage(id: 0, flags: Self.code(.refused)))) }
                return .pending(pending)
            }
        }
    }

    /// Waits for the resolvers.
    func finish(_ pending: Pending) async -> [UInt8] {
        let message = await forwarder.resolve(pending.key) ?? DNSMessage(id: 0, flags: Self.code(.serverFailure))
        return finish(pending, message)
    }

    private func finish(_ pending: Pending, _ answer: DNSMessage) -> [UInt8] {
        var message = answer
        message.answers = pending.aliases + answer.answers
        message.flags.remove([.authoritative, .truncated])
        // Validation is the client's; what a resolver says of it is not ours to vouch for.
        if !pending.key.wantsDNSSEC { message.flags.remove(.authenticData) }
        return finish(pending.query, pending.transport, message)
    }

    /// Makes an answer fit its query: identifier, question, flags and size.
    private func finish(_ query: DNSMessage, _ transport: Transport, _ answer: DNSMessage) -> [UInt8] {
        var message = answer
        message.id = query.id
        message.questions = query.questions
        message.flags.insert([.response, .recursionAvailable])
        message.flags.remove([.recursionDesired, .checkingDisabled])
        message.flags.formUnion(query.flags.intersection([.recursionDesired, .checkingDisabled]))
        message.edns = query.edns.map { DNSMessage.EDNS(payloadSize: Self.payloadMax, wantsDNSSEC: $0.wantsDNSSEC) }
        let sizeMax: Int =
            switch transport {
            case .stream: 65535
            case .datagram: query.edns.map { Int(min(max($0.payloadSize, 512), Self.payloadMax)) } ?? 512
            }
        return DNSWriter.bytes(message, sizeMax: sizeMax)
    }

    /// EDNS of a version to come: BADVERS, whose upper bits travel in OPT.
    private func badVersion(_ query: DNSMessage, _ transport: Transport) -> [UInt8] {
        var message = DNSMessage(id: query.id, flags: [.response], questions: query.questions)
        message.edns = .init(payloadSize: Self.payloadMax, extendedResponseCode: 1)
        return DNSWriter.bytes(message)
    }

    private static func code(_ code: DNSResponseCode) -> DNSFlags {
        var flags: DNSFlags = []
        flags.responseCode = code
        return flags
    }

    private static func failure(_ id: UInt16, _ flags: DNSFlags, _ code: DNSResponseCode) -> [UInt8] {
        var answer = DNSFlags(rawValue: flags.rawValue & 0x7900).union(.response)
        answer.responseCode = code
        return DNSWriter.bytes(DNSMessage(id: id, flags: answer))
    }
}

/// A name that nobody else would ask for. If the host's resolvers bring it back, they lead to cluster DNS, and to forward to them would never end.
struct LoopProbe: Sendable {
    let name: DNSName

    init(domain: DNSName) {
        let token = String(UInt64.random(in: .min ... .max), radix: 16)
        name = domain.prefixed(by: "loop-probe".utf8)?.prefixed(by: token.utf8) ?? domain
    }

    func isOwn(_ name: DNSName) -> Bool { name == self.name }

    var key: DNSCache.Key { DNSCache.Key(question: DNSQuestion(name: name, type: .txt), wantsDNSSEC: false, checkingDisabled: false) }
}
