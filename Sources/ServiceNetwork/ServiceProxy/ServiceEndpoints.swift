import HostNetwork
import ObjectModel

/// One endpoint of a Service's port.
struct ServiceEndpoint: Sendable, Hashable, Comparable {
    var address: IPAddress
    var port: UInt16
    var isLocal: Bool
    var isReady: Bool
    var isServing: Bool
    var isTerminating: Bool

    /// Where the EndpointSlice controller would have the endpoint used (`hints`); nil where it does not say.
    var zoneHints: Set<String>?
    var nodeHints: Set<String>?

    static func < (a: ServiceEndpoint, b: ServiceEndpoint) -> Bool { (a.address, a.port) < (b.address, b.port) }
}

/// The node that the rules are for.
struct ProxyNode: Sendable, Equatable {
    var name: String

    /// Its `topology.kubernetes.io/zone`, if it has one.
    var zone: String?
}

/// Who answers a Service's port on this node.
struct EndpointSelection: Sendable, Equatable {
    /// Endpoints anywhere: the ready ones, or those that still serve while they terminate where none is ready.
    var cluster: [ServiceEndpoint]

    /// The same among this node's endpoints.
    var local: [ServiceEndpoint]

    var isEmpty: Bool { cluster.isEmpty && local.isEmpty }

    init(_ endpoints: [ServiceEndpoint], node: ProxyNode) {
        cluster = Self.answering(endpoints, node)
        local = Self.answering(endpoints.filter(\.isLocal), nil)
    }

    private static func answering(_ endpoints: [ServiceEndpoint], _ node: ProxyNode?) -> [ServiceEndpoint] {
        let ready = endpoints.filter(\.isReady)
        guard ready.isEmpty else { return node.map { hinted(ready, $0) } ?? ready }
        return endpoints.filter { $0.isServing && $0.isTerminating }
    }

    /// The ready endpoints that are meant for this node, or else for its zone. Hints count only if every endpoint has them and some are for us: half of
    /// a hint would send everybody to a few.
    private static func hinted(_ ready: [ServiceEndpoint], _ node: ProxyNode) -> [ServiceEndpoint] {
        if ready.allSatisfy({ $0.nodeHints != nil }) {
            let here = ready.filter { $0.nodeHints?.contains(node.name) == true }
            if !here.isEmpty { return here }
        }
        guard let zone = node.zone, ready.allSatisfy({ $0.zoneHints != nil }) else { return ready }
        let here = ready.filter { $0.zoneHints?.contains(zone) == true }
        return here.isEmpty ? ready : here
    }

    /// The endpoints of `port` in a Service's EndpointSlices, each address once, ordered.
    static func endpoints(of port: ProxiedService.Port, family: IPAddress.Family, in slices: [Value], nodeName: String) -> [ServiceEndpoint] {
        var found: [IPAddress: [UInt16: ServiceEndpoint]] = [:]
        for slice in slices where slice["addressType"].string == (family == .v4 ? "IPv4" : "IPv6") && !slice.isBeingDeleted {
            for slicePort in slice["ports"].array where (slicePort["name"].string ?? "") == port.name {
                guard TransportProtocol(api: slicePort["protocol"].string ?? "TCP") == port.transport,
                    let number = slicePort["port"].int.flatMap(UInt16.init(exactly:)), number > 0
                else { continue }
                for object in slice["endpoints"].array {
                    guard let endpoint = ServiceEndpoint(object, port: number, nodeName: nodeName), endpoint.address.family == family else {
                        continue
                    }
                    // An endpoint moves from one slice to another through a moment in which both have it: the better one counts.
                    let other = found[endpoint.address]?[number]
                    if let other, other.isReady, !endpoint.isReady { continue }
                    found[endpoint.address, default: [:]][number] = endpoint
                }
            }
        }
        return found.values.flatMap(\.values).sorted()
    }
}

extension ServiceEndpoint {
    /// Conditions that are not told count as the API defines them: `ready` true, `serving` as `ready`, `terminating` false.
    fileprivate init?(_ object: Value, port: UInt16, nodeName: String) {
        guard let address = object["addresses"][0].string.flatMap({ IPAddress($0) }), !address.isLoopback, !address.isUnspecified else { return nil }
        let conditions = object["conditions"]
        self.address = address
        self.port = port
        isLocal = object["nodeName"].string == nodeName
        isReady = conditions["ready"].bool ?? true
        isServing = conditions["serving"].bool ?? isReady
        isTerminating = conditions["terminating"].bool ?? false
        let zones = object["hints"]["forZones"].array.compactMap { $0["name"].string }
        let nodes = object["hints"]["forNodes"].array.compactMap { $0["name"].string }
        zoneHints = zones.isEmpty ? nil : Set(zones)
        nodeHints = nodes.isEmpty ? nil : Set(nodes)
    }
}
