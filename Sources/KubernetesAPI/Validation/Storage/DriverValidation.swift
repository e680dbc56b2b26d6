import ObjectModel

/// The rules of CSI drivers: what they can, which nodes have them, and how much room they have.
enum DriverValidation {
    private static let lifetimeMax: Int64 = 1 << 32

    // MARK: Drivers

    @Sendable static func driver(_ driver: Field, _ old: Field?) {
        let spec = driver["spec"]
        if let policy = spec.present("fsGroupPolicy") { policy.mustBeOneOf(["File", "None", "ReadWriteOnceWithFSType"]) }
        tokens(spec)
        for mode in spec.value["volumeLifecycleModes"].strings where mode != "Ephemeral" && mode != "Persistent" {
            spec["volumeLifecycleModes"].showing(.string(mode)).unsupported(["Persistent", "Ephemeral"])
        }
        if let period = spec.present("nodeAllocatableUpdatePeriodSeconds"), period.number < 10 {
            period.refuse("must be greater than or equal to 10 seconds")
        }
        if let inSecrets = spec.present("serviceAccountTokenInSecrets"), spec["tokenRequests"].isEmpty {
            inSecrets.refuse("serviceAccountTokenInSecrets is set but no tokenRequests are specified")
        }
        guard let old = old?["spec"] else { return }
        // Upstream names it so.
        spec["attachedRequired"].showing(spec.value["attachRequired"]).immutable(since: old["attachRequired"])
        spec["volumeLifecycleModes"].immutable(since: old["volumeLifecycleModes"])
    }

    private static func tokens(_ spec: Field) {
        var audiences: Set<String> = []
        for request in spec.elements("tokenRequests") {
            if !audiences.insert(request.text("audience")).inserted {
                request["audience"].duplicate(.string(request.text("audience")))
                continue
            }
            guard let lifetime = request.present("expirationSeconds") else { continue }
            if lifetime.number < 600 { lifetime.refuse("may not specify a duration less than 10 minutes") }
            if lifetime.number > lifetimeMax { lifetime.refuse("may not specify a duration larger than 2^32 seconds") }
        }
    }

    // MARK: Nodes

    @Sendable static func node(_ node: Field, _ old: Field?) {
        let spec = node["spec"]
        var names = Names()
        for driver in spec.elements("drivers") {
            if driver["name"].require() { StorageNames.driver(driver["name"]) }
            names.insertUnique(driver["name"])
            let id = driver["nodeID"]
            id.require()
            if id.text.utf8.count > 256 { id.refuse("must be 256 characters or less") }
            driver["allocatable"]["count"].nonNegative()
            topologyKeys(driver)
        }
        // Of a driver that is there already, only how much it can take changes.
        for before in old?.value["spec"]["drivers"].array ?? [] {
            for now in spec.value["drivers"].array where now["name"] == before["name"] && withoutRoom(now) != withoutRoom(before) {
                spec["drivers"].showing(withoutRoom(now)).refuse(Words.immutable)
            }
        }
    }

    private static func withoutRoom(_ driver: Value) -> Value {
        var driver = driver
        driver["allocatable"] = nil
        return driver
    }

    /// Upstream reports them on the driver.
    private static func topologyKeys(_ driver: Field) {
        var seen = Names()
        for key in driver.value["topologyKeys"].strings {
            if key.isEmpty { driver.missing() }
            if !seen.insert(key) { driver.duplicate(.string(key)) }
            for problem in Validation.qualifiedName(key) { driver.refuse(.string(key), problem) }
        }
    }

    // MARK: Room

    @Sendable static func capacity(_ capacity: Field, _ old: Field?) {
        guard let old else {
            capacity["nodeTopology"].labelSelector()
            let name = capacity["storageClassName"]
            for problem in Validation.dns1123Subdomain(name.text) { name.refuse(.string(name.text), problem) }
            return capacity["capacity"].nonNegativeQuantity()
        }
        for name in ["nodeTopology", "storageClassName"] { capacity[name].immutable(since: old[name]) }
    }
}
