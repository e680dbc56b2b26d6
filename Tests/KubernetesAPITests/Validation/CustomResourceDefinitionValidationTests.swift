import ObjectModel
import Testing

@Suite struct CustomResourceDefinitionValidationTests {
    private static let schema = #"{"type":"object","properties":{"spec":{"type":"object","properties":{"color":{"type":"string"}}}}}"#

    private static func definition() throws -> Value {
        try Value(
            json: """
                {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"crontabs.example.com"},
                 "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"crontabs","kind":"CronTab"},
                         "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":\(schema)}}]}}
                """)
    }

    static let label =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"

    static let specs: [Rule] = [
        Rule("{}"),
        Rule(
            #"{"group":"example","names":{"plural":"crontabs"}}"#,
            #"metadata.name: Invalid value: "crontabs.example.com": must be spec.names.plural+".""# + "+spec.group",
            #"spec.group: Invalid value: "example": should be a domain with at least one dot"#),
        Rule(#"{"scope":"World"}"#, #"spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced""#),
        Rule(
            #"{"names":{"singular":"A","listKind":"CronTab","shortNames":["A"]}}"#, #"spec.names.singular: Invalid value: "A": \#(label)"#,
            #"spec.names.shortNames[0]: Invalid value: "A": \#(label)"#,
            #"spec.names.listKind: Invalid value: "CronTab": kind and listKind may not be the same"#),
        Rule(
            #"{"preserveUnknownFields":true}"#,
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        ),
        Rule(
            #"{"conversion":{"strategy":"Webhook"}}"#,
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
            "spec.conversion.conversionReviewVersions: Required value"),
        Rule(
            #"{"conversion":{"strategy":"None","webhook":{"clientConfig":{"url":"https://a"},"conversionReviewVersions":["v1"]}}}"#,
            "spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook",
            "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook"),
        Rule(
            #"{"conversion":{"strategy":"Webhook","webhook":{"clientConfig":{"url":"http://a"},"conversionReviewVersions":["v2","v2"]}}}"#,
            #"spec.conversion.webhookClientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]"#,
            #"spec.conversion.conversionReviewVersions[1]: Invalid value: "v2": duplicate version"#,
            #"spec.conversion.conversionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1"#),
    ]

    @Test(arguments: specs) func `a definition keeps its rules`(_ rule: Rule) throws { try rule.inSpec.check(Self.definition()) }

    /// Changes of the only version.
    static let versions: [Rule] = [
        Rule(#"{"deprecated":true,"deprecationWarning":"use another"}"#),
        Rule(#"{"subresources":{"status":{},"scale":{"specReplicasPath":".spec.n","statusReplicasPath":".status.n"}}}"#),
        Rule(
            #"{"deprecationWarning":"x"}"#,
            #"spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions"#),
        Rule(
            #"{"deprecated":true,"deprecationWarning":"a\tb"}"#,
            #"spec.versions[0].deprecationWarning: Invalid value: "a\tb": must only contain printable UTF-8 characters; non-printable character found at index 1"#
        ),
        Rule(#"{"storage":false}"#, list: []),
        Rule(
            #"{"subresources":{"scale":{"specReplicasPath":"n","statusReplicasPath":".spec.n","labelSelectorPath":".x"}}}"#,
            #"spec.subresources.scale.specReplicasPath: Invalid value: "n": must be a simple json path starting with ."#,
            #"spec.subresources.scale.statusReplicasPath: Invalid value: ".spec.n": should be a json path under .status"#,
            #"spec.subresources.scale.labelSelectorPath: Invalid value: ".x": should be a json path under either .spec or .status"#),
        Rule(
            #"{"additionalPrinterColumns":[{"name":"","type":"text","format":"hex","jsonPath":"a"},{"name":"b","type":"","jsonPath":""}]}"#,
            "spec.additionalPrinterColumns[0].name: Required value",
            #"spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string"#,
            #"spec.additionalPrinterColumns[0].format: Invalid value: "hex": must be one of binary,byte,date,date-time,double,float,int32,int64,password"#,
            #"spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with ."#,
            "spec.additionalPrinterColumns[1].type: Required value: must be one of boolean,date,integer,number,string",
            "spec.additionalPrinterColumns[1].JSONPath: Required value"),
        Rule(#"{"selectableFields":[{"jsonPath":".spec.color"}]}"#),
        Rule(
            #"{"selectableFields":[{"jsonPath":".spec"},{"jsonPath":".spec.size"},{"jsonPath":".spec.color"},{"jsonPath":".spec.color"}]}"#,
            #"spec.selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."#,
            #"spec.selectableFields[1].jsonPath: Invalid value: ".spec.size": is an invalid path: does not refer to a valid field"#,
            #"spec.selectableFields[3].jsonPath: Duplicate value: ".spec.color""#),
    ]

    @Test(arguments: versions) func `a version keeps its rules`(_ rule: Rule) throws {
        var definition = try Self.definition()
        definition["spec"]["versions"][0] = definition["spec"]["versions"][0].applying(mergePatch: try Value(json: rule.patch))
        let found = try Rule.problems(definition)
        if rule.patch.contains("storage") {
            #expect(found.count == 1 && found[0].hasSuffix(": must have exactly one version marked as storage version"))
        } else {
            #expect(found == rule.problems)
        }
    }

    // MARK: Schemas

    private static let at = "spec.validation.openAPIV3Schema"

    /// Schemas of the resource's `spec`.
    static let schemas: [Rule] = [
        Rule(#"{"type":"object","additionalProperties":{"type":"string"}}"#), Rule(#"{"x-kubernetes-preserve-unknown-fields":true}"#),
        Rule(#"{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}"#),
        Rule(#"{"type":"object","properties":{"a":{"type":"string"}},"anyOf":[{"required":["a"]},{"properties":{"a":{"minLength":1}}}]}"#),
        Rule(
            #"{"type":"array","items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"}}},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"]}"#
        ),
        Rule("{}", "\(at).properties[spec].type: Required value: must not be empty for specified object fields"),
        Rule(
            #"{"type":"array"}"#, "\(at).properties[spec].items: Required value: must be specified"),
        Rule(
            #"{"type":"text","uniqueItems":true}"#,
            #"\#(at).properties[spec].type: Unsupported value: "text": supported values: "array", "boolean", "integer", "number", "object", "string""#,
            "\(at).properties[spec].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"),
        Rule(#"{"$ref":"x"}"#, "\(at).properties[spec].$ref: Forbidden: $ref is not supported"),
        Rule(
            #"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}"#,
            "\(at).properties[spec].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"),
        Rule(
            #"{"type":"object","anyOf":[{"type":"object","properties":{"a":{"description":"x"}}}]}"#,
            "\(at).properties[spec].anyOf[0].properties[a].description: Forbidden: must be empty to be structural",
            "\(at).properties[spec].anyOf[0].type: Forbidden: must be empty to be structural",
            "\(at).properties[spec].properties[a]: Required value: because it is defined in \(at).properties[spec].anyOf[0].properties[a]"),
        Rule(
            #"{"type":"object","x-kubernetes-embedded-resource":true}"#,
            "\(at).properties[spec].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        ),
        Rule(
            #"{"type":"string","x-kubernetes-list-type":"set","x-kubernetes-map-type":"loose"}"#,
            #"\#(at).properties[spec].type: Invalid value: "string": must be object if x-kubernetes-map-type is specified"#,
            #"\#(at).properties[spec].x-kubernetes-map-type: Unsupported value: "loose": supported values: "atomic", "granular""#,
            #"\#(at).properties[spec].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified"#),
        Rule(
            #"{"type":"array","items":{"type":"object","nullable":true,"properties":{"k":{"type":"string","nullable":true}}},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k","l"]}"#,
            #"\#(at).properties[spec].x-kubernetes-list-map-keys: Invalid value: ["k","l"]: entries must all be names of item properties"#,
            "\(at).properties[spec].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map",
            "\(at).properties[spec].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
            "\(at).properties[spec].items.properties[k].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
        ),
        Rule(
            #"{"type":"array","items":{"type":"object"},"x-kubernetes-list-type":"set"}"#,
            #"\#(at).properties[spec].items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set"#
        ),
        Rule(
            #"{"type":"object","x-kubernetes-validations":[{"rule":" "},{"rule":"a\nb"},{"rule":"a","message":" ","reason":"Odd"}]}"#,
            "\(at).properties[spec].x-kubernetes-validations[0].rule: Required value: rule is not specified",
            "\(at).properties[spec].x-kubernetes-validations[1].message: Required value: message must be specified if rule contains line breaks",
            #"\#(at).properties[spec].x-kubernetes-validations[2].message: Invalid value: " ": must be non-empty if specified"#,
            #"\#(at).properties[spec].x-kubernetes-validations[2].reason: Unsupported value: "Odd": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired""#
        ),
    ]

    @Test(arguments: schemas) func `a schema is structural`(_ rule: Rule) throws {
        var definition = try Self.definition()
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = try Value(json: rule.patch)
        #expect(try Rule.problems(definition) == rule.problems)
    }

    @Test func `the root of a schema is an object with the metadata of all`() throws {
        var definition = try Self.definition()
        func check(_ schema: String, _ problems: String...) throws {
            definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = try Value(json: schema)
            #expect(try Rule.problems(definition) == problems)
        }
        try check(#"{"type":"object","properties":{"metadata":{"type":"object","properties":{"name":{"type":"string","maxLength":9}}}}}"#)
        try check(#"{"type":"string"}"#, #"\#(Self.at).type: Invalid value: "string": must be object at the root"#)
        try check(
            #"{"type":"object","properties":{"metadata":{"type":"object","properties":{"labels":{"type":"object"}}},"kind":{"type":"object"}}}"#,
            #"\#(Self.at).properties[kind].type: Invalid value: "object": must be string"#,
            "\(Self.at).properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified"
        )
        try check(
            #"{"type":"object","properties":{"kind":{"type":"string","default":"X"}}}"#,
            "\(Self.at).properties[kind].default: Forbidden: must not be set in top-level kind")
        definition["spec"]["versions"][0]["subresources"]["status"] = [:]
        try check(
            #"{"type":"object","nullable":true}"#,
            #"\#(Self.at): Invalid value: {"nullable":true,"type":"object"}: only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled"#,
            "\(Self.at).nullable: Forbidden: nullable cannot be true at the root")
    }

    @Test func `what versions do not share stands in each`() throws {
        var definition = try Self.definition()
        var second = definition["spec"]["versions"][0]
        second["name"] = "v2"
        second["storage"] = false
        second["schema"]["openAPIV3Schema"]["properties"]["spec"] = [:]
        definition["spec"]["versions"] = [definition["spec"]["versions"][0], second]
        #expect(
            try Rule.problems(definition) == [
                "spec.versions[1].schema.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields"
            ])
    }

    // MARK: Change

    @Test func `what names a resource stays`() throws {
        var old = try Self.definition()
        try Rule(#"{"spec":{"scope":"Cluster"}}"#).check(updating: old)
        old["status"]["conditions"] = [["type": "Established", "status": "True"]]
        try Rule(
            #"{"spec":{"scope":"Cluster","names":{"kind":"Other"}}}"#, #"spec.scope: Invalid value: "Cluster": field is immutable"#,
            #"spec.names.kind: Invalid value: "Other": field is immutable"#
        ).check(updating: old)
        old["status"]["storedVersions"] = ["v1"]
        var renamed = old
        renamed["spec"]["versions"][0]["name"] = "v2"
        #expect(
            try Rule.problems(renamed, old: old) == [
                #"status.storedVersions: Invalid value: ["v1"]: must have the storage version v2"#,
                #"status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions"#,
            ])
    }

    @Test func `a group of the project takes its approval`() throws {
        var definition = try Self.definition()
        definition["metadata"]["name"] = "crontabs.batch.k8s.io"
        definition["spec"]["group"] = "batch.k8s.io"
        let words = #"protected groups must have approval annotation "api-approved.kubernetes.io""#
        let place = "metadata.annotations[api-approved.kubernetes.io]: "
        let more = ", see https://github.com/kubernetes/enhancements/pull/1111"
        #expect(try Rule.problems(definition) == [place + "Required value: " + words + more])
        definition["metadata"]["annotations"]["api-approved.kubernetes.io"] = "yes"
        #expect(
            try Rule.problems(definition) == [
                place + #"Invalid value: "yes": "# + words + #" with either a URL or a reason starting with "unapproved""# + more
            ])
        for answer in ["https://example.com/1", "unapproved, a test"] {
            definition["metadata"]["annotations"]["api-approved.kubernetes.io"] = .string(answer)
            #expect(try Rule.problems(definition) == [])
        }
    }
}
