import ObjectModel

/// Names and lists as the kinds of `resource.k8s.io` have them.
extension Field {
    private static var poolMax: Int { 253 }
    private static var identifierMax: Int { 32 }

    /// The driver of devices: named as CSI drivers are.
    func driverName() { if require() { StorageNames.driver(self) } }

    /// A pool of devices: subdomains between slashes.
    func poolName() {
        guard require() else { return }
        if text.utf8.count > Self.poolMax { tooLong(max: Self.poolMax) }
        for part in text.split(separator: "/", omittingEmptySubsequences: false) {
            for problem in Validation.dns1123Subdomain(String(part)) { refuse(.string(String(part)), problem) }
        }
    }

    /// `model` or `example.com/model`.
    func attributeName(_ name: String) {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 1 { return identifier(name) }
        guard parts.count == 2 else { return }
        if parts[0].isEmpty { refuse("", "the domain must not be empty") } else { StorageNames.driver(showing(.string(parts[0]))) }
        if parts[1].isEmpty { refuse("", "the name must not be empty") } else { identifier(parts[1]) }
    }

    /// `example.com/model`.
    func qualifiedAttributeName() {
        attributeName(text)
        if !text.contains("/") { refuse("a fully qualified name must be a domain and a name separated by a slash") }
    }

    private func identifier(_ name: String) {
        if name.utf8.count > Self.identifierMax { tooLong(max: Self.identifierMax) }
        for problem in Validation.cIdentifier(name) { refuse(.string(name), problem) }
    }

    /// Elements of a list that may not be longer than `max`, in which case none is looked at.
    func limited(_ name: String, max: Int) -> [Field] {
        let count = value[name].array.count
        guard count > max else { return elements(name) }
        self[name].tooMany(count, max: max)
        return []
    }

    /// Each element is another.
    static func unique(_ elements: [Field], _ key: (Field) -> String) {
        var seen = Names()
        for element in elements where !seen.insert(key(element)) { element.duplicate(.string(key(element))) }
    }

    /// Parameters for a driver: an object of JSON.
    func parameters(max: Int, isStored: Bool) {
        if isAbsent { return missing() }
        guard value.isObject else { return refuse("<value omitted>", "must be a valid JSON object") }
        if !isStored, value.description.utf8.count > max { tooLong(max: max) }
    }

    // MARK: Taints

    static var deviceTaintEffects: [String] { ["NoExecute", "NoSchedule", "None"] }

    func deviceToleration() {
        if !text("key").isEmpty { self["key"].matches(Validation.qualifiedName) }
        switch text("operator") {
        case "Exists": if !text("value").isEmpty { self["value"].refuse("must be empty for operator `Exists`") }
        case "Equal": self["value"].matches(Validation.labelValue)
        case "": self["operator"].missing()
        default: self["operator"].unsupported(["Equal", "Exists"])
        }
        self["effect"].oneOf(Self.deviceTaintEffects)
    }

    /// What must come true before a pod is bound, and what stops it.
    func bindingConditions() {
        let (awaited, fatal) = (limited("bindingConditions", max: 4), limited("bindingFailureConditions", max: 4))
        for condition in awaited + fatal { for problem in Validation.qualifiedName(condition.text) { condition.refuse(problem) } }
        for list in [awaited, fatal] { Self.unique(list) { $0.text } }
        let names = Set(awaited.map(\.text))
        for condition in fatal where names.contains(condition.text) {
            condition.refuse("bindingFailureConditions must not overlap with bindingConditions")
        }
        let (waits, fails) = (!value["bindingConditions"].isEmpty, !value["bindingFailureConditions"].isEmpty)
        if fails, !waits { self["bindingConditions"].refuse([], "bindingConditions are required to use bindingFailureConditions") }
        if waits, !fails { self["bindingFailureConditions"].refuse([], "bindingFailureConditions are required to use bindingConditions") }
    }

    /// A UUID in lower case.
    func shareID() {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isRight =
            parts.map(\.utf8.count) == [8, 4, 4, 4, 12]
            && text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || Self.hexadecimal.contains($0) }
        if !isRight {
            refuse(
                "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters")
        }
    }

    private static var hexadecimal: Set<UInt8> { Set("0123456789abcdef".utf8) }
}
