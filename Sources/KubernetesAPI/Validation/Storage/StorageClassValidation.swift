import ObjectModel

/// The rules of classes: of storage, and of what may change in a volume later.
enum StorageClassValidation {
    private static let parametersMax = 512
    private static let parameterBytesMax = 256 * 1024

    @Sendable static func check(_ storage: Field, _ old: Field?) {
        provisioner(storage["provisioner"])
        parameters(storage["parameters"])
        storage["reclaimPolicy"].oneOf(["Delete", "Retain"])
        storage["volumeBindingMode"].requireOneOf(["Immediate", "WaitForFirstConsumer"])
        topologies(storage)
        guard let old else { return }
        fixed(["parameters", "provisioner", "reclaimPolicy"], storage, old)
        storage["volumeBindingMode"].immutable(since: old["volumeBindingMode"])
    }

    @Sendable static func attributes(_ attributes: Field, _ old: Field?) {
        if let old { fixed(["driverName", "parameters"], attributes, old) }
        provisioner(attributes["driverName"])
        parameters(attributes["parameters"])
        attributes["parameters"].require("must contain at least one key/value pair")
    }

    private static func fixed(_ names: [String], _ object: Field, _ old: Field) {
        for name in names where object.value[name] != old.value[name] && !(object[name].isEmpty && old[name].isEmpty) {
            object[name].forbid("updates to \(name) are forbidden.")
        }
    }

    private static func provisioner(_ name: Field) {
        guard name.require() else { return }
        for problem in Validation.qualifiedName(name.text.lowercased()) { name.refuse(.string(name.text.lowercased()), problem) }
    }

    private static func parameters(_ parameters: Field) {
        let fields = parameters.value.fields
        if fields.count > parametersMax { return parameters.tooLong(max: parametersMax) }
        for (key, _) in fields where key.isEmpty { parameters.refuse("", "field can not be empty.") }
        let size = fields.reduce(0) { $0 + $1.key.utf8.count + ($1.value.string ?? "").utf8.count }
        if size > parameterBytesMax { parameters.tooLong(max: parameterBytesMax) }
    }

    /// Where volumes may be: no two terms the same, no key or value twice.
    private static func topologies(_ storage: Field) {
        var terms: [[String: Set<String>]] = []
        for term in storage.elements("allowedTopologies") {
            var keys: [String: Set<String>] = [:]
            for expression in term.elements("matchLabelExpressions") {
                let (key, values) = (expression.text("key"), expression.elements("values"))
                if values.isEmpty { expression["values"].missing() }
                var seen: Set<String> = []
                for value in values where !seen.insert(value.text).inserted { value.duplicate() }
                for problem in Validation.qualifiedName(key) { expression["key"].refuse(.string(key), problem) }
                if keys.updateValue(seen, forKey: key) != nil { expression["key"].duplicate() }
            }
            if terms.contains(keys) { term["matchLabelExpressions"].duplicate("") }
            terms.append(keys)
        }
    }
}
