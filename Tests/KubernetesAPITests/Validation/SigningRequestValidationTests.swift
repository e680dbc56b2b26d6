import ObjectModel
import Testing

@Suite struct SigningRequestValidationTests {
    private static let pem = Base64.encode(Array("-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n".utf8))

    private static let request: Value = [
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": ["name": "a:b"],
        "spec": ["request": .string(pem), "signerName": "example.com/a.b", "usages": ["client auth"]],
    ]

    static let rules: [Rule] = [
        Rule("{}"), Rule(#"{"expirationSeconds":600}"#),
        Rule(#"{"usages":[]}"#, "spec.usages: Required value: usages must be provided"),
        Rule(#"{"usages":["signing","signing"]}"#, #"spec.usages[1]: Duplicate value: "signing""#),
        Rule(#"{"signerName":""}"#, "spec.signerName: Required value: signerName must be provided"),
        Rule(
            #"{"signerName":"a"}"#,
            #"spec.signerName: Invalid value: "a": must be a fully qualified domain and path of the form 'example.com/signer-name'"#),
        Rule(
            #"{"signerName":"a/b"}"#, #"spec.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots"#),
        Rule(
            #"{"signerName":"kubernetes.io/legacy-unknown"}"#,
            #"spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version"#),
        Rule(
            #"{"expirationSeconds":599}"#,
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"),
    ]

    @Test(arguments: rules) func `a request keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.request) }

    @Test func `each label of a signer's name is one`() throws {
        var request = Self.request
        request["spec"]["signerName"] = "Example.com/B"
        let found = try Rule.problems(request)
        #expect(found.count == 2)
        #expect(found[0].hasPrefix(#"spec.signerName: Invalid value: "Example.com": validating label "Example": "#))
        #expect(found[1].hasPrefix(#"spec.signerName: Invalid value: "B": validating label "B": "#))
    }

    // MARK: Approval and certificate

    private static func condition(_ type: String, _ status: String = "True", reason: String = "R") -> Value {
        ["type": .string(type), "status": .string(status), "reason": .string(reason)]
    }

    private func problems(_ old: Value, _ new: Value, _ subresource: String) throws -> [String] {
        var (before, after) = (Self.request, Self.request)
        before["status"] = old
        after["status"] = new
        return try Rule.problems(after, old: before, subresource: subresource)
    }

    @Test func `only an approval approves`() throws {
        let approved: Value = ["conditions": [Self.condition("Approved")]]
        let conditions = "status.conditions: Forbidden: updates may not"
        #expect(try problems([:], approved, "approval") == [])
        #expect(try problems([:], approved, "status") == [#"\#(conditions) add a condition of type "Approved""#])
        #expect(try problems(approved, [:], "approval") == [#"\#(conditions) remove a condition of type "Approved""#])
        let changed = try problems(approved, ["conditions": [Self.condition("Approved", reason: "Other")]], "status")
        #expect(changed.count == 1 && changed[0].hasPrefix(#"\#(conditions) modify a condition of type "Approved""#))
        #expect(try problems([:], ["conditions": [Self.condition("Failed")]], "status") == [])
    }

    @Test func `a request is approved or denied, and truly so`() throws {
        #expect(
            try problems([:], ["conditions": [Self.condition("Approved"), Self.condition("Denied")]], "approval") == [
                #"status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive"#
            ])
        #expect(
            try problems([:], ["conditions": [Self.condition("Approved", "False"), Self.condition("X", "No"), Self.condition("X")]], "approval") == [
                #"status.conditions[0].status: Unsupported value: "False": supported values: "True""#,
                #"status.conditions[1].status: Unsupported value: "No": supported values: "False", "True", "Unknown""#,
                #"status.conditions[2].type: Duplicate value: "X""#,
            ])
    }

    @Test func `a certificate is set once, by those who sign`() throws {
        func status(_ pem: String) -> Value { ["certificate": .string(Base64.encode(Array(pem.utf8)))] }
        func block(_ type: String, _ body: String) -> String { "-----BEGIN \(type)-----\n\(body)\n-----END \(type)-----\n" }
        let (one, other) = (status(block("CERTIFICATE", "MA==")), status("note\n" + block("CERTIFICATE", "MAAA")))
        let certificate = "status.certificate: "
        #expect(try problems([:], one, "status") == [])
        #expect(try problems([:], other, "status") == [])
        #expect(try problems([:], one, "approval") == [certificate + "Forbidden: updates may not set certificate content"])
        #expect(try problems(one, other, "status") == [certificate + "Forbidden: updates may not modify existing certificate content"])
        for (wrong, problem) in [
            ("x", "must contain at least one CERTIFICATE PEM block"),
            (block("RSA PRIVATE KEY", "MA=="), #"only CERTIFICATE PEM blocks are allowed, found "RSA PRIVATE KEY""#),
            (block("CERTIFICATE", "A: b\n\nMA=="), "no PEM block headers are permitted"),
        ] {
            #expect(try problems([:], status(wrong), "status") == [certificate + #"Invalid value: "<certificate data>": "# + problem])
        }
    }
}
