import ObjectModel
import Schema

/// The steps that schema files name with `rule`: defaults that depend on more than a constant.
enum DefaultingRules {
    static let all: [DefaultingRule] = PodRules.all + ServiceRules.all + ClusterRules.all + WorkloadRules.all
}

extension Value {
    /// Sets a member that isn't there.
    mutating func setDefault(_ key: String, _ value: Value) {
        if self[key].isNull { self[key] = value }
    }

    /// Sets a member that isn't there to what another one holds.
    mutating func setDefault(_ key: String, to other: String) {
        let value = self[other]
        setDefault(key, value)
    }

    /// Changes each element of the list at `key`.
    mutating func updateElements(of key: String, _ change: (inout Value) -> Void) {
        guard case .array(var elements) = self[key] else { return }
        self[key] = nil
        for index in elements.indices { change(&elements[index]) }
        self[key] = .array(elements)
    }

    /// Adds to the object at `key` those members of another that it doesn't have.
    mutating func addMissingMembers(of other: Value, to key: String) {
        for (name, value) in other.fields where self[key][name].isNull { self[key][name] = value }
    }
}
