import ObjectModel
import Testing

@Suite struct DeviceValidationTests {
    private static func object(_ kind: String, _ spec: Value) -> Value {
        ["apiVersion": "resource.k8s.io/v1", "kind": .string(kind), "metadata": ["name": "a", "namespace": "default"], "spec": spec]
    }

    // MARK: Claims

    static let claim = object(
        "ResourceClaim",
        [
            "devices": [
                "requests": [
                    ["name": "one", "exactly": ["deviceClassName": "gpu"]],
                    ["name": "any", "firstAvailable": [["name": "big", "deviceClassName": "gpu"], ["name": "small", "deviceClassName": "gpu"]]],
                ],
                "constraints": [["requests": ["one", "any/big"], "matchAttribute": "example.com/model"]],
                "config": [["requests": ["any"], "opaque": ["driver": "example.com", "parameters": ["a": 1]]]],
            ]
        ])

    private static let words = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

    static let claims: [Rule] = [
        Rule("{}"),
        Rule(
            #"{"requests":[{"name":"x"},{"name":"x","exactly":{"deviceClassName":""}}],"constraints":null,"config":null}"#,
            "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required",
            "spec.devices.requests[1].exactly.deviceClassName: Required value", #"spec.devices.requests[1]: Duplicate value: "x""#),
        Rule(
            #"{"requests":[{"name":"x","exactly":{"deviceClassName":"a","allocationMode":"All","count":2}},{"name":"y","exactly":{"deviceClassName":"a","allocationMode":"Some"}}],"constraints":null,"config":null}"#,
            "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
            #"spec.devices.requests[1].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount""#),
        Rule(
            #"{"requests":[{"name":"x","exactly":{"deviceClassName":"a","count":-1,"selectors":[{}],"tolerations":[{"operator":"Exists","value":"v"},{"operator":"Equal","effect":"Never"}]}}],"constraints":null,"config":null}"#,
            "spec.devices.requests[0].exactly.selectors[0].cel: Required value",
            "spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero",
            #"spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: "v": must be empty for operator `Exists`"#,
            #"spec.devices.requests[0].exactly.tolerations[1].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None""#
        ),
        Rule(
            #"{"constraints":[{"requests":["two","any/none"],"matchAttribute":"model"},{}]}"#,
            #"spec.devices.constraints[0].requests[0]: Invalid value: "two": \#(words)"#,
            #"spec.devices.constraints[0].requests[1]: Invalid value: "any/none": \#(words)"#,
            #"spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash"#,
            #"spec.devices.constraints[1]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set"#
        ),
        Rule(
            #"{"config":[{"requests":["one","one"]},{"opaque":{"driver":"","parameters":null}}]}"#,
            #"spec.devices.config[0].requests[1]: Duplicate value: "one""#, "spec.devices.config[0].opaque: Required value",
            "spec.devices.config[1].opaque.driver: Required value", "spec.devices.config[1].opaque.parameters: Required value"),
    ]

    @Test(arguments: claims) func `a claim keeps its rules`(_ rule: Rule) throws {
        try Rule(#"{"spec":{"devices":\#(rule.patch)}}"#, list: rule.problems).check(Self.claim)
    }

    @Test func `what was claimed stays`() throws {
        var claim = Self.claim
        claim["spec"]["devices"]["config"] = nil
        let found = try Rule.problems(claim, old: Self.claim)
        #expect(found.count == 1 && found[0].hasSuffix(": field is immutable"))
        let template = Self.object("ResourceClaimTemplate", ["spec": Self.claim["spec"]])
        try Rule("{}").check(template)
        var changed = template
        changed["spec"]["metadata"]["labels"]["-"] = "x"
        #expect(try Rule.problems(changed).count == 1)
        changed = template
        changed["spec"]["spec"]["devices"]["config"] = nil
        #expect(try Rule.problems(changed, old: template).count == 1)
    }

    @Test func `a class of devices keeps its rules`() throws {
        let deviceClass = Self.object("DeviceClass", ["selectors": [["cel": ["expression": "true"]]]])
        try Rule(#"{"spec":{"extendedResourceName":"example.com/gpu"}}"#).check(deviceClass)
        try Rule(
            #"{"spec":{"extendedResourceName":"gpu","config":[{}]}}"#, "spec.config[0].opaque: Required value",
            #"spec.extendedResourceName: Invalid value: "gpu": must be a valid extended resource name"#
        ).check(deviceClass)
    }

    // MARK: What a claim got

    private static let result: Value = ["request": "one", "driver": "example.com", "pool": "p", "device": "d"]

    private func problems(_ status: Value, old: Value = [:], isLeaving: Bool = false) throws -> [String] {
        var (before, after) = (Self.claim, Self.claim)
        if isLeaving { after.metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        before["status"] = old
        after["status"] = status
        return try Rule.problems(after, old: before, subresource: "status")
    }

    @Test func `a claim is reserved once it is allocated`() throws {
        let user: Value = ["resource": "pods", "name": "a", "uid": "1"]
        let allocation: Value = ["devices": ["results": [Self.result]]]
        #expect(try problems(["allocation": allocation, "reservedFor": [user]]) == [])
        #expect(try problems(["reservedFor": [user]]) == ["status.reservedFor: Forbidden: may not be specified when `allocated` is not set"])
        #expect(
            try problems(["allocation": allocation, "reservedFor": [user, user, ["uid": "2"]]]) == [
                "status.reservedFor[2].resource: Required value", "status.reservedFor[2].name: Required value",
                #"status.reservedFor[1]: Duplicate value: "1""#,
            ])
        #expect(
            try problems(["allocation": allocation, "reservedFor": [user]], old: ["allocation": allocation], isLeaving: true) == [
                "status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
            ])
    }

    @Test func `an allocation is right, and stays`() throws {
        let allocation: Value = ["devices": ["results": [Self.result]]]
        var other = allocation
        other["devices"]["results"][0]["device"] = "e"
        let found = try problems(["allocation": other], old: ["allocation": allocation])
        #expect(found.count == 1 && found[0].hasPrefix("status.allocation: Invalid value: ") && found[0].hasSuffix(": field is immutable"))
        #expect(try problems([:], old: ["allocation": allocation]) == [])
        let wrong: Value = [
            "devices": [
                "results": [["request": "none", "driver": "", "pool": "", "device": "D", "shareID": "x"]], "config": [["source": "Nowhere"]],
            ]
        ]
        let problems = try problems(["allocation": wrong])
        #expect(problems.contains(#"status.allocation.devices.results[0].request: Invalid value: "none": \#(Self.words)"#))
        #expect(problems.contains("status.allocation.devices.results[0].driver: Required value"))
        #expect(problems.contains("status.allocation.devices.results[0].pool: Required value"))
        #expect(problems.contains { $0.hasPrefix(#"status.allocation.devices.results[0].shareID: Invalid value: "x": uid must be in RFC 4122"#) })
        #expect(
            problems.contains(
                #"status.allocation.devices.config[0].source: Unsupported value: "Nowhere": supported values: "FromClaim", "FromClass""#))
    }

    @Test func `only devices of the allocation are told of`() throws {
        let allocation: Value = ["devices": ["results": [Self.result]]]
        let network: Value = ["interfaceName": "eth0", "ips": ["10.0.0.1/24"]]
        let device: Value = ["driver": "example.com", "pool": "p", "device": "d", "networkData": network, "data": ["a": 1]]
        #expect(try problems(["allocation": allocation, "devices": [device]]) == [])
        var other = device
        other["device"] = "e"
        other["networkData"]["ips"] = ["10.0.0.1"]
        #expect(
            try problems(["allocation": allocation, "devices": [other]]) == [
                #"status.devices[0]: Invalid value: "example.com/p/e": must be an allocated device in the claim"#,
                #"status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"#,
            ])
    }

    // MARK: Slices

    static let slice = object(
        "ResourceSlice",
        [
            "driver": "example.com", "nodeName": "n", "pool": ["name": "n/p", "generation": 1, "resourceSliceCount": 1],
            "devices": [["name": "d", "attributes": ["model": ["string": "a"], "example.com/v": ["version": "1.2.3-rc.1+b"]]]],
        ])

    static let slices: [Rule] = [
        Rule("{}"), Rule(#"{"nodeName":null,"allNodes":true}"#),
        Rule(
            #"{"nodeName":null}"#,
            "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"),
        Rule(
            #"{"allNodes":true}"#,
            #"spec: Invalid value: "{`nodeName`, `allNodes`}": exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required, but multiple fields are set"#
        ),
        Rule(
            #"{"pool":{"name":"","generation":-1,"resourceSliceCount":0}}"#, "spec.pool.name: Required value",
            "spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero",
            "spec.pool.generation: Invalid value: -1: must be greater than or equal to zero"),
        Rule(
            #"{"devices":[{"name":"d","attributes":{"a":{},"b":{"bool":true,"int":1},"c":{"version":"1.2"}}},{"name":"d"}]}"#,
            #"spec.devices[0].attributes[a]: Invalid value: "": exactly one value must be specified"#,
            #"spec.devices[0].attributes[b]: Invalid value: {"bool":true,"int":1}: exactly one value must be specified"#,
            #"spec.devices[0].attributes[c].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0"#,
            #"spec.devices[1]: Duplicate value: "d""#),
        Rule(
            #"{"devices":[{"name":"d","nodeName":"x","taints":[{"key":"k","effect":"Odd"}]}]}"#,
            #"spec.devices[0].taints[0].effect: Unsupported value: "Odd": supported values: "NoExecute", "NoSchedule", "None""#,
            #"spec.devices[0]: Invalid value: "null": `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec"#
        ),
        Rule(
            #"{"devices":[{"name":"d","bindingConditions":["a"]},{"name":"e","bindingConditions":["a"],"bindingFailureConditions":["a"]}]}"#,
            "spec.devices[0].bindingFailureConditions: Invalid value: []: bindingFailureConditions are required to use bindingConditions",
            #"spec.devices[1].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions"#),
        Rule(
            #"{"devices":[{"name":"d","consumesCounters":[{"counterSet":"s","counters":{"memory":{"value":"1"}}},{"counterSet":"s"}]}]}"#,
            "spec.devices[0].consumesCounters[1].counters: Required value", #"spec.devices[0].consumesCounters[1]: Duplicate value: "s""#),
        Rule(
            #"{"sharedCounters":[{"name":"s","counters":{"memory":{"value":"1"}}}]}"#,
            #"spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed"#),
        Rule(
            #"{"devices":[{"name":"d","capacity":{"memory":{"value":"10","requestPolicy":{"default":"1","validValues":["1"]}}}}]}"#,
            "spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true"),
        Rule(
            #"{"devices":[{"name":"d","allowMultipleAllocations":true,"capacity":{"memory":{"value":"10","requestPolicy":{"default":"3","validRange":{"min":"2","max":"20","step":"2"}}}}}]}"#,
            #"spec.devices[0].capacity[memory].requestPolicy.validRange.max: Invalid value: "20": max is larger than capacity value: 10"#,
            #"spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "3": value is not a multiple of a given step (2) from (2)"#
        ),
        Rule(
            #"{"devices":[{"name":"d","allowMultipleAllocations":true,"capacity":{"memory":{"value":"10","requestPolicy":{"default":"3","validValues":["2","1","20"]}}}}]}"#,
            #"spec.devices[0].capacity[memory].requestPolicy.validValues[1]: Invalid value: "1": values must be sorted in ascending order"#,
            #"spec.devices[0].capacity[memory].requestPolicy.validValues[2]: Invalid value: "20": option is larger than capacity value: 10"#,
            #"spec.devices[0].capacity[memory].requestPolicy.validValues: Invalid value: "3": default value is not valid according to the requestPolicy"#
        ),
    ]

    @Test(arguments: slices) func `a slice keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.slice) }

    @Test func `a slice stays with its driver, pool and node`() throws {
        try Rule(#"{"spec":{"pool":{"generation":2},"devices":[]}}"#).check(updating: Self.slice)
        try Rule(
            #"{"spec":{"driver":"other.com","nodeName":"m","pool":{"name":"q"}}}"#, #"spec.pool.name: Invalid value: "q": field is immutable"#,
            #"spec.driver: Invalid value: "other.com": field is immutable"#, #"spec.nodeName: Invalid value: "m": field is immutable"#
        ).check(updating: Self.slice)
    }
}
