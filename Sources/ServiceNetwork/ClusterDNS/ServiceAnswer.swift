import HostNetwork
import ObjectModel

/// Answers about one Service that is not an ExternalName.
struct ServiceAnswer {
    let question: DNSQuestion
    let records: ServiceRecords
    let ttl: UInt32
    let rotation: UInt32

    /// `rest` are the labels in front of the Service's. Nil means that there is no such name; an answer without records, that it has none of that type.
    func build(_ rest: [ArraySlice<UInt8>]) -> ClusterZone.Answer? {
        switch rest.count {
        case 0: return service()
        case 1:
            if let transport = Self.transport(rest[0]) { return hasNamedPort(transport) ? ClusterZone.Answer() : nil }
            return endpoint(rest[0])
        case 2:
            guard rest[0].first == UInt8(ascii: "_"), let transport = Self.transport(rest[1]) else { return nil }
            return port(Array(rest[0].dropFirst()), transport)
        default: return nil
        }
    }

    /// The Service's own name: addresses, and SRV for all of its ports.
    private func service() -> ClusterZone.Answer? {
        switch records.target {
        case .clusterIPs(let addresses): return answer(addresses) { true }
        case .headless:
            // Without endpoints there is nothing at the name and nothing below it.
            guard !records.endpoints.isEmpty else { return nil }
            return answer(records.endpoints.map(\.address)) { true }
        case .external: return nil
        }
    }

    /// `label.service`: the endpoints of that hostname.
    private func endpoint(_ label: ArraySlice<UInt8>) -> ClusterZone.Answer? {
        let matching = records.endpoints.filter { $0.label.elementsEqual(label) }
        return matching.isEmpty ? nil : answer(matching.map(\.address)) { false }
    }

    /// `_port._protocol.service`.
    private func port(_ name: [UInt8], _ transport: TransportProtocol) -> ClusterZone.Answer? {
        let found = services { $0.name == name && $0.transport == transport && !name.isEmpty }
        guard !found.answers.isEmpty else { return nil }
        return question.type == .srv || question.type == .any ? found : ClusterZone.Answer()
    }

    private func answer(_ addresses: [IPAddress], hasServices: () -> Bool) -> ClusterZone.Answer {
        var seen: Set<IPAddress> = []
        let unique = addresses.filter { seen.insert($0).inserted }
        switch question.type {
        case .a: return ClusterZone.Answer(answers: rotated(unique.filter(\.isIPv4).map { .address(question.name, $0, ttl: ttl) }))
        case .aaaa: return ClusterZone.Answer(answers: rotated(unique.filter { !$0.isIPv4 }.map { .address(question.name, $0, ttl: ttl) }))
        case .any: return ClusterZone.Answer(answers: rotated(unique.map { .address(question.name, $0, ttl: ttl) }))
        case .srv: return hasServices() ? services { _ in true } : ClusterZone.Answer()
        default: return ClusterZone.Answer()
        }
    }

    /// SRV records of the ports that match, with the addresses that they lead to.
    private func services(_ isMatching: (ServiceRecords.Port) -> Bool) -> ClusterZone.Answer {
        var answer = ClusterZone.Answer()
        let name = serviceName
        switch records.target {
        case .clusterIPs(let addresses):
            for port in records.ports where isMatching(port) { answer.answers.append(service(port.port, 100, name)) }
            if !answer.answers.isEmpty { answer.additionals = addresses.map { .address(name, $0, ttl: ttl) } }
        case .headless:
            let matching = records.endpoints.flatMap { endpoint in endpoint.ports.filter(isMatching).map { (endpoint, $0) } }
            let weight = UInt16(max(1, 100 / max(1, matching.count)))
            for (endpoint, port) in matching {
                guard let target = name.prefixed(by: endpoint.label) else { continue }
                answer.answers.append(service(port.port, weight, target))
                let address = DNSRecord.address(target, endpoint.address, ttl: ttl)
                if !answer.additionals.contains(address) { answer.additionals.append(address) }
            }
            answer.answers = rotated(answer.answers)
        case .external: break
        }
        return answer
    }

    private func service(_ port: UInt16, _ weight: UInt16, _ target: DNSName) -> DNSRecord {
        DNSRecord(name: question.name, ttl: ttl, data: .srv(priority: 0, weight: weight, port: port, target: target))
    }

    /// The Service's name: the question's, without labels that name a port.
    private var serviceName: DNSName {
        var wire = question.name.wire[...]
        while let length = wire.first, wire.dropFirst().first == UInt8(ascii: "_") { wire = wire.dropFirst(1 + Int(length)) }
        return DNSName(wire: Array(wire))
    }

    private func hasNamedPort(_ transport: TransportProtocol) -> Bool {
        records.ports.contains { $0.transport == transport && !$0.name.isEmpty }
    }

    private func rotated(_ records: [DNSRecord]) -> [DNSRecord] {
        guard records.count > 1 else { return records }
        let shift = Int(rotation % UInt32(records.count))
        return Array(records[shift...] + records[..<shift])
    }

    private static func transport(_ label: ArraySlice<UInt8>) -> TransportProtocol? {
        TransportProtocol.allCases.first { label.elementsEqual("_\($0.name)".utf8) }
    }
}
