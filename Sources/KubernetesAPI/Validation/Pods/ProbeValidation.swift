import ObjectModel

/// The rules of probes and lifecycle hooks.
enum ProbeValidation {
    static func probes(_ container: Field, _ scope: ContainerValidation.Scope) {
        if let liveness = container.present("livenessProbe") {
            probe(liveness, scope)
            mustBeOne(liveness)
        }
        if let readiness = container.present("readinessProbe") {
            probe(readiness, scope)
            if let period = readiness.present("terminationGracePeriodSeconds") { period.refuse("must not be set for readinessProbes") }
        }
        if let startup = container.present("startupProbe") {
            probe(startup, scope)
            mustBeOne(startup)
        }
    }

    static func lifecycle(_ lifecycle: Field, _ scope: ContainerValidation.Scope) {
        for hook in ["postStart", "preStop"] {
            if let hook = lifecycle.present(hook) { handler(hook, scope, ["exec", "httpGet", "tcpSocket", "sleep"]) }
        }
        if lifecycle.present("stopSignal") != nil, scope.spec.value["os"].isNull {
            lifecycle["stopSignal"].forbid("may not be set for containers with empty `spec.os.name`")
        }
    }

    private static func mustBeOne(_ probe: Field) {
        let threshold = probe["successThreshold"]
        if threshold.number != 1 { threshold.refuse(.integer(threshold.number), "must be 1") }
    }

    private static func probe(_ probe: Field, _ scope: ContainerValidation.Scope) {
        handler(probe, scope, ["exec", "httpGet", "tcpSocket", "grpc"])
        for field in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] { probe[field].nonNegative() }
        if let period = probe.present("terminationGracePeriodSeconds"), period.number <= 0 { period.refuse("must be greater than 0") }
    }

    /// Exactly one of the kinds of handlers.
    private static func handler(_ owner: Field, _ scope: ContainerValidation.Scope, _ kinds: [String]) {
        var isFirst = true
        for kind in kinds {
            guard let handler = owner.present(kind) else { continue }
            guard isFirst else {
                handler.forbid("may not specify more than 1 handler type")
                continue
            }
            isFirst = false
            check(handler, kind, scope)
        }
        if isFirst { owner.missing("must specify a handler type") }
    }

    private static func check(_ handler: Field, _ kind: String, _ scope: ContainerValidation.Scope) {
        switch kind {
        case "exec": handler["command"].require()
        case "httpGet":
            handler["path"].require()
            handler["port"].portOrName()
            handler["scheme"].mustBeOneOf(["HTTP", "HTTPS"])
            for header in handler.elements("httpHeaders") {
                for problem in Validation.httpHeaderName(header.text("name")) {
                    handler["httpHeaders"].refuse(.string(header.text("name")), problem)
                }
            }
        case "tcpSocket": handler["port"].portOrName()
        case "grpc": handler["port"].showing(.integer(handler["port"].number)).port()
        default:
            let seconds = handler["seconds"]
            if seconds.number < 0 || seconds.number > scope.gracePeriod {
                handler.refuse(.integer(seconds.number), "must be non-negative and less than terminationGracePeriodSeconds (\(scope.gracePeriod))")
            }
        }
    }
}

extension Field {
    /// A port's number, or the name of a container's port.
    func portOrName() {
        if case .string(let name) = value {
            for problem in Validation.portName(name) { refuse(problem) }
        } else {
            showing(.integer(number)).port()
        }
    }
}
