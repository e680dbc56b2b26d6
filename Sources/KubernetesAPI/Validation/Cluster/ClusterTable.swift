import ObjectModel

/// The cluster's own furniture: nodes, namespaces, classes, leases, events.
enum ClusterTable {
    static let rules: [String: KindValidation.Rules] = [
        "namespaces": { namespace, old in if old == nil { finalizers(namespace) } },
        "namespaces:finalize": { namespace, _ in finalizers(namespace, areNumbered: true) },
        "namespaces:status": { namespace, _ in phase(namespace) },
        "nodes": node,
        "nodes:status": node,
        "scheduling.k8s.io/priorityclasses": priorityClass,
        "node.k8s.io/runtimeclasses": runtimeClass,
        "coordination.k8s.io/leases": { object, _ in lease(object["spec"]) },
        "events": EventValidation.check,
        "events.k8s.io/events": EventValidation.check,
        "certificates.k8s.io/certificatesigningrequests": SigningRequestValidation.check,
        "certificates.k8s.io/certificatesigningrequests:approval": { SigningRequestValidation.check($0, $1, .approval) },
        "certificates.k8s.io/certificatesigningrequests:status": { SigningRequestValidation.check($0, $1, .status) },
        "apiregistration.k8s.io/apiservices": apiService,
        "apiextensions.k8s.io/customresourcedefinitions": CustomResourceDefinitionValidation.check,
        "apiextensions.k8s.io/customresourcedefinitions:status": CustomResourceDefinitionValidation.status,
    ]

    private static func finalizers(_ namespace: Field, areNumbered: Bool = false) {
        let list = namespace["spec"]["finalizers"]
        for finalizer in namespace["spec"].elements("finalizers") {
            let place = areNumbered ? finalizer : list.showing(finalizer.value)
            for problem in Validation.qualifiedName(finalizer.text) { place.refuse(.string(finalizer.text), problem) }
            for error in MetadataValidation.kubeFinalizer(finalizer.text, place.path) { namespace.findings.report(error) }
        }
    }

    /// A namespace that is being deleted says so, and no other does.
    private static func phase(_ namespace: Field) {
        let (phase, isLeaving) = (namespace["status"]["Phase"].showing(namespace["status"].value["phase"]), namespace.value.isBeingDeleted)
        if isLeaving {
            if phase.text != "Terminating" { phase.refuse(.string(phase.text), "may only be 'Terminating' if `deletionTimestamp` is not empty") }
        } else if phase.text != "Active" {
            phase.refuse(.string(phase.text), "may only be 'Active' if `deletionTimestamp` is empty")
        }
    }

    // MARK: Nodes

    @Sendable private static func node(_ node: Field, _ old: Field?) {
        let spec = node["spec"]
        var seen: Set<String> = []
        // Upstream reports them on the metadata.
        let taints = node["metadata"]["taints"].showing(spec.value["taints"])
        for index in taints.value.array.indices {
            let taint = taints.element(index)
            for problem in Validation.qualifiedName(taint.text("key")) { taint["key"].refuse(.string(taint.text("key")), problem) }
            let problems = Validation.labelValue(taint.text("value"))
            if !problems.isEmpty { taint["value"].refuse(problems.joined(separator: ";")) }
            taint["effect"].requireOneOf(Words.taintEffects)
            if !seen.insert("\(taint.text("key")):\(taint.text("effect"))").inserted {
                let shown: Value = [
                    "Key": .string(taint.text("key")), "Value": .string(taint.text("value")), "Effect": .string(taint.text("effect")),
                    "TimeAdded": nil,
                ]
                taint.report(.duplicate(taint.path, shown), "taints must be unique by key and effect pair")
            }
        }
        for list in ["capacity", "allocatable"] {
            for name in node["status"].value[list].fields.keys { ResourceValidation.amount(name, node["status"][list][name]) }
        }
        guard let old = old?["spec"] else { return podRanges(spec) }
        addresses(node["status"])
        if !old.value["podCIDRs"].isEmpty, old.value["podCIDRs"] != spec.value["podCIDRs"] {
            spec["podCIDRs"].forbid(#"node updates may not change podCIDR except from "" to valid"#)
        }
        if !old.text("providerID").isEmpty, old.text("providerID") != spec.text("providerID") {
            spec["providerID"].forbid(#"node updates may not change providerID except from "" to valid"#)
        }
    }

    private static func podRanges(_ spec: Field) {
        let ranges = spec.elements("podCIDRs")
        for range in ranges { for problem in Validation.cidr(range.text) { range.refuse(problem) } }
        guard ranges.count > 1 else { return }
        let families = Set(ranges.compactMap { CIDR($0.text)?.address.isIPv4 })
        if families.count < 2 || ranges.count > 2 { spec["podCIDRs"].refuse("may specify no more than one CIDR for each IP family") }
        var seen = Names()
        for range in ranges { seen.insertUnique(range) }
    }

    private static func addresses(_ status: Field) {
        var seen: Set<String> = []
        for address in status.elements("addresses") where !seen.insert("\(address.text("type"))/\(address.text("address"))").inserted {
            address.duplicate(["Type": .string(address.text("type")), "Address": .string(address.text("address"))])
        }
    }

    // MARK: Classes

    private static let userPriorityMax: Int64 = 1_000_000_000
    private static let systemPriorities: [String: Int64] = ["system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000]

    @Sendable private static func priorityClass(_ priority: Field, _ old: Field?) {
        let (name, value) = (priority["metadata"]["name"], priority["value"])
        if name.text.hasPrefix("system-") {
            let words = "priority class names with 'system-' prefix are reserved for system use only. error: "
            if let known = systemPriorities[name.text] {
                if known != value.number {
                    name.forbid(words + "value of \(name.text) PriorityClass must be \(known)")
                } else if priority.isTrue("globalDefault") {
                    name.forbid(words + "globalDefault of \(name.text) PriorityClass must be false")
                }
            } else {
                name.forbid(words + "\(name.text) is not a known system priority class")
            }
        } else if value.number > userPriorityMax {
            value.forbid("maximum allowed value of a user defined priority is \(userPriorityMax)")
        }
        if let policy = priority.present("preemptionPolicy") { policy.requireOneOf(["Never", "PreemptLowerPriority"]) }
        guard let old else { return }
        if value.number != old["value"].number { value.forbid("may not be changed in an update.") }
        priority["preemptionPolicy"].immutable(since: old["preemptionPolicy"])
    }

    @Sendable private static func runtimeClass(_ runtime: Field, _ old: Field?) {
        for problem in Validation.dns1123Label(runtime.text("handler")) { runtime["handler"].refuse(.string(runtime.text("handler")), problem) }
        if let overhead = runtime.present("overhead") { ResourceValidation.overhead(overhead.value["podFixed"], at: overhead) }
        scheduling(runtime["scheduling"])
        runtime["handler"].immutable(since: old?["handler"])
    }

    private static func scheduling(_ scheduling: Field) {
        scheduling["nodeSelector"].labels()
        let tolerations = scheduling.elements("tolerations")
        // Upstream names the list twice.
        PodSpecValidation.tolerations(scheduling["tolerations"].showing(["tolerations": scheduling.value["tolerations"]]))
        for (index, toleration) in tolerations.enumerated() where tolerations[..<index].contains(where: { $0.value == toleration.value }) {
            toleration.duplicate()
        }
    }

    private static func lease(_ spec: Field) {
        if let duration = spec.present("leaseDurationSeconds"), duration.number <= 0 { duration.refuse("must be greater than 0") }
        spec["leaseTransitions"].nonNegative()
        leaseStrategy(spec["strategy"])
        if !spec["preferredHolder"].isEmpty, spec["strategy"].isEmpty {
            spec["preferredHolder"].forbid("may only be specified when `strategy` is defined")
        }
    }

    /// How the holder is chosen: a name of upstream's, or one with a domain before it.
    private static func leaseStrategy(_ strategy: Field) {
        if strategy.text.contains("/") { strategy.matches(Validation.qualifiedName) } else { strategy.oneOf(["OldestEmulationVersion"]) }
    }

    // MARK: Extensions

    @Sendable private static func apiService(_ service: Field, _ old: Field?) {
        let spec = service["spec"]
        let name = service["metadata"]["name"]
        let wanted = "\(spec.text("version")).\(spec.text("group"))"
        if !name.isEmpty, name.text != wanted { name.refuse("must be `spec.version+\".\"+spec.group`: \"\(wanted)\"") }
        spec["version"].requireMatch(Validation.dns1035Label)
        for (field, max) in [("groupPriorityMinimum", Int64(20_000)), ("versionPriority", 1000)]
        where !(1...max).contains(spec[field].number) {
            spec[field].refuse(.integer(spec[field].number), "must be positive and less than \(max)")
        }
        guard let target = spec.present("service") else { return }
        target["namespace"].require()
        target["name"].require()
        if spec.isTrue("insecureSkipTLSVerify"), !spec["caBundle"].isEmpty {
            spec["insecureSkipTLSVerify"].refuse("may not be true if caBundle is present")
        }
    }
}
