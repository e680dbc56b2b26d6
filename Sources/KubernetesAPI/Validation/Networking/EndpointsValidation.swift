import ObjectModel

/// The rules of endpoints and endpoint slices.
enum EndpointsValidation {
    private static let endpointsMax = 1000
    private static let addressesMax = 100
    private static let portsMax = 20_000

    /// The API server's own address, and the cluster DNS's, may be one that only this machine has: then so is the cluster.
    private static func isServersOwn(_ object: Field) -> Bool {
        let labels = object.value.metadata["labels"]
        let service = labels["kubernetes.io/service-name"].string ?? object.value.name
        return switch object.value.namespace {
        case "default": service == "kubernetes"
        case "kube-system": service == "kube-dns"
        default: false
        }
    }

    // MARK: Endpoints

    @Sendable static func endpoints(_ endpoints: Field, _ old: Field?) {
        let mayBeLocal = isServersOwn(endpoints)
        for subset in endpoints.elements("subsets") {
            if subset["addresses"].isEmpty, subset["notReadyAddresses"].isEmpty {
                subset.missing("must specify `addresses` or `notReadyAddresses`")
            }
            for list in ["addresses", "notReadyAddresses"] {
                for address in subset.elements(list) {
                    let isAddress = address["ip"].address()
                    address["hostname"].matches(Validation.dns1123Label)
                    if let name = address.present("nodeName") { for problem in Validation.dns1123Subdomain(name.text) { name.refuse(problem) } }
                    if !isAddress {
                        address["ip"].refuse(.string(address.text("ip")), "must be a valid IP address")
                    } else if !mayBeLocal {
                        address["ip"].reachableAddress()
                    }
                }
            }
            let ports = subset.elements("ports")
            for port in ports {
                if ports.count > 1 { port["name"].require() }
                port["name"].matches(Validation.dns1123Label)
                port["port"].showing(.integer(port["port"].number)).port()
                port["protocol"].transport()
                port.present("appProtocol")?.matchesAlways(Validation.qualifiedName)
            }
        }
    }

    // MARK: Slices

    @Sendable static func slice(_ slice: Field, _ old: Field?) {
        let type = slice["addressType"]
        type.requireOneOf(["FQDN", "IPv4", "IPv6"])
        let mayBeLocal = isServersOwn(slice)
        let endpoints = slice.elements("endpoints")
        if endpoints.count > endpointsMax {
            slice["endpoints"].tooMany(endpoints.count, max: endpointsMax)
        } else {
            for endpoint in endpoints { self.endpoint(endpoint, type.text, mayBeLocal) }
        }
        slicePorts(slice)
        type.immutable(since: old?["addressType"])
    }

    private static func endpoint(_ endpoint: Field, _ type: String, _ mayBeLocal: Bool) {
        let addresses = endpoint.elements("addresses")
        if addresses.isEmpty { endpoint["addresses"].missing("must contain at least 1 address") }
        if addresses.count > addressesMax { endpoint["addresses"].tooMany(addresses.count, max: addressesMax) }
        for address in addresses {
            switch type {
            case "IPv4", "IPv6":
                let parsed = IPAddress(address.text)
                if parsed?.isIPv4 != (type == "IPv4") { address.refuse(.string(address.text), "must be a valid \(type) address") }
                if parsed == nil {
                    address.refuse(.string(address.text), "must be a valid IP address")
                } else if !mayBeLocal {
                    address.reachableAddress()
                }
            case "FQDN": domain(address)
            default: break
            }
        }
        endpoint["nodeName"].matches(Validation.dns1123Subdomain)
        endpoint["zone"].matches(Validation.labelValue)
        endpoint["hostname"].matches(Validation.dns1123Label)
        let zones = endpoint["hints"].elements("forZones")
        if zones.count > 8 { endpoint["hints"]["forZones"].tooMany(zones.count, max: 8) }
        var names = Names()
        for zone in zones {
            zone["name"].matches(Validation.labelValue)
            names.insertUnique(zone["name"])
        }
    }

    /// A full name: two parts at least.
    private static func domain(_ name: Field) {
        guard name.require() else { return }
        let full = name.text.hasSuffix(".") ? String(name.text.dropLast()) : name.text
        let problems = Validation.dns1123Subdomain(full)
        for problem in problems { name.refuse(.string(full), problem) }
        guard problems.isEmpty else { return }
        let labels = full.split(separator: ".").map(String.init)
        if labels.count < 2 { return name.refuse("should be a domain with at least two segments separated by dots") }
        for label in labels { for problem in Validation.dns1123Label(label) { name.refuse(.string(label), problem) } }
    }

    private static func slicePorts(_ slice: Field) {
        let ports = slice.elements("ports")
        if ports.count > portsMax { return slice["ports"].tooMany(ports.count, max: portsMax) }
        var names = Set<String>()
        for port in ports {
            port["name"].matches(Validation.dns1123Label)
            if !names.insert(port.text("name")).inserted { port["name"].duplicate(.string(port.text("name"))) }
            port["protocol"].transport()
            port.present("appProtocol")?.matchesAlways(Validation.qualifiedName)
        }
    }
}
