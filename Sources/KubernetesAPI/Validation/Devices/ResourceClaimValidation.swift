import ObjectModel

/// The rules of what claims ask for: requests, what their devices have in common, and parameters for the drivers.
enum ResourceClaimValidation {
    private static let listMax = 32
    private static let alternativesMax = 8
    private static let parametersMax = 10 * 1024
    private static let expressionMax = 10 * 1024

    @Sendable static func claim(_ claim: Field, _ old: Field?) {
        if let old { claim["spec"].immutable(since: old["spec"]) }
        spec(claim["spec"], isStored: old != nil)
    }

    @Sendable static func template(_ template: Field, _ old: Field?) {
        if let old { return template["spec"].immutable(since: old["spec"]) }
        let metadata = template["spec"]["metadata"]
        metadata["labels"].labels()
        MetadataValidation.annotations(metadata.value["annotations"], metadata["annotations"].path).forEach(template.findings.report)
        spec(template["spec"]["spec"], isStored: false)
    }

    @Sendable static func deviceClass(_ deviceClass: Field, _ old: Field?) {
        let (spec, before) = (deviceClass["spec"], old?.value["spec"])
        selectors(spec)
        let isStored = before.map { $0["config"] == spec.value["config"] } ?? false
        for config in spec.limited("config", max: listMax) { configuration(config, isStored: isStored) }
        if let name = spec.present("extendedResourceName"), !ResourceValidation.isExtended(name.text) {
            name.refuse("must be a valid extended resource name")
        }
    }

    private static func spec(_ spec: Field, isStored: Bool) {
        let devices = spec["devices"]
        let names = RequestNames(devices.value)
        let requests = devices.limited("requests", max: listMax)
        for request in requests { self.request(request) }
        Field.unique(requests) { $0.text("name") }
        for constraint in devices.limited("constraints", max: listMax) { self.constraint(constraint, names) }
        for config in devices.limited("config", max: listMax) {
            names.check(config, max: listMax)
            configuration(config, isStored: isStored)
        }
    }

    // MARK: Requests

    private static func request(_ request: Field) {
        request["name"].requireMatch(Validation.dns1123Label)
        switch (request.present("exactly"), request.nonEmpty("firstAvailable")) {
        case (nil, nil): request.missing("exactly one of `exactly` or `firstAvailable` is required")
        case (.some, .some): request.refuse(.null, "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set")
        case (let exactly?, nil): device(exactly)
        case (nil, .some):
            let alternatives = request.limited("firstAvailable", max: alternativesMax)
            for alternative in alternatives {
                alternative["name"].requireMatch(Validation.dns1123Label)
                device(alternative)
            }
            Field.unique(alternatives) { $0.text("name") }
        }
    }

    private static func device(_ request: Field) {
        request["deviceClassName"].requireMatch(Validation.dns1123Subdomain)
        selectors(request)
        let count = request["count"]
        switch request.text("allocationMode") {
        case "All": if count.number != 0 { count.refuse("must not be specified when allocationMode is 'All'") }
        case "ExactCount": if count.number <= 0 { count.refuse(.integer(count.number), Words.positive) }
        default: request["allocationMode"].unsupported(["All", "ExactCount"])
        }
        for toleration in request.elements("tolerations") { toleration.deviceToleration() }
    }

    /// Whether an expression compiles is for those that run it.
    private static func selectors(_ owner: Field) {
        for selector in owner.limited("selectors", max: listMax) {
            guard let cel = selector.present("cel") else {
                selector["cel"].missing()
                continue
            }
            let expression = cel["expression"]
            expression.require()
            if expression.text.utf8.count > expressionMax { expression.tooLong(max: expressionMax) }
        }
    }

    // MARK: Constraints and parameters

    private static func constraint(_ constraint: Field, _ names: RequestNames) {
        names.check(constraint, max: listMax)
        if let attribute = constraint.present("matchAttribute") {
            attribute.qualifiedAttributeName()
        } else if let attribute = constraint.present("distinctAttribute") {
            attribute.qualifiedAttributeName()
        } else {
            constraint.missing(#"exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set"#)
        }
    }

    static func configuration(_ config: Field, isStored: Bool) {
        guard let opaque = config.present("opaque") else { return config["opaque"].missing() }
        opaque["driver"].driverName()
        opaque["parameters"].parameters(max: parametersMax, isStored: isStored)
    }
}

/// The names of a claim's requests, and of each one's alternatives.
struct RequestNames {
    private var alternatives: [String: Set<String>] = [:]

    private static let words = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

    /// - Parameter devices: a claim's `spec.devices`.
    init(_ devices: Value) {
        for request in devices["requests"].array {
            alternatives[request["name"].string ?? ""] = Set(request["firstAvailable"].array.compactMap { $0["name"].string })
        }
    }

    /// Checks the list `requests`.
    func check(_ owner: Field, max: Int) {
        let requests = owner.limited("requests", max: max)
        for request in requests { check(request) }
        Field.unique(requests) { $0.text }
    }

    func check(_ request: Field) {
        let parts = request.text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 2 { return request.refuse(Self.words) }
        for part in parts { for problem in Validation.dns1123Label(part) { request.refuse(.string(part), problem) } }
        let known = alternatives[parts[0]]
        if known == nil || parts.count == 2 && known?.contains(parts[1]) != true { request.refuse(Self.words) }
    }
}
