import HostNetwork

/// Who claims which element. Two Services may claim the same address and port (the API forbids it for some fields only): the older one has it,
/// and when it goes the next one gets it.
struct ElementClaims: Sendable {
    /// A Service, ordered by age.
    struct Owner: Hashable, Sendable, Comparable {
        var creationTimestamp: String
        var key: String

        static func < (a: Owner, b: Owner) -> Bool { (a.creationTimestamp, a.key) < (b.creationTimestamp, b.key) }
    }

    private struct Claim: Sendable {
        var owner: Owner
        var data: NFText
    }

    /// Claims of an element, the one that holds first.
    private var claims: [ProxyElement: [Claim]] = [:]

    /// What a round of changes did to each element: what it mapped to before, and now; nil means that it was not there.
    typealias Changes = [ProxyElement: (before: NFText?, after: NFText?)]

    /// All elements with what they map to.
    var effective: [ProxyElement: NFText] { claims.compactMapValues { $0.first?.data } }

    mutating func replace(_ owner: Owner, old: [ProxyElement: NFText], new: [ProxyElement: NFText], changes: inout Changes) {
        for (element, data) in old where new[element] != data {
            update(element, changes: &changes) { $0.removeAll { $0.owner.key == owner.key } }
        }
        for (element, data) in new where old[element] != data {
            update(element, changes: &changes) { claims in
                let index = claims.firstIndex { owner < $0.owner } ?? claims.endIndex
                claims.insert(Claim(owner: owner, data: data), at: index)
            }
        }
    }

    private mutating func update(_ element: ProxyElement, changes: inout Changes, _ change: (inout [Claim]) -> Void) {
        var list = claims[element] ?? []
        let before = list.first?.data
        change(&list)
        claims[element] = list.isEmpty ? nil : list
        changes[element] = (before: changes[element].map(\.before) ?? before, after: list.first?.data)
    }
}
