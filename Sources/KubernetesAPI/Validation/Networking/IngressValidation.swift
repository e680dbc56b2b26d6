import ObjectModel

enum IngressValidation {
    private static let classAnnotation = "kubernetes.io/ingress.class"

    @Sendable static func check(_ ingress: Field, _ old: Field?) {
        let spec = ingress["spec"]
        if spec["rules"].isEmpty, spec["defaultBackend"].isAbsent {
            spec.refuse(spec.value["rules"], "either `defaultBackend` or `rules` must be specified")
        }
        if let fallback = spec.present("defaultBackend") { backend(fallback) }
        for rule in spec.elements("rules") {
            host(rule["host"])
            guard let http = rule.present("http") else { continue }
            http["paths"].require()
            for item in http.elements("paths") {
                path(item)
                if !item["pathType"].isAbsent { backend(item["backend"]) }
            }
        }
        for tls in spec.elements("tls") {
            for name in tls.elements("hosts") { domain(name) }
            tls["secretName"].matches(Validation.dns1123Subdomain)
        }
        if let name = spec.present("ingressClassName") { for problem in Validation.dns1123Subdomain(name.text) { name.refuse(problem) } }
        let annotation = ingress["metadata"]["annotations"].value[classAnnotation]
        if old == nil, !annotation.isNull, !spec.value["ingressClassName"].isNull, annotation != spec.value["ingressClassName"] {
            // Upstream names it without the metadata.
            ingress["annotations"][classAnnotation].refuse(annotation, "must match `ingressClassName` when both are specified")
        }
    }

    private static func host(_ host: Field) {
        guard !host.isEmpty else { return }
        if IPAddress(host.text) != nil { host.refuse("must be a DNS name, not an IP address") }
        domain(host)
    }

    private static func domain(_ name: Field) {
        name.matchesAlways(name.text.contains("*") ? Validation.wildcardDNS1123Subdomain : Validation.dns1123Subdomain)
    }

    private static func path(_ item: Field) {
        let (path, type) = (item["path"], item["pathType"])
        switch type.text {
        case "Exact", "Prefix":
            if !path.text.hasPrefix("/") { path.refuse(.string(path.text), "must be an absolute path") }
            for sequence in ["//", "/./", "/../", "%2f", "%2F"] where path.text.contains(sequence) { path.refuse("must not contain '\(sequence)'") }
            for ending in ["/..", "/."] where path.text.hasSuffix(ending) { path.refuse("cannot end with '\(ending)'") }
        case "ImplementationSpecific":
            if !path.isEmpty, !path.text.hasPrefix("/") { path.refuse("must be an absolute path") }
        case "" where type.isAbsent: type.missing("pathType must be specified")
        default: type.unsupported(["Exact", "ImplementationSpecific", "Prefix"])
        }
    }

    private static func backend(_ backend: Field) {
        switch (backend.present("resource"), backend.present("service")) {
        case (.some, .some): backend.refuse("", "cannot set both resource and service backends")
        case (let resource?, nil):
            if let group = resource.present("apiGroup") { for problem in Validation.dns1123Subdomain(group.text) { group.refuse(problem) } }
            for field in ["kind", "name"] { resource[field].requireMatch(Validation.pathSegmentName, "\(field) is required") }
        case (nil, let service?): self.service(service, in: backend)
        case (nil, nil): backend.refuse("", "resource or service backend is required")
        }
    }

    private static func service(_ service: Field, in backend: Field) {
        service["name"].requireMatch(Validation.dns1035Label)
        let (name, number) = (service["port"]["name"], service["port"]["number"])
        switch (name.isEmpty, number.isEmpty) {
        case (false, false): backend.refuse("", "cannot set both port name & port number")
        case (false, true): name.matches(Validation.portName)
        case (true, false): number.port()
        case (true, true): backend.missing("port name or number is required")
        }
    }
}
