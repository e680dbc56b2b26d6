import ObjectModel

/// The shape of resource claims and device classes.
enum DeviceValidation {
    private static let requestsMax = 32

    static func claim(_ spec: Field) {
        let devices = spec["devices"]
        let requests = devices.elements("requests")
        if requests.count > requestsMax { devices["requests"].tooMany(requests.count, max: requestsMax) }
        var names = Names()
        for request in requests {
            request["name"].requireMatch(Validation.dns1123Label)
            names.insertUnique(request["name"])
            switch (request.present("exactly"), request.nonEmpty("firstAvailable")) {
            case (nil, nil): request.missing("exactly one of `exactly` or `firstAvailable` is required")
            case (.some, .some): request.refuse("exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set")
            case (let exactly?, nil): device(exactly)
            case (nil, .some): for alternative in request.elements("firstAvailable") { device(alternative) }
            }
        }
        for constraint in devices.elements("constraints") {
            for name in constraint.elements("requests") {
                let request = String(name.text.split(separator: "/").first ?? "")
                if !names.contains(request) {
                    name.refuse("must be the name of a request in the claim or the name of a request and a subrequest separated by '/'")
                }
            }
        }
    }

    private static func device(_ request: Field) {
        request["deviceClassName"].requireMatch(Validation.dns1123Subdomain)
        request["allocationMode"].oneOf(["All", "ExactCount"])
        if request.text("allocationMode") == "ExactCount", let count = request.present("count"), count.number <= 0 { count.refuse(Words.positive) }
        selectors(request)
    }

    static func selectors(_ owner: Field) {
        let selectors = owner.elements("selectors")
        if selectors.count > requestsMax { owner["selectors"].tooMany(selectors.count, max: requestsMax) }
        for selector in selectors {
            guard let cel = selector.present("cel") else {
                selector["cel"].missing()
                continue
            }
            cel["expression"].require()
        }
    }
}
