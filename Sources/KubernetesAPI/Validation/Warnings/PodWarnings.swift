import ObjectModel

/// Warnings about pods and pod templates.
enum PodWarnings {
    static func warnings(of pod: Field, isTemplate: Bool) -> [String] {
        var warnings: [String] = []
        let spec = pod["spec"]
        labels(spec, &warnings)
        annotations(pod, &warnings)
        volumes(spec, &warnings)
        tokenPaths(spec, &warnings)
        duplicates(spec, "hostAliases", "ip", &warnings)
        duplicates(spec, "imagePullSecrets", "name", &warnings)
        for resource in ["memory", "ephemeral-storage"] { fraction(spec["overhead"].key(resource), &warnings) }
        let containers = ["initContainers", "containers", "ephemeralContainers"].flatMap { spec.elements($0) }
        profiles(pod, containers, isTemplate: isTemplate, &warnings)
        for container in containers {
            for resource in ["memory", "ephemeral-storage"] {
                for list in ["limits", "requests"] { fraction(container["resources"][list].key(resource), &warnings) }
            }
            environment(container, &warnings)
        }
        ports(containers, &warnings)
        if let period = spec.value["terminationGracePeriodSeconds"].integer, period < 0 {
            warnings.append("\(spec["terminationGracePeriodSeconds"].path): must be >= 0; negative values are invalid and will be treated as 1")
        }
        affinity(spec, &warnings)
        return warnings
    }

    // MARK: Deprecated names

    private static let deprecatedLabels = [
        "beta.kubernetes.io/arch": #"deprecated since v1.14; use "kubernetes.io/arch" instead"#,
        "beta.kubernetes.io/os": #"deprecated since v1.14; use "kubernetes.io/os" instead"#,
        "failure-domain.beta.kubernetes.io/region": #"deprecated since v1.17; use "topology.kubernetes.io/region" instead"#,
        "failure-domain.beta.kubernetes.io/zone": #"deprecated since v1.17; use "topology.kubernetes.io/zone" instead"#,
        "beta.kubernetes.io/instance-type": #"deprecated since v1.17; use "node.kubernetes.io/instance-type" instead"#,
    ]

    private static func labels(_ spec: Field, _ warnings: inout [String]) {
        for (key, field) in spec.entries("nodeSelector") {
            if let words = deprecatedLabels[key] { warnings.append("\(field.path): \(words)") }
        }
        if let affinity = spec.present("affinity")?.present("nodeAffinity") {
            let required = affinity["requiredDuringSchedulingIgnoredDuringExecution"].elements("nodeSelectorTerms")
            let preferred = affinity.elements("preferredDuringSchedulingIgnoredDuringExecution").map { $0["preference"] }
            for term in required + preferred {
                for expression in term.elements("matchExpressions") { label(expression["key"], &warnings) }
            }
        }
        for constraint in spec.elements("topologySpreadConstraints") {
            label(constraint["topologyKey"], &warnings)
            selector(constraint, &warnings)
        }
    }

    /// Without a selector nothing is meant, which is seldom meant.
    private static func selector(_ owner: Field, _ warnings: inout [String]) {
        if owner.value["labelSelector"].isNull { warnings.append("\(owner["labelSelector"].path): a null labelSelector results in matching no pod") }
    }

    private static func affinity(_ spec: Field, _ warnings: inout [String]) {
        for kind in ["podAffinity", "podAntiAffinity"] {
            guard let affinity = spec["affinity"].present(kind) else { continue }
            for term in affinity.elements("requiredDuringSchedulingIgnoredDuringExecution") { selector(term, &warnings) }
            for preference in affinity.elements("preferredDuringSchedulingIgnoredDuringExecution") {
                selector(preference["podAffinityTerm"], &warnings)
            }
        }
    }

    static func label(_ key: Field, _ warnings: inout [String]) {
        if let words = deprecatedLabels[key.text] { warnings.append("\(key.path): \(key.text) is \(words)") }
    }

    private static let deprecatedAnnotations = [
        ("scheduler.alpha.kubernetes.io/critical-pod", #"non-functional in v1.16+; use the "priorityClassName" field instead"#),
        ("security.alpha.kubernetes.io/sysctls", #"non-functional in v1.11+; use the "sysctls" field instead"#),
        ("security.alpha.kubernetes.io/unsafe-sysctls", #"non-functional in v1.11+; use the "sysctls" field instead"#),
    ]

    private static func annotations(_ pod: Field, _ warnings: inout [String]) {
        let annotations = pod["metadata"]["annotations"]
        for (key, words) in deprecatedAnnotations where !annotations.value[key].isNull { warnings.append("\(annotations.key(key).path): \(words)") }
    }

    /// Annotations that took the place of fields.
    private static func profiles(_ pod: Field, _ containers: [Field], isTemplate: Bool, _ warnings: inout [String]) {
        let annotations = pod["metadata"]["annotations"]
        guard !annotations.isEmpty else { return }
        let security = pod.value["spec"]["securityContext"]
        func warn(_ key: String, _ words: String) {
            if !annotations.value[key].isNull { warnings.append("\(annotations.key(key).path): \(words)") }
        }
        let seccomp = #"non-functional in v1.27+; use the "seccompProfile" field instead"#
        if security["seccompProfile"].isNull { warn("seccomp.security.alpha.kubernetes.io/pod", seccomp) }
        for container in containers {
            let (name, own) = (container.text("name"), container.value["securityContext"])
            if own["seccompProfile"].isNull { warn("container.seccomp.security.alpha.kubernetes.io/\(name)", seccomp) }
            if isTemplate, own["appArmorProfile"].isNull, security["appArmorProfile"].isNull {
                warn(
                    "container.apparmor.security.beta.kubernetes.io/\(name)",
                    #"deprecated since v1.30; use the "appArmorProfile" field instead"#)
            }
        }
    }

    // MARK: Volumes

    static let deprecatedVolumes = [
        ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"), ("gitRepo", "deprecated in v1.11"),
        ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"), ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
        ("storageos", "deprecated in v1.22, non-functional in v1.25+"), ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
        ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"), ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
        ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ]

    private static func volumes(_ spec: Field, _ warnings: inout [String]) {
        for volume in spec.elements("volumes") {
            for (kind, words) in deprecatedVolumes where !volume.value[kind].isNull {
                warnings.append("\(volume[kind == "storageos" ? "storageOS" : kind].path): \(words)")
            }
            if let template = volume.present("ephemeral")?.present("volumeClaimTemplate") {
                warnings += StorageWarnings.claimSpec(template["spec"])
            }
        }
    }

    /// Files that a service account's token comes to lie on.
    private static func tokenPaths(_ spec: Field, _ warnings: inout [String]) {
        let projected = spec.elements("volumes").compactMap { $0.present("projected") }
        let sources = projected.flatMap { volume in volume.value["sources"].array.map { (volume["sources"], $0) } }
        let taken = Set(sources.compactMap { $0.1["serviceAccountToken"]["path"].string })
        guard !taken.isEmpty else { return }
        for (place, source) in sources {
            for (kind, shown) in [("configMap", "configMap"), ("secret", "secrets"), ("downwardAPI", "downwardAPI")] {
                for (index, item) in source[kind]["items"].array.enumerated() {
                    guard let path = item["path"].string, taken.contains(path) else { continue }
                    warnings.append("\(place[shown].element(index).path): has duplicated path with ServiceAccountToken \"\(path)\"")
                }
            }
            if let path = source["clusterTrustBundle"]["path"].string, taken.contains(path) {
                warnings.append("\(place["ClusterTrustBundle"].path): has duplicated path with ServiceAccountToken \"\(path)\"")
            }
        }
    }

    // MARK: Twice the same

    private static func duplicates(_ spec: Field, _ list: String, _ key: String, _ warnings: inout [String]) {
        var seen: Set<String> = []
        for element in spec.elements(list) where !seen.insert(element.text(key)).inserted {
            warnings.append("\(element[key].path): duplicate \(key) \"\(element.text(key))\"")
        }
        guard list == "imagePullSecrets" else { return }
        for element in spec.elements(list) where element.text(key).isEmpty { warnings.append("\(element[key].path): invalid empty name \"\"") }
    }

    /// A variable that comes again says more where it holds what it was before, and else hides it.
    private static func environment(_ container: Field, _ warnings: inout [String]) {
        var seen: Set<String> = []
        for variable in container.elements("env") where !seen.insert(variable.text("name")).inserted {
            let (value, reference) = (variable.text("value"), "$(\(variable.text("name")))")
            guard !variable["valueFrom"].isAbsent || value == reference || !value.contains(reference) else { continue }
            warnings.append("\(variable.path): hides previous definition of \"\(variable.text("name"))\", which may be dropped when using apply")
        }
    }

    private static func ports(_ containers: [Field], _ warnings: inout [String]) {
        var seen: [String: [Field]] = [:]
        for container in containers {
            for port in container.elements("ports") {
                let (host, address) = (port["hostPort"].number, port.text("hostIP"))
                let transport = port.text("protocol").isEmpty ? "TCP" : port.text("protocol")
                if !address.isEmpty, host == 0 {
                    let shown =
                        "{Name:\(port.text("name")) HostPort:0 ContainerPort:\(port["containerPort"].number) Protocol:\(transport) HostIP:\(address)}"
                    warnings.append("\(port.path): hostIP set without hostPort: \(shown)")
                }
                let place = "\(port["containerPort"].number)/\(transport)"
                for other in seen[place] ?? [] {
                    let (otherHost, otherAddress) = (other["hostPort"].number, other.text("hostIP"))
                    if host == otherHost, address == otherAddress {
                        warnings.append("\(port.path): duplicate port definition with \(other.path)")
                    } else if host == 0 || otherHost == 0 {
                        warnings.append("\(port.path): overlapping port definition with \(other.path)")
                    } else if host == otherHost, address.isEmpty != otherAddress.isEmpty {
                        warnings.append("\(port.path): dangerously ambiguous port definition with \(other.path)")
                    }
                }
                seen[place, default: []].append(port)
            }
        }
    }

    private static func fraction(_ amount: Field, _ warnings: inout [String]) {
        guard let quantity = amount.quantity, quantity.milliValue % 1000 != 0 else { return }
        warnings.append("\(amount.path): fractional byte value \"\(quantity)\" is invalid, must be an integer")
    }
}
