import ObjectModel

/// The rules of a `PodSpec`, in a pod or in the template of one.
enum PodSpecValidation {
    /// Where the spec stands. A few rules hold only for what is a pod already.
    enum Place { case pod, template }

    /// A `PodTemplateSpec`. `restartPolicies` are those that its owner's kind allows.
    static func template(_ template: Field, restartPolicies: [String]? = nil) {
        // Upstream names both without the metadata.
        let metadata = template.value["metadata"]
        if !metadata["labels"].isEmpty { MetadataValidation.labels(metadata["labels"], template["labels"].path).forEach(template.findings.report) }
        if !metadata["annotations"].isEmpty {
            MetadataValidation.annotations(metadata["annotations"], template["annotations"].path).forEach(template.findings.report)
        }
        check(template["spec"], .template)
        template["spec"]["ephemeralContainers"].mustBeEmpty("ephemeral containers not allowed in pod template")
        if let restartPolicies { template["spec"]["restartPolicy"].mustBeOneOf(restartPolicies) }
    }

    /// - Parameter name: the pod's name, where it is one.
    static func check(_ spec: Field, _ place: Place, name: String = "") {
        let volumes = VolumeValidation.check(spec, place, pod: name)
        let claims = resourceClaims(spec)
        let scope = ContainerValidation.Scope(spec: spec, volumes: volumes, claims: claims)
        ContainerValidation.checkAll(spec, scope)
        if let resources = spec.present("resources") { ResourceValidation.pod(resources, spec) }
        hostNetwork(spec, place)
        spec["restartPolicy"].requireOneOf(["Always", "OnFailure", "Never"])
        spec["dnsPolicy"].requireOneOf(["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
        spec["nodeSelector"].labels()
        SecurityValidation.pod(spec)
        if let affinity = spec.present("affinity") { AffinityValidation.check(affinity) }
        DNSConfigValidation.check(spec)
        gates(spec)
        TopologySpreadValidation.check(spec)
        WindowsValidation.hostProcess(spec)
        SecurityValidation.hostUsers(spec)
        names(spec)
        spec["activeDeadlineSeconds"].inRange(1...Words.int32Max)
        tolerations(spec)
        hostAliases(spec)
        if let policy = spec.present("preemptionPolicy") { policy.requireOneOf(["PreemptLowerPriority", "Never"]) }
        if let overhead = spec.present("overhead") { ResourceValidation.overhead(overhead.value, at: overhead) }
        WindowsValidation.operatingSystem(spec)
    }

    // MARK: Parts

    private static func names(_ spec: Field) {
        spec["serviceAccountName"].matches(Validation.dns1123Subdomain)
        spec["nodeName"].matches(Validation.dns1123Subdomain)
        spec["hostname"].matches(Validation.dns1123Label)
        spec["subdomain"].matches(Validation.dns1123Label)
        if let override = spec.present("hostnameOverride") {
            override.matches(Validation.dns1123Subdomain)
            if override.text.utf8.count > 64 { override.refuse("must be no more than 64 bytes") }
            if spec.isTrue("setHostnameAsFQDN") { spec["hostnameOverride"].forbid("may not be specified when `setHostnameAsFQDN` is true") }
            if spec.isTrue("hostNetwork") { spec["hostnameOverride"].forbid("may not be specified when `hostNetwork` is true") }
        }
        spec["priorityClassName"].matches(Validation.dns1123Subdomain)
        spec["runtimeClassName"].matches(Validation.dns1123Subdomain)
    }

    /// The names of the pod's resource claims, which containers may use.
    private static func resourceClaims(_ spec: Field) -> Names {
        var names = Names()
        for claim in spec.elements("resourceClaims") {
            claim["name"].requireMatch(Validation.dns1123Label)
            names.insertUnique(claim["name"])
            let (byName, byTemplate) = (claim["resourceClaimName"], claim["resourceClaimTemplateName"])
            if !byName.isAbsent, !byTemplate.isAbsent {
                claim.refuse("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
            } else if byName.isAbsent, byTemplate.isAbsent {
                claim.refuse("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
            }
            byName.matches(Validation.dns1123Subdomain)
            byTemplate.matches(Validation.dns1123Subdomain)
        }
        return names
    }

    private static func hostNetwork(_ spec: Field, _ place: Place) {
        guard spec.isTrue("hostNetwork") else { return }
        for container in spec.elements("containers") {
            for port in container.elements("ports") {
                let host = port["hostPort"]
                // The pod that a template makes is given the same port; until then it may be left out.
                guard place == .pod || host.number != 0, host.number != port["containerPort"].number else { continue }
                host.refuse(.integer(host.number), "must match `containerPort` when `hostNetwork` is true")
            }
        }
    }

    private static func gates(_ spec: Field) {
        for gate in spec.elements("readinessGates") {
            for problem in Validation.qualifiedName(gate.text("conditionType")) {
                gate["conditionType"].refuse(.string(gate.text("conditionType")), problem)
            }
        }
        var names = Names()
        for gate in spec.elements("schedulingGates") {
            for problem in Validation.qualifiedName(gate.text("name")) { gate.refuse(.string(gate.text("name")), problem) }
            if !names.insert(gate.text("name")) { gate.duplicate(.string(gate.text("name"))) }
        }
    }

    /// The tolerations of a pod, or of a class of them.
    static func tolerations(_ spec: Field) {
        for toleration in spec.elements("tolerations") {
            toleration["key"].matches(Validation.qualifiedName)
            let comparison = toleration["operator"]
            if toleration.text("key").isEmpty, comparison.text != "Exists" {
                comparison.refuse(
                    .string(comparison.text), #"operator must be Exists when `key` is empty, which means "match all values and all keys""#)
            }
            let effect = toleration["effect"]
            if toleration.present("tolerationSeconds") != nil, effect.text != "NoExecute" {
                effect.refuse(.string(effect.text), "effect must be 'NoExecute' when `tolerationSeconds` is set")
            }
            switch comparison.text {
            case "", "Equal":
                let problems = Validation.labelValue(toleration.text("value"))
                if !problems.isEmpty { comparison.refuse(toleration.value["value"], problems.joined(separator: ";")) }
            case "Exists":
                if !toleration.text("value").isEmpty {
                    comparison.refuse(toleration.value["value"], "value must be empty when `operator` is 'Exists'")
                }
            default: comparison.unsupported(["Equal", "Exists"])
            }
            effect.oneOf(Words.taintEffects)
        }
    }

    private static func hostAliases(_ spec: Field) {
        for alias in spec.elements("hostAliases") {
            for problem in Validation.ip(alias.text("ip")) { alias["ip"].refuse(.string(alias.text("ip")), problem) }
            for name in alias.elements("hostnames") {
                for problem in Validation.dns1123Subdomain(name.text) { name.refuse(problem) }
            }
        }
    }
}
