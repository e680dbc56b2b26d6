import HostNetwork
import ObjectModel

/// What cluster DNS knows of one Service.
struct ServiceRecords: Sendable, Equatable {
    enum Target: Sendable, Equatable {
        case clusterIPs([IPAddress])
        case headless

        /// `ExternalName`: another name.
        case external(DNSName)
    }

    struct Port: Sendable, Equatable, Hashable {
        /// Empty for a port without a name, which has no SRV record of its own.
        var name: [UInt8]
        var transport: TransportProtocol
        var port: UInt16
    }

    struct Endpoint: Sendable, Equatable {
        /// The label under the Service's name: the pod's hostname where it has one for this Service, or else the address with dashes.
        var label: [UInt8]
        var address: IPAddress
        var ports: [Port]
    }

    var target: Target
    var ports: [Port] = []

    /// Those that are ready, or all for `publishNotReadyAddresses` (their slices say "ready" then).
    var endpoints: [Endpoint] = []

    /// Nil for an ExternalName that is no domain name.
    init?(_ service: Value, slices: [Value]) {
        let spec = service.spec
        if spec["type"].string == "ExternalName" {
            guard let text = spec["externalName"].string, let name = DNSName(text), name != .root else { return nil }
            target = .external(name)
            return
        }
        var addresses = spec["clusterIPs"].strings
        if addresses.isEmpty, let first = spec["clusterIP"].string { addresses = [first] }
        if addresses.first == "None" {
            target = .headless
        } else {
            target = .clusterIPs(addresses.compactMap { IPAddress($0) })
        }
        ports = spec["ports"].array.compactMap(Port.init)
        let publishesAll = spec["publishNotReadyAddresses"].bool == true
        var seen: Set<EndpointKey> = []
        for slice in slices where slice["addressType"].string != "FQDN" {
            let ports = slice["ports"].array.compactMap(Port.init)
            for object in slice["endpoints"].array where publishesAll || object["conditions"]["ready"].bool != false {
                guard let address = object["addresses"][0].string.flatMap({ IPAddress($0) }) else { continue }
                let endpoint = Endpoint(label: Self.label(object["hostname"].string, address), address: address, ports: ports)
                if seen.insert(EndpointKey(address: address, ports: ports)).inserted { endpoints.append(endpoint) }
            }
        }
    }

    private struct EndpointKey: Hashable {
        var address: IPAddress
        var ports: [Port]
    }

    private static func label(_ hostname: String?, _ address: IPAddress) -> [UInt8] {
        if let hostname, (1...63).contains(hostname.utf8.count) { return hostname.utf8.map(DNSName.lowercased) }
        return address.description.utf8.map { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") ? UInt8(ascii: "-") : $0 }
    }
}

extension ServiceRecords.Port {
    fileprivate init?(_ port: Value) {
        guard let transport = TransportProtocol(api: port["protocol"].string ?? "TCP"), let number = port["port"].int.flatMap(UInt16.init(exactly:))
        else { return nil }
        name = (port["name"].string ?? "").utf8.map(DNSName.lowercased)
        self.transport = transport
        self.port = number
    }
}
