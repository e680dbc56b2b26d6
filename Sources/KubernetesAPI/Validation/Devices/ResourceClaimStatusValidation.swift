import ObjectModel

/// The rules of what a claim got: who uses it, which devices it has, and how these are.
enum ResourceClaimStatusValidation {
    private static let usersMax = 256
    private static let resultsMax = 32
    private static let configMax = 64
    private static let conditionsMax = 8
    private static let dataMax = 10 * 1024

    @Sendable static func check(_ claim: Field, _ old: Field?) {
        let (status, before) = (claim["status"], old?.value["status"] ?? .null)
        users(status, before, isLeaving: claim.value.isBeingDeleted)
        devices(status)
        guard let allocation = status.present("allocation") else { return }
        if !before["allocation"].isNull { return allocation.immutable(since: old?["status"]["allocation"]) }
        self.allocation(allocation, RequestNames(claim.value["spec"]["devices"]))
    }

    private static func users(_ status: Field, _ before: Value, isLeaving: Bool) {
        let (list, users) = (status["reservedFor"], status.limited("reservedFor", max: usersMax))
        for user in users { for name in ["resource", "name", "uid"] { user[name].require() } }
        Field.unique(users) { $0.text("uid") }
        guard !list.isEmpty else { return }
        if status.value["allocation"].isNull {
            list.forbid("may not be specified when `allocated` is not set")
        } else if isLeaving, !list.value.array.allSatisfy(before["reservedFor"].array.contains) {
            list.forbid("new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set")
        }
    }

    // MARK: Allocation

    private static func allocation(_ allocation: Field, _ names: RequestNames) {
        let devices = allocation["devices"]
        for result in devices.limited("results", max: resultsMax) {
            names.check(result["request"])
            device(result)
            result.bindingConditions()
        }
        for config in devices.limited("config", max: configMax) {
            config["source"].requireOneOf(["FromClaim", "FromClass"])
            names.check(config, max: resultsMax)
            ResourceClaimValidation.configuration(config, isStored: false)
        }
        if let selector = allocation.present("nodeSelector") { AffinityValidation.nodeSelector(selector) }
    }

    /// A device by its driver, pool and name.
    private static func device(_ device: Field) {
        device["driver"].driverName()
        device["pool"].poolName()
        device["device"].requireMatch(Validation.dns1123Label)
        if let share = device.present("shareID") { share.shareID() }
    }

    private static func id(_ device: Value) -> String {
        ["driver", "pool", "device", "shareID"].compactMap { device[$0].string }.joined(separator: "/")
    }

    // MARK: Devices

    private static func devices(_ status: Field) {
        let allocated = Set(status.value["allocation"]["devices"]["results"].array.map(id))
        let devices = status.elements("devices")
        for device in devices {
            self.device(device)
            if !allocated.contains(id(device.value)) { device.refuse(.string(id(device.value)), "must be an allocated device in the claim") }
            let count = device.value["conditions"].array.count
            if count > conditionsMax { device["conditions"].tooMany(count, max: conditionsMax) }
            device.standardConditions()
            if let data = device.present("data") { data.parameters(max: dataMax, isStored: false) }
            if let network = device.present("networkData") { self.network(network) }
        }
        Field.unique(devices) { id($0.value) }
    }

    private static func network(_ network: Field) {
        for (name, max) in [("interfaceName", 256), ("hardwareAddress", 128)] where network.text(name).utf8.count > max {
            network[name].tooLong(max: max)
        }
        let addresses = network.limited("ips", max: 16)
        for address in addresses {
            for problem in Validation.interfaceAddress(address.text) { address.refuse(problem) }
        }
        Field.unique(addresses) { $0.text }
    }
}

extension Validation {
    /// `10.9.8.7/24`: an address and the size of its network.
    fileprivate static func interfaceAddress(_ value: String) -> [String] {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false)
        let isRight = parts.count == 2 && IPAddress(String(parts[0])) != nil && CIDR(value) != nil
        return isRight ? [] : ["must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"]
    }
}
