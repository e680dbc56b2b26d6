import ObjectModel

/// The rules of resource slices: what devices a driver has, and where.
enum ResourceSliceValidation {
    private static let devicesMax = 128
    private static let elaborateDevicesMax = 64
    private static let countersMax = 32
    private static let counterSetsMax = 8
    private static let consumptionsMax = 2
    private static let attributesMax = 32
    private static let taintsMax = 16

    @Sendable static func check(_ slice: Field, _ old: Field?) {
        let spec = slice["spec"]
        spec["driver"].driverName()
        pool(spec["pool"])
        if let old = old?["spec"] {
            spec["pool"]["name"].immutable(since: old["pool"]["name"])
            for name in ["driver", "nodeName"] { spec[name].immutable(since: old[name]) }
        }
        nodes(spec)
        if !spec["sharedCounters"].isAbsent, !spec["devices"].isAbsent {
            spec.refuse("", "only one of `sharedCounters` or `devices` is allowed")
        }
        let isElaborate = spec.value["devices"].array.contains { !$0["taints"].isEmpty || !$0["consumesCounters"].isEmpty }
        let devices = spec.limited("devices", max: isElaborate ? elaborateDevicesMax : devicesMax)
        let before = old?.value["spec"]["devices"].array ?? []
        for device in devices {
            self.device(
                device, before: before.first { $0["name"] == device.value["name"] } ?? .null, isPlacedAlone: spec.isTrue("perDeviceNodeSelection"))
        }
        Field.unique(devices) { $0.text("name") }
        let sets = spec.limited("sharedCounters", max: counterSetsMax)
        for set in sets {
            set["name"].requireMatch(Validation.dns1123Label)
            counters(set)
        }
        Field.unique(sets) { $0.text("name") }
    }

    private static func pool(_ pool: Field) {
        pool["name"].poolName()
        let (slices, generation) = (pool["resourceSliceCount"], pool["generation"])
        if slices.number <= 0 { slices.refuse(.integer(slices.number), Words.positive) }
        if generation.number < 0 { generation.refuse("must be greater than or equal to zero") }
    }

    // MARK: Nodes

    private static func nodes(_ spec: Field) {
        var given: [String] = []
        if let name = spec.present("nodeName") {
            if name.isEmpty {
                name.refuse("must be either unset or set to a non-empty string")
            } else {
                given.append("`nodeName`")
                name.matches(Validation.dns1123Subdomain)
            }
        }
        if let selector = spec.present("nodeSelector") {
            given.append("`nodeSelector`")
            AffinityValidation.nodeSelector(selector)
            if selector.value["nodeSelectorTerms"].array.count != 1 {
                selector["nodeSelectorTerms"].refuse("must have exactly one node selector term")
            }
        }
        for name in ["allNodes", "perDeviceNodeSelection"] {
            guard let flag = spec.present(name) else { continue }
            if flag.isTrue { given.append("`\(name)`") } else { flag.refuse("must be either unset or set to true") }
        }
        let words = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
        if given.isEmpty { spec.missing(words) }
        if given.count > 1 { spec.refuse(.string("{\(given.joined(separator: ", "))}"), words + ", but multiple fields are set") }
    }

    /// Where a single device is, if the slice leaves that to its devices.
    private static func place(_ device: Field, isPlacedAlone: Bool) {
        var given: [String] = []
        if let name = device.present("nodeName") {
            given.append("`nodeName`")
            if isPlacedAlone, name.isEmpty { name.refuse("must not be empty") } else { name.matches(Validation.dns1123Subdomain) }
        }
        if let selector = device.present("nodeSelector") {
            given.append("`nodeSelector`")
            if isPlacedAlone { AffinityValidation.nodeSelector(selector) }
        }
        if let all = device.present("allNodes") {
            if isPlacedAlone, !all.isTrue { all.refuse("must be either unset or set to true") } else { given.append("`allNodes`") }
        }
        guard isPlacedAlone else {
            if !given.isEmpty {
                device.refuse(
                    .null,
                    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec")
            }
            return
        }
        let words =
            "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec"
        if given.isEmpty { device.missing(words) }
        if given.count > 1 { device.refuse(.string("{\(given.joined(separator: ", "))}"), words) }
    }

    // MARK: Devices

    private static func device(_ device: Field, before: Value, isPlacedAlone: Bool) {
        device["name"].requireMatch(Validation.dns1123Label)
        let count = device.value["attributes"].fields.count + device.value["capacity"].fields.count
        if count > attributesMax {
            device.refuse(Value(count), "the total number of attributes and capacities must not exceed \(attributesMax)")
        }
        for (name, attribute) in device.entries("attributes") {
            attribute.attributeName(name)
            self.attribute(attribute)
        }
        for (name, capacity) in device.entries("capacity") {
            capacity.attributeName(name)
            guard let policy = capacity.present("requestPolicy") else { continue }
            if device.isTrue("allowMultipleAllocations") {
                DeviceCapacityValidation.check(policy, of: capacity)
            } else {
                policy.forbid("allowMultipleAllocations must be true")
            }
        }
        if before["taints"] != device.value["taints"] {
            for taint in device.limited("taints", max: taintsMax) { self.taint(taint) }
        }
        let consumptions = device.limited("consumesCounters", max: consumptionsMax)
        for consumption in consumptions {
            consumption["counterSet"].requireMatch(Validation.dns1123Label)
            counters(consumption)
        }
        Field.unique(consumptions) { $0.text("counterSet") }
        place(device, isPlacedAlone: isPlacedAlone)
        device.bindingConditions()
    }

    private static func taint(_ taint: Field) {
        for problem in Validation.qualifiedName(taint.text("key")) { taint["key"].refuse(.string(taint.text("key")), problem) }
        taint["value"].matches(Validation.labelValue)
        taint["effect"].requireOneOf(Field.deviceTaintEffects)
    }

    private static func counters(_ owner: Field) {
        let counters = owner["counters"]
        let count = counters.value.fields.count
        if !counters.require() { return }
        if count > countersMax { return counters.tooMany(count, max: countersMax) }
        for (name, counter) in owner.entries("counters") {
            for problem in Validation.dns1123Label(name) { counter.refuse(.string(name), problem) }
        }
    }

    // MARK: Attributes

    private static let textMax = 64

    /// One value of one type.
    private static func attribute(_ attribute: Field) {
        let given = ["bool", "int", "string", "version", "bools", "ints", "strings", "versions"].filter { !attribute.value[$0].isNull }
        for text in [attribute.present("string")].compactMap(\.self) + attribute.elements("strings") { limited(text) }
        for version in [attribute.present("version")].compactMap(\.self) + attribute.elements("versions") {
            if !SemanticVersion.isOne(version.text) { version.refuse("must be a string compatible with semver.org spec 2.0.0") }
            limited(version)
        }
        if given.isEmpty { attribute.refuse("", "exactly one value must be specified") }
        if given.count > 1 { attribute.refuse("exactly one value must be specified") }
    }

    private static func limited(_ text: Field) { if text.text.utf8.count > textMax { text.tooLong(max: textMax) } }
}

/// Versions as semver.org has them: `1.2.3-alpha.1+build.5`.
enum SemanticVersion {
    static func isOne(_ text: String) -> Bool {
        var rest = text[...]
        var build: Substring?
        if let plus = rest.firstIndex(of: "+") {
            build = rest[rest.index(after: plus)...]
            rest = rest[..<plus]
        }
        var release: Substring?
        if let dash = rest.firstIndex(of: "-") {
            release = rest[rest.index(after: dash)...]
            rest = rest[..<dash]
        }
        let numbers = rest.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 3 && numbers.allSatisfy(isNumber)
            && (release.map { parts($0).allSatisfy { isWord($0) && (!isDigits($0) || isNumber($0)) } } ?? true)
            && (build.map { parts($0).allSatisfy(isWord) } ?? true)
    }

    private static func parts(_ text: Substring) -> [Substring] { text.split(separator: ".", omittingEmptySubsequences: false) }

    private static func isDigits(_ text: Substring) -> Bool { !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) } }

    private static func isNumber(_ text: Substring) -> Bool { isDigits(text) && (text == "0" || text.first != "0") }

    private static func isWord(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == UInt8(ascii: "-") }
    }
}
