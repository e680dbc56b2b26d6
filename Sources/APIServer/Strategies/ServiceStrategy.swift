import ObjectModel

/// Services: cluster IPs, IP families and node ports are the server's to give.
struct ServiceStrategy: ResourceStrategy {
    let addresses: ServiceAddresses

    // MARK: Create

    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        try allocate(&object, old: nil, isDryRun: context.isDryRun)
    }

    // MARK: Update

    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {
        keepAllocated(&object, old: old)
        try allocate(&object, old: old, isDryRun: context.isDryRun)
    }

    /// A client that replaces a service need not repeat what the server gave it.
    private func keepAllocated(_ object: inout Value, old: Value) {
        if Self.needsAddress(object), Self.needsAddress(old) {
            // Who says one of the two means both.
            let (address, list) = (object["spec"]["clusterIP"], object["spec"]["clusterIPs"])
            if !address.isEmpty, address != old["spec"]["clusterIP"], list.isEmpty || list == old["spec"]["clusterIPs"] {
                object["spec"]["clusterIPs"] = [address]
            }
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] where object["spec"][field].isEmpty {
                object["spec"][field] = old["spec"][field]
            }
        }
        if !Self.needsAddress(object), Self.needsAddress(old), object["spec"]["clusterIP"] == old["spec"]["clusterIP"] {
            // Turning into an ExternalName service gives the address back.
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] { object["spec"][field] = .null }
        }
        dropFieldsOfOldType(&object, old: old)
        if Self.hasHealthCheck(object), Self.hasHealthCheck(old), object["spec"]["healthCheckNodePort"].isEmpty {
            object["spec"]["healthCheckNodePort"] = old["spec"]["healthCheckNodePort"]
        }
        guard Self.needsPorts(object), Self.needsPorts(old) else {
            if !Self.needsPorts(object), Self.needsPorts(old) { dropNodePorts(&object, old: old) }
            return
        }
        var ports = object["spec"]["ports"].array
        for index in ports.indices where (ports[index]["nodePort"].int ?? 0) == 0 {
            let twin = old["spec"]["ports"].array.first { $0["port"] == ports[index]["port"] && Self.transport($0) == Self.transport(ports[index]) }
            if let port = twin?["nodePort"], !port.isEmpty { ports[index]["nodePort"] = port }
        }
        object["spec"]["ports"] = .array(ports)
    }

    /// What the new type doesn't have goes, unless the client has just changed it: then it is for validation to refuse.
    private func dropFieldsOfOldType(_ object: inout Value, old: Value) {
        func drop(_ fields: [String], where applies: (Value) -> Bool) {
            guard applies(old), !applies(object) else { return }
            for field in fields where object["spec"][field] == old["spec"][field] { object["spec"][field] = .null }
        }
        drop(["allocateLoadBalancerNodePorts", "loadBalancerClass"]) { $0["spec"]["type"] == "LoadBalancer" }
        drop(["externalTrafficPolicy"]) {
            Self.needsPorts($0) || $0["spec"]["type"] == "ClusterIP" && !$0["spec"]["externalIPs"].isEmpty
        }
        drop(["healthCheckNodePort"], where: Self.hasHealthCheck)
    }

    private func dropNodePorts(_ object: inout Value, old: Value) {
        let before = Set(old["spec"]["ports"].array.compactMap { $0["nodePort"].int })
        var ports = object["spec"]["ports"].array
        for index in ports.indices where ports[index]["nodePort"].int.map(before.contains) ?? false { ports[index]["nodePort"] = .null }
        object["spec"]["ports"] = .array(ports)
    }

    // MARK: Allocation

    private func allocate(_ object: inout Value, old: Value?, isDryRun: Bool) throws(APIError) {
        guard Self.needsAddress(object) else { return }
        object["spec"]["ipFamilies"] = object["spec"]["ipFamilies"].isEmpty ? ["IPv4"] : object["spec"]["ipFamilies"]
        if object["spec"]["ipFamilyPolicy"].isNull { object["spec"]["ipFamilyPolicy"] = "SingleStack" }
        let chosen = object["spec"]["clusterIP"].string ?? ""
        // An address can't be changed, nor given in the list alone: that is for validation to refuse.
        let present = old.map { Self.needsAddress($0) ? $0["spec"]["clusterIP"].string ?? "" : "" } ?? ""
        let isRefused = chosen.isEmpty ? !object["spec"]["clusterIPs"].isEmpty : !present.isEmpty && chosen != present
        do {
            if isRefused {
                return
            } else if chosen.isEmpty {
                let address = try addresses.reserveAny(for: object.uid, isDryRun: isDryRun)
                object["spec"]["clusterIP"] = .string(address)
                object["spec"]["clusterIPs"] = [.string(address)]
            } else {
                object["spec"]["clusterIP"] = .string(chosen)
                if object["spec"]["clusterIPs"].isEmpty { object["spec"]["clusterIPs"] = [.string(chosen)] }
                // What is no address at all is for validation to refuse.
                if IPAddress(chosen) != nil { try addresses.reserve(chosen, for: object.uid, isDryRun: isDryRun) }
            }
        } catch {
            throw refusal(object, "spec.clusterIPs", object["spec"]["clusterIPs"], Self.addressWords(error, chosen, addresses.range))
        }
        try allocatePorts(&object, isDryRun: isDryRun)
        try allocateHealthCheckPort(&object, isDryRun: isDryRun)
    }

    /// Where a load balancer asks which nodes have a pod of the service.
    private func allocateHealthCheckPort(_ object: inout Value, isDryRun: Bool) throws(APIError) {
        guard Self.hasHealthCheck(object) else { return }
        let wanted = object["spec"]["healthCheckNodePort"].int ?? 0
        do {
            if wanted == 0 {
                object["spec"]["healthCheckNodePort"] = Value(try addresses.reserveAnyPort(for: object.uid, isDryRun: isDryRun))
            } else if addresses.nodePorts.contains(wanted) {
                try addresses.reserve(port: wanted, for: object.uid, isDryRun: isDryRun)
            }
        } catch {
            let words = Self.portWords(error, addresses.nodePorts)
            throw .internalError("failed to allocate requested HealthCheck NodePort \(wanted): \(words)")
        }
    }

    private func allocatePorts(_ object: inout Value, isDryRun: Bool) throws(APIError) {
        guard Self.needsPorts(object) else { return }
        let isAllocating = object["spec"]["type"].string == "NodePort" || object["spec"]["allocateLoadBalancerNodePorts"].bool != false
        var ports = object["spec"]["ports"].array
        for index in ports.indices {
            let wanted = ports[index]["nodePort"].int ?? 0
            do {
                if wanted != 0 {
                    try addresses.reserve(port: wanted, for: object.uid, isDryRun: isDryRun)
                } else if isAllocating {
                    ports[index]["nodePort"] = Value(try addresses.reserveAnyPort(for: object.uid, isDryRun: isDryRun))
                }
            } catch {
                throw refusal(object, "spec.ports[\(index)].nodePort", Value(wanted), Self.portWords(error, addresses.nodePorts))
            }
        }
        object["spec"]["ports"] = .array(ports)
    }

    private func refusal(_ object: Value, _ path: String, _ value: Value, _ words: String) -> APIError {
        .invalid(kind: "Service", group: "", name: object.name, [.invalid(path, value, words)])
    }

    private static func addressWords(_ refusal: ServiceAddresses.Refusal, _ address: String, _ range: IPv4Range) -> String {
        switch refusal {
        case .taken: "failed to allocate IP \(address): provided IP is already allocated"
        case .outOfRange:
            "failed to allocate IP \(address): the provided IP (\(address)) is not in the valid range. The range of valid IPs is \(IPv4Range.text(range.base))/\(range.prefix)"
        case .exhausted: "failed to allocate a serviceIP: range is full"
        }
    }

    private static func portWords(_ refusal: ServiceAddresses.Refusal, _ range: ClosedRange<Int>) -> String {
        switch refusal {
        case .taken: "provided port is already allocated"
        case .outOfRange: "provided port is not in the valid range. The range of valid ports is \(range.lowerBound)-\(range.upperBound)"
        case .exhausted: "failed to allocate a nodePort: range is full"
        }
    }

    // MARK: What a service holds

    private static func needsAddress(_ service: Value) -> Bool { service["spec"]["type"].string != "ExternalName" }

    private static func needsPorts(_ service: Value) -> Bool { ["NodePort", "LoadBalancer"].contains(service["spec"]["type"].string) }

    private static func hasHealthCheck(_ service: Value) -> Bool {
        service["spec"]["type"] == "LoadBalancer" && service["spec"]["externalTrafficPolicy"] == "Local"
    }

    private static func transport(_ port: Value) -> String { port["protocol"].string ?? "TCP" }

    private static func ips(_ service: Value) -> [String] { service["spec"]["clusterIPs"].strings.filter { $0 != "None" } }

    private static func ports(_ service: Value) -> [Int] {
        (service["spec"]["ports"].array.map { $0["nodePort"] } + [service["spec"]["healthCheckNodePort"]]).compactMap(\.int)
    }

    func abandon(_ object: Value, old: Value?) {
        addresses.keep(old.map(Self.ips) ?? [], old.map(Self.ports) ?? [], for: object.uid)
    }

    func committed(_ object: Value, old: Value?) { addresses.keep(Self.ips(object), Self.ports(object), for: object.uid) }

    func deleted(_ object: Value) { addresses.release(Self.ips(object), Self.ports(object), of: object.uid) }

    var remember: (@Sendable (Value) -> Void)? {
        { [addresses] object in
            for address in Self.ips(object) { try? addresses.reserve(address, for: object.uid) }
            for port in Self.ports(object) { try? addresses.reserve(port: port, for: object.uid) }
        }
    }

    var selectableFieldNames: Set<String> { ["spec.clusterIP", "spec.type"] }

    var selectableFields: SelectableFields {
        { ["spec.clusterIP": $0["spec"]["clusterIP"].string ?? "", "spec.type": $0["spec"]["type"].string ?? ""] }
    }
}
