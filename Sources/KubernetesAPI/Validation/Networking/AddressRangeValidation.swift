import ObjectModel

/// The rules of IPAddress and ServiceCIDR.
enum AddressRangeValidation {
    @Sendable static func address(_ address: Field, _ old: Field?) {
        let parent = address["spec"]["parentRef"]
        if let old { return parent.immutable(since: old["spec"]["parentRef"]) }
        guard !parent.isAbsent else { return parent.missing() }
        parent["group"].matches(Validation.dns1123Subdomain)
        for field in ["resource", "name"] { parent[field].requireMatch(Validation.pathSegmentName) }
        parent["namespace"].matches(Validation.pathSegmentName)
    }

    @Sendable static func range(_ range: Field, _ old: Field?) {
        let list = range["spec"]["cidrs"]
        guard let old else { return ranges(range["spec"], list) }
        let (now, before) = (list.value.strings, old["spec"].value["cidrs"].strings)
        switch (before.count, now.count) {
        case let (had, has) where had == has:
            for (index, text) in now.enumerated() where text != before[index] { list.element(index).refuse(Words.immutable) }
        case (1, 2):
            if now[0] != before[0] { list.element(0).refuse(Words.immutable) }
            ranges(range["spec"], list)
        default: list.refuse(Words.immutable)
        }
    }

    private static func ranges(_ spec: Field, _ list: Field) {
        guard list.require("at least one CIDR required") else { return }
        let ranges = spec.elements("cidrs")
        if ranges.count > 2 { return list.refuse(spec.value, "may only hold up to 2 values") }
        for range in ranges { for problem in Validation.cidr(range.text) { range.refuse(.string(range.text), problem) } }
        let families = ranges.compactMap { CIDR($0.text)?.address.isIPv4 }
        if families.count == 2, families[0] == families[1] {
            list.refuse("may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64")
        }
    }
}
