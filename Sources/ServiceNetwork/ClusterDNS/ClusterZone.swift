import HostNetwork
import ObjectModel
import Synchronization

/// The cluster's own names (Kubernetes DNS-based service discovery 1.1.0), answered from memory.
///
/// One lock guards the index. A question holds it for a few dictionary look-ups; a change, for one Service's records.
final class ClusterZone: Sendable {
    /// Such as `cluster.local.`
    let domain: DNSName

    /// Seconds that answers may be kept.
    let ttl: UInt32

    fileprivate struct State {
        /// By `namespace/name`.
        var services: [[UInt8]: ServiceRecords] = [:]
        var namespaces: Set<[UInt8]> = []

        /// Names that an address stands behind, by the Services that say so.
        var pointers: [IPAddress: [DNSName]] = [:]
        var serial: UInt32 = 1
    }

    private let state = Mutex(State())
    private let serverAddresses: [IPAddress]
    private let primaryName: DNSName
    private let mailbox: DNSName

    /// `serverAddresses` are those of cluster DNS itself, for `ns.dns` under the domain.
    init(domain: DNSName, ttl: UInt32, serverAddresses: [IPAddress]) {
        self.domain = domain
        self.ttl = ttl
        self.serverAddresses = serverAddresses
        primaryName = domain.prefixed(by: "dns".utf8)?.prefixed(by: "ns".utf8) ?? domain
        mailbox = domain.prefixed(by: "hostmaster".utf8) ?? domain
    }

    // MARK: Following the API

    func setService(namespace: String, name: String, _ records: ServiceRecords?) {
        let key = Array("\(namespace)/\(name)".utf8)
        guard let serviceName = self.name(of: [name, namespace, "svc"]) else { return }
        state.withLock { state in
            let old = state.services[key]
            guard old != records else { return }
            for (address, pointer) in pointers(old, serviceName) { state.removePointer(address, pointer) }
            for (address, pointer) in pointers(records, serviceName) { state.pointers[address, default: []].append(pointer) }
            state.services[key] = records
            state.serial &+= 1
        }
    }

    func setNamespace(_ name: String, exists: Bool) {
        state.withLock { state in
            if exists { state.namespaces.insert(Array(name.utf8)) } else { state.namespaces.remove(Array(name.utf8)) }
        }
    }

    private func name(of labels: [String]) -> DNSName? {
        labels.reversed().reduce(domain as DNSName?) { $0?.prefixed(by: $1.utf8) }
    }

    /// The addresses that lead back to a Service, with the name that each leads to.
    private func pointers(_ records: ServiceRecords?, _ name: DNSName) -> [(IPAddress, DNSName)] {
        guard let records else { return [] }
        var result: [(IPAddress, DNSName)] = []
        if case .clusterIPs(let addresses) = records.target { result += addresses.map { ($0, name) } }
        for endpoint in records.endpoints { if let name = name.prefixed(by: endpoint.label) { result.append((endpoint.address, name)) } }
        return result
    }

    // MARK: Answering

    enum Resolution: Equatable {
        case answer(Answer)

        /// The name is an alias of one outside of the cluster, which somebody else has to resolve.
        case alias(DNSRecord, target: DNSName)

        /// Not the cluster's name.
        case elsewhere
    }

    struct Answer: Equatable {
        var code: DNSResponseCode = .noError
        var answers: [DNSRecord] = []
        var authorities: [DNSRecord] = []
        var additionals: [DNSRecord] = []
    }

    /// `rotation` is a random number: answers of several addresses begin with a different one each time.
    func resolve(_ question: DNSQuestion, rotation: UInt32 = 0) -> Resolution {
        if let labels = question.name.labels(below: domain) { return resolve(question, labels, rotation) }
        if let address = ReverseName.address(question.name) { return reverse(question, address) }
        return .elsewhere
    }

    private func reverse(_ question: DNSQuestion, _ address: IPAddress) -> Resolution {
        let names = state.withLock { $0.pointers[address] ?? [] }
        guard !names.isEmpty else { return .elsewhere }
        guard question.type == .ptr || question.type == .any else { return .answer(nothing(.noError)) }
        var unique: [DNSName] = []
        for name in names where !unique.contains(name) { unique.append(name) }
        return .answer(Answer(answers: unique.map { DNSRecord(name: question.name, ttl: ttl, data: .ptr($0)) }))
    }

    private func resolve(_ question: DNSQuestion, _ labels: [ArraySlice<UInt8>], _ rotation: UInt32) -> Resolution {
        switch labels.last.map({ String(decoding: $0, as: UTF8.self) }) {
        case nil: .answer(apex(question))
        case "svc": resolveService(question, labels.dropLast(), rotation)
        case "pod": .answer(resolvePod(question, labels.dropLast()))
        case "dns-version" where labels.count == 1:
            .answer(records(question, [DNSRecord(name: question.name, ttl: ttl, data: .txt([Array("1.1.0".utf8)]))]))
        case "dns" where labels.count == 1: .answer(nothing(.noError))
        case "dns" where labels.count == 2 && labels[0].elementsEqual("ns".utf8):
            .answer(records(question, serverAddresses.map { .address(question.name, $0, ttl: ttl) }))
        default: .answer(nothing(.noSuchName))
        }
    }

    private func apex(_ question: DNSQuestion) -> Answer {
        records(question, [startOfAuthority, DNSRecord(name: domain, ttl: ttl, data: .ns(primaryName))])
    }

    /// `1-2-3-4.namespace.pod`: the address is in the name.
    private func resolvePod(_ question: DNSQuestion, _ labels: ArraySlice<ArraySlice<UInt8>>) -> Answer {
        guard let namespace = labels.last else { return nothing(.noError) }
        guard state.withLock({ $0.namespaces.contains(Array(namespace)) }) else { return nothing(.noSuchName) }
        guard let label = labels.dropLast().last else { return nothing(.noError) }
        guard labels.count == 2 else { return nothing(.noSuchName) }
        let text = String(decoding: label, as: UTF8.self)
        let dotted = IPAddress(String(text.map { $0 == "-" ? "." : $0 }))
        guard let address = dotted ?? IPAddress(String(text.map { $0 == "-" ? ":" : $0 })) else { return nothing(.noSuchName) }
        return records(question, [.address(question.name, address, ttl: ttl)])
    }

    /// Labels in front of `svc`: `[endpoint or _port _protocol] service namespace`.
    private func resolveService(_ question: DNSQuestion, _ labels: ArraySlice<ArraySlice<UInt8>>, _ rotation: UInt32) -> Resolution {
        guard let namespace = labels.last else { return .answer(nothing(.noError)) }
        guard let service = labels.dropLast().last else {
            let exists = state.withLock { $0.namespaces.contains(Array(namespace)) }
            return .answer(nothing(exists ? .noError : .noSuchName))
        }
        var key = Array(namespace)
        key.append(UInt8(ascii: "/"))
        key.append(contentsOf: service)
        guard let records = state.withLock({ $0.services[key] }) else { return .answer(nothing(.noSuchName)) }
        let rest = Array(labels.dropLast(2))
        if case .external(let target) = records.target {
            guard rest.isEmpty else { return .answer(nothing(.noSuchName)) }
            let alias = DNSRecord(name: question.name, ttl: ttl, data: .cname(target))
            if question.type == .cname { return .answer(Answer(answers: [alias])) }
            return .alias(alias, target: target)
        }
        return .answer(ServiceAnswer(question: question, records: records, ttl: ttl, rotation: rotation).build(rest) ?? nothing(.noSuchName))
            .completed { self.nothing($0) }
    }

    /// The records among `all` that are asked for; none means that the name has no such record.
    private func records(_ question: DNSQuestion, _ all: [DNSRecord]) -> Answer {
        let matching = all.filter { question.type == .any || $0.type == question.type }
        return matching.isEmpty ? nothing(.noError) : Answer(answers: matching)
    }

    /// An answer without records tells with the zone's SOA how long that holds (RFC 2308).
    private func nothing(_ code: DNSResponseCode) -> Answer { Answer(code: code, authorities: [startOfAuthority]) }

    private var startOfAuthority: DNSRecord {
        let serial = state.withLock { $0.serial }
        return DNSRecord(
            name: domain, ttl: ttl,
            data: .soa(primary: primaryName, mailbox: mailbox, serial: serial, refresh: 7200, retry: 1800, expire: 86400, minimum: ttl))
    }
}

extension ClusterZone.Resolution {
    /// Gives an answer without records its authority.
    fileprivate func completed(_ nothing: (DNSResponseCode) -> ClusterZone.Answer) -> ClusterZone.Resolution {
        guard case .answer(let answer) = self, answer.answers.isEmpty, answer.authorities.isEmpty else { return self }
        return .answer(nothing(answer.code))
    }
}

extension ClusterZone.State {
    fileprivate mutating func removePointer(_ address: IPAddress, _ name: DNSName) {
        guard var names = pointers[address], let index = names.firstIndex(of: name) else { return }
        names.remove(at: index)
        pointers[address] = names.isEmpty ? nil : names
    }
}
