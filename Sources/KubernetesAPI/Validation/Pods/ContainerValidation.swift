import ObjectModel

/// The rules of containers, init containers and ephemeral containers.
enum ContainerValidation {
    /// What a container may refer to in its pod.
    struct Scope {
        let spec: Field
        let volumes: VolumeValidation.Volumes
        let claims: Names
        let gracePeriod: Int64

        init(spec: Field, volumes: VolumeValidation.Volumes, claims: Names) {
            self.spec = spec
            self.volumes = volumes
            self.claims = claims
            gracePeriod = spec.value["terminationGracePeriodSeconds"].integer ?? 30
        }
    }

    static func checkAll(_ spec: Field, _ scope: Scope) {
        var names = Names()
        let containers = spec.elements("containers")
        if containers.isEmpty { spec["containers"].missing() }
        for container in containers {
            common(container, scope)
            names.insertUnique(container["name"])
            restartPolicy(container, ["Always", "Never", "OnFailure"])
            handlers(container, scope)
        }
        hostPortConflicts(containers)
        for container in spec.elements("initContainers") { initContainer(container, scope, &names) }
        for container in spec.elements("ephemeralContainers") { ephemeral(container, scope, &names) }
    }

    // MARK: All containers

    private static func common(_ container: Field, _ scope: Scope) {
        container["name"].requireMatch(Validation.dns1123Label)
        container["image"].require()
        container["terminationMessagePolicy"].requireOneOf(["File", "FallbackToLogsOnError"])
        ports(container)
        EnvironmentValidation.check(container)
        MountValidation.check(container, scope.volumes)
        pullPolicy(container["imagePullPolicy"])
        ResourceValidation.container(container["resources"], claims: scope.claims)
        resizePolicies(container, scope)
        if let security = container.present("securityContext") { SecurityValidation.container(security, in: scope.spec) }
    }

    static func pullPolicy(_ policy: Field) { policy.requireOneOf(["Always", "IfNotPresent", "Never"]) }

    static func noSpaceAround(_ image: Field) {
        let isSpace = { (byte: UInt8?) in byte.map { $0 == 0x20 || (0x09...0x0D).contains($0) } ?? false }
        if isSpace(image.text.utf8.first) || isSpace(image.text.utf8.last) { image.refuse("must not have leading or trailing whitespace") }
    }

    private static func ports(_ container: Field) {
        var names = Names()
        for port in container.elements("ports") {
            if let name = port.nonEmpty("name"), name.matches(Validation.portName) { names.insertUnique(name) }
            if port["containerPort"].require() { port["containerPort"].port() }
            if let host = port.nonEmpty("hostPort") { host.port() }
            port["protocol"].requireOneOf(["SCTP", "TCP", "UDP"])
        }
    }

    private static func hostPortConflicts(_ containers: [Field]) {
        var seen: Set<String> = []
        for container in containers {
            for port in container.elements("ports") where port["hostPort"].number != 0 {
                let place = "\(port.text("protocol"))/\(port.text("hostIP"))/\(port["hostPort"].number)"
                if !seen.insert(place).inserted { port["hostPort"].duplicate(.string(place)) }
            }
        }
    }

    private static func resizePolicies(_ container: Field, _ scope: Scope) {
        var names = Names()
        let list = container["resizePolicy"]
        for policy in container.elements("resizePolicy") {
            let (resource, restart) = (policy.text("resourceName"), policy.text("restartPolicy"))
            if !names.insert(resource) { policy.duplicate(.string(resource)) }
            list.showing(.string(resource)).requireOneOf(["cpu", "memory"])
            list.showing(.string(restart)).requireOneOf(["NotRequired", "RestartContainer"])
            if scope.spec.text("restartPolicy") == "Never", restart != "NotRequired", container.text("restartPolicy") != "Always" {
                list.refuse(.string(restart), "must be 'NotRequired' when `restartPolicy` is 'Never'")
            }
        }
    }

    private static func restartPolicy(_ container: Field, _ supported: [String]) {
        if let policy = container.present("restartPolicy") { policy.mustBeOneOf(supported) }
        let rules = container.elements("restartPolicyRules")
        guard !rules.isEmpty else { return }
        container["restartPolicy"].requirePresent("must specify restartPolicy when restartPolicyRules is used")
        if rules.count > 20 { container["restartPolicyRules"].tooMany(rules.count, max: 20) }
        for rule in rules {
            rule["action"].requireOneOf(["Restart", "RestartAllContainers"])
            guard let codes = rule.present("exitCodes") else {
                rule["exitCodes"].missing("must be specified")
                continue
            }
            codes["operator"].requireOneOf(["In", "NotIn"])
            let count = codes.value["values"].array.count
            if count == 0 { codes["values"].refuse([], "at least one value is required for rule") }
            if count > 255 { codes["values"].tooMany(count, max: 255) }
        }
    }

    private static func handlers(_ container: Field, _ scope: Scope) {
        if let lifecycle = container.present("lifecycle") { ProbeValidation.lifecycle(lifecycle, scope) }
        ProbeValidation.probes(container, scope)
    }

    // MARK: Kinds of containers

    private static func initContainer(_ container: Field, _ scope: Scope, _ names: inout Names) {
        common(container, scope)
        restartPolicy(container, ["Always", "Never", "OnFailure"])
        names.insertUnique(container["name"])
        hostPortConflicts([container])
        if container.text("restartPolicy") == "Always" { return handlers(container, scope) }
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] where !container.value[field].isNull {
            container[field].forbid("may not be set for init containers without restartPolicy=Always")
        }
    }

    private static func ephemeral(_ container: Field, _ scope: Scope, _ names: inout Names) {
        let target = container.text("targetContainerName")
        let isThere = ["containers", "initContainers"].contains { scope.spec.elements($0).contains { $0.text("name") == target } }
        common(container, scope)
        noSpaceAround(container["image"])
        names.insertUnique(container["name"])
        if !target.isEmpty, !isThere { container["targetContainerName"].notFound() }
        for field in Self.notForEphemeral where !container.value[field].isEmpty {
            container[field].forbid("cannot be set for an Ephemeral Container")
        }
        for mount in container.elements("volumeMounts") {
            for field in ["subPath", "subPathExpr"] { mount[field].mustBeEmpty("cannot be set for an Ephemeral Container") }
        }
    }

    private static let notForEphemeral = [
        "ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle",
    ]
}
