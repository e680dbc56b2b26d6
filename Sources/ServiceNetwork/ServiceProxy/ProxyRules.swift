import HostNetwork
import ObjectModel

/// All that the packet filter should hold, and the difference that a change of some Services makes. No I/O: what comes out is a transaction.
struct ProxyRules: Sendable {
    private struct Entry: Sendable {
        var owner: ElementClaims.Owner
        var rules: ServiceRules
    }

    let table: ProxyTable
    var node: ProxyNode
    private var entries: [String: Entry] = [:]
    private var claims = ElementClaims()

    /// Shared chains that the kernel has. They stay once made: there is one per count of endpoints that was ever seen.
    private var pickChains: Set<PickChain> = []

    init(table: ProxyTable, node: ProxyNode) {
        self.table = table
        self.node = node
    }

    /// A Service as it is now; nil for one that is gone.
    typealias Update = (key: String, service: Value?, slices: [Value])

    struct Plan: Sendable {
        var transaction: NFTransaction

        /// Whether `healthChecks` changed.
        var changesHealthChecks = false

        /// UDP frontends whose endpoints changed, with those that they have now.
        var staleUDP: [ServiceRules.UDPFrontend: Set<ServiceRules.UDPEndpoint>] = [:]
    }

    var serviceCount: Int { entries.count }

    /// What load balancers ask for, by port.
    var healthChecks: [UInt16: ServiceRules.HealthCheck] {
        Dictionary(entries.values.compactMap(\.rules.healthCheck).map { ($0.port, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The sets that remember clients.
    var affinitySets: [NFName] { entries.values.flatMap(\.rules.affinity).flatMap(\.sets) }

    /// Takes changes in and answers what the kernel has to be told.
    mutating func update(_ updates: [Update]) -> Plan {
        var plan = Plan(transaction: NFTransaction(table: ProxyTable.name))
        var changes: ElementClaims.Changes = [:]
        var pairs: [(old: ServiceRules, new: ServiceRules)] = []
        for update in updates {
            let proxied = update.service.flatMap(ProxiedService.init)
            let new = proxied.map { ServiceRules($0, slices: update.slices, node: node) } ?? ServiceRules()
            let previous = entries[update.key]
            let owner = ElementClaims.Owner(creationTimestamp: proxied?.creationTimestamp ?? "", key: update.key)
            // Created anew under the same name: its age changed, so its claims are made anew.
            if let previous, proxied != nil, previous.owner != owner {
                claims.replace(previous.owner, old: previous.rules.elements, new: [:], changes: &changes)
                claims.replace(owner, old: [:], new: new.elements, changes: &changes)
            } else {
                claims.replace(owner, old: previous?.rules.elements ?? [:], new: new.elements, changes: &changes)
            }
            let old = previous?.rules ?? ServiceRules()
            entries[update.key] = proxied == nil ? nil : Entry(owner: owner, rules: new)
            if old.affinity != new.affinity || !old.affinity.isEmpty && old.elements != new.elements { pairs.append((old, new)) }
            if old.healthCheck != new.healthCheck { plan.changesHealthChecks = true }
            for (frontend, endpoints) in new.udp where old.udp[frontend] != endpoints { plan.staleUDP[frontend, default: []].formUnion(endpoints) }
            for frontend in old.udp.keys where new.udp[frontend] == nil { plan.staleUDP[frontend, default: []].formUnion([]) }
            for chain in new.pickChains where pickChains.insert(chain).inserted {
                chain.declare(in: &plan.transaction, clusterCIDRs: table.clusterCIDRs)
            }
        }
        write(changes, pairs, into: &plan.transaction)
        return plan
    }

    /// The order that the kernel needs: nothing is removed while something refers to it, nothing is referred to before it is there.
    private func write(_ changes: ElementClaims.Changes, _ affinity: [(old: ServiceRules, new: ServiceRules)], into transaction: inout NFTransaction)
    {
        let effective = changes.filter { $0.value.before != $0.value.after }
        var removed: [ProxySet: [NFText]] = [:]
        var added: [ProxySet: [NFText]] = [:]
        for (element, change) in effective {
            if change.before != nil { removed[element.set, default: []].append(element.key) }
            if let after = change.after { added[element.set, default: []].append(Self.text(element.key, after)) }
        }
        for set in ProxySet.all { transaction.deleteElements(set.name, (removed[set] ?? []).sorted()) }
        for pair in affinity {
            for port in pair.old.affinity { port.empty(in: &transaction) }
            for port in pair.new.affinity { port.prepare(in: &transaction) }
            for port in pair.new.affinity { port.fill(in: &transaction, clusterCIDRs: table.clusterCIDRs) }
            for port in pair.old.affinity { port.remove(in: &transaction, except: pair.new.affinity.first { $0.isSamePort(as: port) }) }
        }
        for set in ProxySet.all { transaction.addElements(set.name, (added[set] ?? []).sorted()) }
    }

    /// Everything, in place of whatever the table holds: for the start, and for when the kernel and these rules have parted.
    ///
    /// The kernel swaps the whole table at once; packets see the old one or the new one, and connections live on in connection tracking.
    ///
    /// `clients` are those of Services with affinity that the table to be replaced knows.
    func replacement(clients: AffinityClients = AffinityClients()) -> NFTransaction {
        var transaction = NFTransaction(table: ProxyTable.name)
        transaction.deleteTable()
        table.declare(in: &transaction)
        for chain in pickChains.sorted(by: { $0.name.description < $1.name.description }) {
            chain.declare(in: &transaction, clusterCIDRs: table.clusterCIDRs)
        }
        for (_, entry) in entries.sorted(by: { $0.key < $1.key }) {
            for port in entry.rules.affinity { port.prepare(in: &transaction, clients: clients) }
            for port in entry.rules.affinity { port.fill(in: &transaction, clusterCIDRs: table.clusterCIDRs) }
        }
        var elements: [ProxySet: [NFText]] = [:]
        for (element, data) in claims.effective { elements[element.set, default: []].append(Self.text(element.key, data)) }
        for set in ProxySet.all { transaction.addElements(set.name, (elements[set] ?? []).sorted()) }
        return transaction
    }

    private static func text(_ key: NFText, _ data: NFText) -> NFText { data == "" ? key : "\(key) : \(data)" }
}

extension AffinityPort {
    func isSamePort(as other: AffinityPort) -> Bool { (transport, port, family) == (other.transport, other.port, other.family) }
}

extension [NFText] {
    /// By text, so that a transaction is the same for the same change.
    fileprivate func sorted() -> [NFText] { sorted { $0.description < $1.description } }
}
