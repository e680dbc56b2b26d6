import ObjectModel

/// The rules of node affinity, pod affinity and pod anti-affinity.
enum AffinityValidation {
    static func check(_ affinity: Field) {
        if let node = affinity.present("nodeAffinity") {
            if let required = node.present(required) { nodeSelector(required) }
            for preference in node.elements(preferred) {
                weight(preference)
                nodeSelectorTerm(preference["preference"])
            }
        }
        for kind in ["podAffinity", "podAntiAffinity"] {
            guard let pods = affinity.present(kind) else { continue }
            for term in pods.elements(required) { podTerm(term) }
            for preference in pods.elements(preferred) {
                weight(preference)
                podTerm(preference["podAffinityTerm"])
            }
        }
    }

    private static let required = "requiredDuringSchedulingIgnoredDuringExecution"
    private static let preferred = "preferredDuringSchedulingIgnoredDuringExecution"

    private static func weight(_ preference: Field) {
        let weight = preference["weight"]
        if !(1...100).contains(weight.number) { weight.refuse(.integer(weight.number), "must be in the range 1-100") }
    }

    // MARK: Nodes

    static func nodeSelector(_ selector: Field) {
        selector["nodeSelectorTerms"].require("must have at least one node selector term")
        for term in selector.elements("nodeSelectorTerms") { nodeSelectorTerm(term) }
    }

    static func nodeSelectorTerm(_ term: Field) {
        for expression in term.elements("matchExpressions") {
            let values = expression["values"]
            switch expression.text("operator") {
            case "In", "NotIn": values.require("must be specified when `operator` is 'In' or 'NotIn'")
            case "Exists", "DoesNotExist": values.mustBeEmpty("may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            case "Gt", "Lt":
                if values.value.array.count != 1 { values.missing("must be specified single value when `operator` is 'Lt' or 'Gt'") }
            default: expression["operator"].refuse(.string(expression.text("operator")), "not a valid selector operator")
            }
            let key = expression["key"]
            for problem in Validation.qualifiedName(key.text) { key.refuse(.string(key.text), problem) }
        }
        for field in term.elements("matchFields") {
            let values = field["values"]
            if ["In", "NotIn"].contains(field.text("operator")) {
                if values.value.array.count != 1 {
                    values.missing("must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
                }
            } else {
                field["operator"].refuse(.string(field.text("operator")), "not a valid selector operator")
            }
            if field.text("key") == "metadata.name" {
                for value in field.elements("values") { value.matchesAlways(Validation.dns1123Subdomain) }
            } else {
                field["key"].refuse(.string(field.text("key")), "not a valid field selector key")
            }
        }
    }

    // MARK: Pods

    private static func podTerm(_ term: Field) {
        term["labelSelector"].labelSelector()
        term["namespaceSelector"].labelSelector()
        for namespace in term.elements("namespaces") {
            for problem in Validation.dns1123Label(namespace.text) { term["namespace"].refuse(namespace.value, problem) }
        }
        for keys in ["matchLabelKeys", "mismatchLabelKeys"] {
            if term.nonEmpty(keys) != nil, term.value["labelSelector"].isNull {
                term[keys].forbid("must not be specified when labelSelector is not set")
            }
            for key in term.elements(keys) { key.labelKey() }
        }
        term["topologyKey"].require("can not be empty")
        term["topologyKey"].matchesAlways(Validation.qualifiedName)
    }
}
