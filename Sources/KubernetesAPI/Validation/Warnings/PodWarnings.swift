import ObjectModel

/// Warnings about pods and pod templates.
enum PodWarnings {
    static func warnings(of pod: Field) -> [String] {
        var warnings: [String] = []
        let spec = pod["spec"]
        labels(spec, &warnings)
        annotations(pod, &warnings)
        for volume in spec.elements("volumes") {
            for (kind, words) in deprecatedVolumes where !volume.value[kind].isNull { warnings.append("\(volume[kind].path): \(words)") }
        }
        duplicates(spec, "hostAliases", "ip", &warnings)
        duplicates(spec, "imagePullSecrets", "name", &warnings)
        for list in ["initContainers", "containers"] {
            for container in spec.elements(list) {
                environment(container, &warnings)
                ports(container, &warnings)
                memory(container, &warnings)
            }
        }
        if let period = spec.value["terminationGracePeriodSeconds"].integer, period < 0 {
            warnings.append("\(spec["terminationGracePeriodSeconds"].path): must be >= 0; negative values are invalid and will be treated as 1")
        }
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
        for constraint in spec.elements("topologySpreadConstraints") { label(constraint["topologyKey"], &warnings) }
    }

    private static func label(_ key: Field, _ warnings: inout [String]) {
        if let words = deprecatedLabels[key.text] { warnings.append("\(key.path): \(key.text) is \(words)") }
    }

    private static func annotations(_ pod: Field, _ warnings: inout [String]) {
        for (key, field) in pod["metadata"].entries("annotations") {
            if key == "seccomp.security.alpha.kubernetes.io/pod" || key.hasPrefix("container.seccomp.security.alpha.kubernetes.io/") {
                warnings.append(#"\#(field.path): non-functional in v1.27+; use the "seccompProfile" field instead"#)
            } else if key.hasPrefix("container.apparmor.security.beta.kubernetes.io/") {
                warnings.append(#"\#(field.path): deprecated since v1.30; use the "appArmorProfile" field instead"#)
            } else if key == "scheduler.alpha.kubernetes.io/critical-pod" {
                warnings.append(#"\#(field.path): non-functional in v1.16+; use the "priorityClassName" field instead"#)
            }
        }
    }

    private static let deprecatedVolumes = [
        ("gitRepo", "deprecated in v1.11"), ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
        ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
        ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"), ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
        ("cephfs", "deprecated in v1.28, non-functional in v1.31+"), ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
    ]

    // MARK: Twice the same

    private static func duplicates(_ spec: Field, _ list: String, _ key: String, _ warnings: inout [String]) {
        var seen: Set<String> = []
        for element in spec.elements(list) {
            let name = element[key]
            if name.isEmpty {
                if list == "imagePullSecrets" { warnings.append("\(name.path): invalid empty name \"\"") }
            } else if !seen.insert(name.text).inserted {
                warnings.append("\(name.path): duplicate \(key) \"\(name.text)\"")
            }
        }
    }

    private static func environment(_ container: Field, _ warnings: inout [String]) {
        var seen: Set<String> = []
        for variable in container.elements("env") where !seen.insert(variable.text("name")).inserted {
            warnings.append("\(variable.path): hides previous definition of \"\(variable.text("name"))\", which may be dropped when using apply")
        }
    }

    private static func ports(_ container: Field, _ warnings: inout [String]) {
        var seen: [String: Field] = [:]
        for port in container.elements("ports") {
            let transport = port.text("protocol").isEmpty ? "TCP" : port.text("protocol")
            let place = "\(port["containerPort"].number)/\(port["hostPort"].number)/\(port.text("hostIP"))/\(transport)"
            if let first = seen[place] {
                warnings.append("\(port.path): duplicate port definition with \(first.path)")
            } else {
                seen[place] = port
            }
        }
    }

    private static func memory(_ container: Field, _ warnings: inout [String]) {
        for list in ["limits", "requests"] {
            let amount = container["resources"][list].key("memory")
            if let quantity = amount.quantity, quantity.milliValue % 1000 != 0 {
                warnings.append("\(amount.path): fractional byte value \"\(quantity)\" is invalid, must be an integer")
            }
        }
    }
}
