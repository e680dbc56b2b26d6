import ObjectModel
import Testing

@Suite struct AdmissionKindsValidationTests {
    private static func object(_ kind: String, _ more: Value) -> Value {
        let object: Value = ["apiVersion": "admissionregistration.k8s.io/v1", "kind": .string(kind), "metadata": ["name": "a.example.com"]]
        return object.applying(mergePatch: more)
    }

    // MARK: Webhooks

    private static let rule = #"{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}"#

    static let webhooks: [Rule] = [
        Rule("{}"),
        Rule(#"{"clientConfig":{"service":{"name":"s","namespace":"n","path":"/a/b","port":8443}}}"#),
        Rule(#"{"rules":[{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":["pods","pods/status","*/scale"]}]}"#),
        Rule(
            #"{"name":"a.b"}"#, #"webhooks[0].name: Invalid value: "a.b": should be a domain with at least three segments separated by dots"#),
        Rule(
            #"{"clientConfig":{"url":"https://me@/x?a=b#c"}}"#,
            #"webhooks[0].clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]"#,
            #"webhooks[0].clientConfig.url: Invalid value: "me": user information is not permitted in the URL"#,
            #"webhooks[0].clientConfig.url: Invalid value: "c": fragments are not permitted in the URL"#,
            #"webhooks[0].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL"#),
        Rule(
            #"{"clientConfig":{"url":"https://a","service":{"name":"s","namespace":"n"}}}"#,
            "webhooks[0].clientConfig: Required value: exactly one of url or service is required"),
        Rule(
            #"{"clientConfig":{"service":{"name":"","namespace":"","path":"a//b","port":-1}}}"#,
            "webhooks[0].clientConfig.service.name: Required value: service name is required",
            "webhooks[0].clientConfig.service.namespace: Required value: service namespace is required",
            "webhooks[0].clientConfig.service.port: Invalid value: -1: port is not valid: must be between 1 and 65535, inclusive",
            #"webhooks[0].clientConfig.service.path: Invalid value: "a//b": must start with a '/'"#,
            #"webhooks[0].clientConfig.service.path: Invalid value: "a//b": segment[0] may not be empty"#,
            #"webhooks[0].clientConfig.service.path: Invalid value: "a//b": segment[1] may not be empty"#),
        Rule(
            #"{"admissionReviewVersions":["v1","v1","V2"]}"#,
            #"webhooks[0].admissionReviewVersions[1]: Invalid value: "v1": duplicate version"#,
            #"webhooks[0].admissionReviewVersions[2]: Invalid value: "V2": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"#
        ),
        Rule(
            #"{"rules":[{"operations":["*","CREATE","READ"],"apiGroups":["*","apps"],"apiVersions":["","*"],"resources":["*","pods/*","pods/status","*/*"]}]}"#,
            #"webhooks[0].rules[0].operations: Invalid value: ["*","CREATE","READ"]: if '*' is present, must not specify other operations"#,
            #"webhooks[0].rules[0].operations[2]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE""#,
            #"webhooks[0].rules[0].apiGroups: Invalid value: ["*","apps"]: if '*' is present, must not specify other API groups"#,
            #"webhooks[0].rules[0].apiVersions: Invalid value: ["","*"]: if '*' is present, must not specify other API versions"#,
            "webhooks[0].rules[0].apiVersions[0]: Required value",
            #"webhooks[0].rules[0].resources[2]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status"#,
            #"webhooks[0].rules[0].resources: Invalid value: ["*","pods/*","pods/status","*/*"]: if '*/*' is present, must not specify other resources"#
        ),
        Rule(
            #"{"rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["*","pods"],"scope":"Some"}]}"#,
            #"webhooks[0].rules[0].resources: Invalid value: ["*","pods"]: if '*' is present, must not specify other resources without subresources"#,
            #"webhooks[0].rules[0].scope: Unsupported value: "Some": supported values: "*", "Cluster", "Namespaced""#),
        Rule(
            #"{"timeoutSeconds":31,"matchConditions":[{"name":"a","expression":" "},{"name":"a","expression":"true"}]}"#,
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
            "webhooks[0].matchConditions[0].expression: Required value", #"webhooks[0].matchConditions[1].name: Duplicate value: "a""#),
    ]

    @Test(arguments: webhooks) func `a webhook keeps its rules`(_ rule: Rule) throws {
        let webhook: Value = [
            "name": "a.example.com", "clientConfig": ["url": "https://x/y"], "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "rules": [try Value(json: Self.rule)],
        ]
        let change = try Value(json: rule.patch)
        let changed = webhook.applying(mergePatch: change["clientConfig"].isNull ? [:] : try Value(json: #"{"clientConfig":{"url":null}}"#))
            .applying(mergePatch: change)
        for kind in ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] {
            #expect(try Rule.problems(Self.object(kind, ["webhooks": [changed]])) == rule.problems)
        }
    }

    // MARK: Policies

    private static let constraints: Value = [
        "resourceRules": [["operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]]]
    ]

    static let policies: [Rule] = [
        Rule("{}"), Rule(#"{"paramKind":{"apiVersion":"v1","kind":"ConfigMap"},"variables":[{"name":"a_b","expression":"1"}]}"#),
        Rule(#"{"validations":null,"auditAnnotations":[{"key":"k","valueExpression":"'x'"}]}"#),
        Rule(
            #"{"validations":null}"#, "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
            "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item"),
        Rule(#"{"matchConstraints":null}"#, "spec.matchConstraints: Required value"),
        Rule(#"{"matchConstraints":{"resourceRules":null}}"#, "spec.matchConstraints.resourceRules: Required value"),
        Rule(
            #"{"paramKind":{"apiVersion":"a/b/c","kind":"-"}}"#,
            #"spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c"#,
            #"spec.paramKind.kind: Invalid value: "-": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"#
        ),
        Rule(
            #"{"variables":[{"name":"for","expression":"1"},{"name":"","expression":" "}]}"#,
            #"spec.variables[0].name: Invalid value: "for": must be a valid CEL identifier"#,
            "spec.variables[1].name: Required value: name is not specified",
            "spec.variables[1].expression: Required value: expression is not specified"),
        Rule(
            #"{"validations":[{"expression":"","message":" ","reason":"Unauthorized"},{"expression":"1","message":"a\nb","messageExpression":" "}]}"#,
            "spec.validations[0].expression: Required value: expression is not specified",
            #"spec.validations[0].message: Invalid value: " ": must be non-empty if specified"#,
            #"spec.validations[0].reason: Unsupported value: "Unauthorized": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge""#,
            #"spec.validations[1].messageExpression: Invalid value: " ": must be non-empty if specified"#,
            #"spec.validations[1].message: Invalid value: "a\nb": must not contain line breaks"#),
        Rule(
            #"{"auditAnnotations":[{"key":"k","valueExpression":" "},{"key":"k","valueExpression":"'x'"}]}"#,
            "spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified",
            #"spec.auditAnnotations[1].key: Duplicate value: "k""#),
    ]

    @Test(arguments: policies) func `a validating policy keeps its rules`(_ rule: Rule) throws {
        try rule.inSpec.check(
            Self.object(
                "ValidatingAdmissionPolicy", ["spec": ["matchConstraints": Self.constraints, "validations": [["expression": "true"]]]]))
    }

    static let mutations: [Rule] = [
        Rule("{}"), Rule(#"{"mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":"[]"}}]}"#),
        Rule(#"{"mutations":[]}"#, "spec.mutations: Required value: mutations must contain at least one item"),
        Rule(
            #"{"mutations":[{"patchType":"JSONPatch","applyConfiguration":{"expression":"x"}},{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":""}},{"patchType":"Merge"}]}"#,
            "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
            #"spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch"#,
            "spec.mutations[1].applyConfiguration.expression: Required value",
            #"spec.mutations[2].patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch""#),
        Rule(
            #"{"reinvocationPolicy":"Often"}"#, #"spec.reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded", "Never""#),
        Rule(
            #"{"matchConstraints":{"resourceRules":[{"operations":["DELETE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"],"resourceNames":["a","a","b/c"]}]}}"#,
            #"spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: "a""#,
            #"spec.matchConstraints.resourceRules[0].resourceNames[2]: Invalid value: "b/c": may not contain '/'"#,
            #"spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE""#),
    ]

    @Test(arguments: mutations) func `a mutating policy keeps its rules`(_ rule: Rule) throws {
        let mutation: Value = ["patchType": "ApplyConfiguration", "applyConfiguration": ["expression": "Object{}"]]
        try rule.inSpec.check(
            Self.object(
                "MutatingAdmissionPolicy",
                ["spec": ["matchConstraints": Self.constraints, "mutations": [mutation], "reinvocationPolicy": "Never"]]))
    }

    static let bindings: [Rule] = [
        Rule("{}"), Rule(#"{"paramRef":{"name":"p","parameterNotFoundAction":"Deny"}}"#),
        Rule(#"{"policyName":""}"#, "spec.policyName: Required value"),
        Rule(
            #"{"paramRef":{"name":"p","selector":{}}}"#, "spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
            "spec.paramRef.selector: Forbidden: name and selector are mutually exclusive",
            "spec.paramRef.parameterNotFoundAction: Required value"),
        Rule(
            #"{"paramRef":{"parameterNotFoundAction":"Ask"}}"#, "spec.paramRef: Required value: one of name or selector must be specified",
            #"spec.paramRef.parameterNotFoundAction: Unsupported value: "Ask": supported values: "Deny", "Allow""#),
        Rule(
            #"{"matchResources":{"resourceRules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"]}]}}"#,
            "spec.matchResources.resourceRules[0].resources: Required value"),
    ]

    @Test(arguments: bindings) func `a binding keeps its rules`(_ rule: Rule) throws {
        try rule.inSpec.check(Self.object("MutatingAdmissionPolicyBinding", ["spec": ["policyName": "p"]]))
        let validating = Self.object("ValidatingAdmissionPolicyBinding", ["spec": ["policyName": "p", "validationActions": ["Deny"]]])
        try rule.inSpec.check(validating)
        try Rule(
            #"{"spec":{"validationActions":["Deny","Warn","Deny"]}}"#, #"spec.validationActions[2]: Duplicate value: "Deny""#,
            #"spec.validationActions: Invalid value: ["Deny","Warn","Deny"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"#
        ).check(validating)
        try Rule(#"{"spec":{"validationActions":[]}}"#, "spec.validationActions: Required value: at least one validation action is required")
            .check(validating)
    }

    @Test func `a policy's status keeps its rules`() throws {
        let policy = Self.object(
            "ValidatingAdmissionPolicy", ["spec": ["matchConstraints": Self.constraints, "validations": [["expression": "true"]]]])
        try Rule(#"{"status":{"typeChecking":{"expressionWarnings":[{"fieldRef":"spec.validations[0].expression","warning":"w"}]}}}"#)
            .check(updating: policy, subresource: "status")
        try Rule(
            #"{"status":{"typeChecking":{"expressionWarnings":[{"fieldRef":"","warning":""}]}}}"#,
            "status.typeChecking.expressionWarnings[0].warning: Required value", "status.typeChecking.expressionWarnings[0].fieldRef: Required value"
        ).check(updating: policy, subresource: "status")
    }
}
