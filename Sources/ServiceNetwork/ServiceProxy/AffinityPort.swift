import HostNetwork
import ObjectModel

/// The chains of a Service's port whose clients stay with their endpoint (`sessionAffinity: ClientIP`).
///
/// Each endpoint has a set of the clients that came to it lately and a chain that notes the client and sends it there.
struct AffinityPort: Sendable, Equatable {
    /// An entrance: a way to treat the source, and the endpoints that it may go to.
    struct Entrance: Sendable, Equatable {
        var treatment: PickChain.Treatment
        var endpoints: [ServiceEndpoint]
    }

    var namespace: String
    var service: String
    var transport: TransportProtocol
    var port: UInt16
    var family: IPAddress.Family
    var timeoutSeconds: Int
    var entrances: [Entrance]

    private var base: String { "affinity/\(namespace)/\(service)/\(transport.name)-\(port)-ipv\(family.rawValue)" }

    /// Names come from the API, which holds them to DNS labels; anything else is refused.
    func chain(_ treatment: PickChain.Treatment) -> NFName? { NFName("\(base)/\(treatment.rawValue)") }

    private func name(of endpoint: ServiceEndpoint) -> NFName? {
        NFName("\(base)/\(String(endpoint.address.description.map { $0 == ":" ? "_" : $0 }))/\(endpoint.port)")
    }

    /// The sets of clients.
    var sets: [NFName] { endpoints.compactMap(name) }

    private var endpoints: [ServiceEndpoint] { Array(Set(entrances.flatMap(\.endpoints))).sorted() }

    /// Creates everything that is not there and empties every chain; sets keep the clients that they know.
    ///
    /// `clients` are those that sets begin with; sets that are there already keep theirs.
    func prepare(in transaction: inout NFTransaction, clients: AffinityClients = AffinityClients()) {
        let ip = family.keyword
        for name in endpoints.compactMap(name) {
            transaction.addSet(name, "typeof \(ip) saddr ; flags dynamic,timeout ;")
            clients.add(to: &transaction, set: name)
            transaction.addChain(name)
            transaction.flushChain(name)
        }
        for name in entrances.compactMap({ chain($0.treatment) }) {
            transaction.addChain(name)
            transaction.flushChain(name)
        }
    }

    /// Fills the chains. All that they name has been prepared.
    func fill(in transaction: inout NFTransaction, clusterCIDRs: [CIDR]) {
        let ip = family.keyword
        for endpoint in endpoints {
            guard let name = name(of: endpoint) else { continue }
            transaction.addRule(name, "update @\(name) { \(ip) saddr timeout \(timeoutSeconds)s }")
            let target: NFText = family == .v4 ? "\(endpoint.address):\(endpoint.port)" : "[\(endpoint.address)]:\(endpoint.port)"
            transaction.addRule(name, "meta l4proto \(transport) dnat \(ip) to \(target)")
        }
        for entrance in entrances {
            guard let chain = chain(entrance.treatment) else { continue }
            let names = entrance.endpoints.compactMap(name)
            if let mark = entrance.treatment.mark(family: family, clusterCIDRs: clusterCIDRs) { transaction.addRule(chain, mark) }
            for name in names { transaction.addRule(chain, "\(ip) saddr @\(name) goto \(name)") }
            let targets = names.enumerated().map { "\($0.offset) : goto \($0.element)" as NFText }
            if !targets.isEmpty { transaction.addRule(chain, "numgen random mod \(names.count) vmap \(set: targets)") }
        }
    }

    /// Empties the chains, so that none refers to another; then they can be removed.
    func empty(in transaction: inout NFTransaction) {
        for name in entrances.compactMap({ chain($0.treatment) }) + endpoints.compactMap(name) { transaction.flushChain(name) }
    }

    /// Removes the emptied chains and sets that `successor` does not use.
    func remove(in transaction: inout NFTransaction, except successor: AffinityPort?) {
        let keptChains = Set((successor?.entrances ?? []).compactMap { successor?.chain($0.treatment) })
        let keptEndpoints = Set((successor?.endpoints ?? []).compactMap { successor?.name(of: $0) })
        for name in entrances.compactMap({ chain($0.treatment) }) where !keptChains.contains(name) { transaction.deleteChain(name) }
        for name in endpoints.compactMap(name) where !keptEndpoints.contains(name) {
            transaction.deleteChain(name)
            transaction.deleteSet(name)
        }
    }
}
