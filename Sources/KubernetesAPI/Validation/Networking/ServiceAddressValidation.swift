import ObjectModel

/// The rules of a service's cluster addresses and their families.
enum ServiceAddressValidation {
    static func check(_ spec: Field) {
        // What such a service must not say is told with its type.
        guard spec.text("type") != "ExternalName" else { return }
        let list = spec["clusterIPs"]
        if spec.text("clusterIP").isEmpty {
            if !list.isEmpty { list.refuse("must be empty when `clusterIP` is not specified") }
        } else if list.isEmpty {
            list.missing()
        } else if list.value[0] != spec.value["clusterIP"] {
            list.refuse("first value must match `clusterIP`")
        }
        families(spec)
        if let policy = spec.present("ipFamilyPolicy") { policy.mustBeOneOf(["PreferDualStack", "RequireDualStack", "SingleStack"]) }
        guard addresses(spec, list) else { return }
        match(spec, list)
    }

    private static func families(_ spec: Field) {
        var seen = Names()
        for family in spec.elements("ipFamilies") {
            family.mustBeOneOf(["IPv4", "IPv6"])
            seen.insertUnique(family)
        }
    }

    /// Each by itself. False where one is wrong: then how they go together tells nothing.
    private static func addresses(_ spec: Field, _ list: Field) -> Bool {
        let count = list.value.array.count
        var areRight = true
        for (index, address) in spec.elements("clusterIPs").enumerated() {
            if index == 0, address.text == "None" {
                guard count > 1 else { continue }
                areRight = false
                list.refuse("'None' must be the first and only value")
            } else if !address.address() {
                areRight = false
            }
        }
        if count > 2 { list.refuse("may only hold up to 2 values") }
        return areRight
    }

    private static func match(_ spec: Field, _ list: Field) {
        let addresses = spec.elements("clusterIPs")
        if addresses.count > 1, Set(addresses.compactMap { IPAddress($0.text)?.isIPv4 }).count < 2 {
            list.refuse("may specify no more than one IP for each IP family")
        }
        guard !ServiceValidation.isHeadless(spec.value) else { return }
        for (index, (address, family)) in zip(addresses, spec.value["ipFamilies"].strings).enumerated() {
            guard let parsed = IPAddress(address.text) else { continue }
            if family == "IPv4" && !parsed.isIPv4 || family == "IPv6" && parsed.isIPv4 {
                address.refuse("expected an \(family) value as indicated by `ipFamilies[\(index)]`")
            }
        }
    }
}

/// What may change of a service: a second address and family may come and go, the first ones stay.
enum ServiceUpdateValidation {
    static func check(_ spec: Field, _ old: Field) {
        let (now, before) = (spec.value, old.value)
        if now["type"].string != "ExternalName", before["type"].string != "ExternalName" {
            let (isHeadless, wasHeadless) = (ServiceValidation.isHeadless(now), ServiceValidation.isHeadless(before))
            if !(isHeadless && wasHeadless) { clusterAddresses(spec, now, before) }
            if !isHeadless, !wasHeadless { families(spec, now, before) }
        }
        if now["type"].string == "LoadBalancer", before["type"].string == "LoadBalancer" {
            spec["loadBalancerClass"].immutable(since: old["loadBalancerClass"], "may not change once set")
        }
        if ServiceValidation.needsHealthCheck(now), ServiceValidation.needsHealthCheck(before),
            now["healthCheckNodePort"] != before["healthCheckNodePort"]
        {
            spec["healthCheckNodePort"].forbid(Words.immutable)
        }
    }

    private static let fixed = "may not change once set"

    private static func clusterAddresses(_ spec: Field, _ now: Value, _ before: Value) {
        let (shown, old) = (now["clusterIPs"], before["clusterIPs"].strings)
        let addresses = shown.strings
        let list = spec["clusterIPs"]
        if old.count == addresses.count {
            for (index, address) in old.enumerated() where address != addresses[index] { list.element(index).refuse(shown, fixed) }
            return
        }
        if addresses.isEmpty { list.element(0).refuse([], "primary clusterIP can not be unset") }
        if let first = old.first, let present = addresses.first, first != present { list.element(0).refuse(shown, fixed) }
        if old.count > addresses.count, addresses.count == 1, now["ipFamilyPolicy"].string != "SingleStack" {
            spec["ipFamilyPolicy"].refuse("must be set to 'SingleStack' when releasing the secondary clusterIP")
        }
    }

    private static func families(_ spec: Field, _ now: Value, _ before: Value) {
        let (shown, old) = (now["ipFamilies"], before["ipFamilies"].strings)
        let families = shown.strings
        let first = spec["ipFamilies"].element(0)
        if old.count == families.count {
            for (index, family) in old.enumerated() where family != families[index] { first.refuse(shown, fixed) }
            return
        }
        if old.count > families.count, now["clusterIPs"].isEmpty { first.refuse(shown, "primary ipFamily can not be unset") }
        if let present = families.first, let was = old.first, present != was { first.refuse(now["clusterIPs"], fixed) }
        if old.count > families.count, families.count == 1, now["ipFamilyPolicy"].string != "SingleStack" {
            spec["ipFamilyPolicy"].refuse("must be set to 'SingleStack' when releasing the secondary ipFamily")
        }
    }
}
