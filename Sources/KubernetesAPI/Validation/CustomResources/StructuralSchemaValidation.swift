import ObjectModel

/// A structural schema says the type of everything once, outside of `allOf`, `anyOf`, `oneOf` and `not`; these only narrow it.
enum StructuralSchemaValidation {
    private enum Level { case root, item, field }

    static func check(_ schema: Field) {
        // Those that use what no structural schema has are told of that.
        if isBeyond(schema.value) { return }
        let findings = Findings()
        let apart = schema.reporting(to: findings)
        invariants(apart, .root)
        completeness(apart)
        for error in findings.errors.sorted(by: { "\($0.path): \($0.message)" < "\($1.path): \($1.message)" }) { schema.findings.report(error) }
    }

    private static func isBeyond(_ schema: Value) -> Bool {
        guard schema.isObject else { return false }
        if ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems"].contains(where: { !schema[$0].isNull }) { return true }
        if schema["items"].isArray || isBeyond(schema["items"]) || isBeyond(schema["not"]) || isBeyond(schema["additionalProperties"]) { return true }
        return schema["properties"].fields.contains { isBeyond($0.value) }
            || junctors.contains { schema[$0].array.contains(where: isBeyond) }
    }

    private static let junctors = ["allOf", "anyOf", "oneOf"]

    // MARK: Types

    private static func invariants(_ schema: Field, _ level: Level) {
        guard schema.isObject else { return }
        if schema.text("type") == "array", schema["items"].isAbsent { schema["items"].missing("must be specified") }
        invariants(schema["items"], .item)
        for (_, property) in schema.entries("properties") { invariants(property, .field) }
        if let additional = schema.present("additionalProperties") {
            if level == .root { additional.forbid("must not be used at the root") }
            invariants(additional, .field)
        }
        extensions(schema)
        narrowing(schema, skipsAnyOf: isIntOrString(schema.value["anyOf"]), skipsFirstAllOf: isIntOrString(schema.value["allOf"][0]["anyOf"]))
        type(schema, level)
        if level == .root || schema.isTrue("x-kubernetes-embedded-resource") { metaTypes(schema) }
        if level == .root, !isPlainMetadata(schema.value["properties"]["metadata"]) {
            schema["properties"].key("metadata").forbid(
                "must not specify anything other than name and generateName, but metadata is implicitly specified")
        }
    }

    private static func type(_ schema: Field, _ level: Level) {
        let type = schema["type"]
        let isEmbedded = schema.isTrue("x-kubernetes-embedded-resource")
        let keepsUnknown = schema.isTrue("x-kubernetes-preserve-unknown-fields")
        if isEmbedded, type.text != "object" {
            let words = "must be object if x-kubernetes-embedded-resource is true"
            if type.isEmpty { type.missing(words) } else { type.refuse(words) }
        } else if type.isEmpty, !schema.isTrue("x-kubernetes-int-or-string"), !keepsUnknown {
            switch level {
            case .root: type.missing("must not be empty at the root")
            case .item: type.missing("must not be empty for specified array items")
            case .field: type.missing("must not be empty for specified object fields")
            }
        }
        if isEmbedded, !schema["additionalProperties"].isAbsent {
            schema["additionalProperties"].forbid("must not be used if x-kubernetes-embedded-resource is set")
        }
        if level == .root, !type.isEmpty, type.text != "object" { type.refuse("must be object at the root") }
        if isEmbedded, !keepsUnknown, schema["properties"].isEmpty {
            schema["properties"].missing(
                "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields")
        }
    }

    private static func extensions(_ schema: Field) {
        guard schema.isTrue("x-kubernetes-int-or-string") else { return }
        for name in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] where schema.isTrue(name) {
            schema[name].refuse("must be false if x-kubernetes-int-or-string is true")
        }
    }

    private static func metaTypes(_ schema: Field) {
        for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
            let property = schema["properties"].key(name)
            if !property.isAbsent, property.text("type") != wanted {
                property["type"].refuse(.string(property.text("type")), "must be \(wanted)")
            }
        }
    }

    /// At the root metadata is what it always is; only its names may be narrowed.
    private static func isPlainMetadata(_ metadata: Value) -> Bool {
        guard metadata.isObject else { return true }
        let names = Set(metadata["properties"].fields.keys)
        return metadata.fields.allSatisfy { name, value in
            switch name {
            case "type", "default": true
            case "properties": names.isSubset(of: ["name", "generateName"])
            default: narrowers.contains(name) || value.isEmpty
            }
        }
    }

    /// What narrows values and is no structure.
    private static let narrowers: Set<String> = [
        "format", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems",
        "uniqueItems", "multipleOf", "enum", "maxProperties", "minProperties", "required", "allOf", "anyOf", "oneOf", "not",
    ]

    // MARK: Narrowing

    private static func isIntOrString(_ anyOf: Value) -> Bool { anyOf == [["type": "integer"], ["type": "string"]] }

    private static func narrowing(_ schema: Field, skipsAnyOf: Bool, skipsFirstAllOf: Bool) {
        if !skipsAnyOf { for part in schema.elements("anyOf") { nested(part) } }
        for (index, part) in schema.elements("allOf").enumerated() { nested(part, skipsAnyOf: skipsFirstAllOf && index == 0) }
        for part in schema.elements("oneOf") { nested(part) }
        nested(schema["not"])
    }

    private static let empty = "must be empty to be structural"
    private static let undefined = "must be undefined to be structural"
    private static let off = "must be false to be structural"

    /// What may not stand in a part that narrows.
    private static let structure = [
        ("type", empty), ("additionalProperties", undefined), ("default", undefined), ("title", empty), ("description", empty), ("nullable", off),
        ("x-kubernetes-preserve-unknown-fields", off), ("x-kubernetes-embedded-resource", off), ("x-kubernetes-int-or-string", off),
        ("x-kubernetes-list-map-keys", empty), ("x-kubernetes-list-type", undefined),
    ]

    private static func nested(_ part: Field, skipsAnyOf: Bool = false) {
        guard part.isObject else { return }
        narrowing(part, skipsAnyOf: skipsAnyOf, skipsFirstAllOf: false)
        nested(part["items"])
        for (_, property) in part.entries("properties") { nested(property) }
        for (name, words) in structure {
            let field = part[name]
            if words == undefined ? !field.isAbsent : !field.isEmpty { field.forbid(words) }
        }
        let metadata = part["properties"].key("metadata")
        if !metadata.isAbsent { metadata.forbid("must not be specified in a nested context") }
    }

    // MARK: Completeness

    /// What is narrowed is there.
    private static func completeness(_ schema: Field) {
        guard schema.isObject else { return }
        covered(by: schema, schema)
        completeness(schema["items"])
        for (_, property) in schema.entries("properties") { completeness(property) }
        completeness(schema["additionalProperties"])
    }

    private static func covered(by schema: Field, _ part: Field) {
        let parts = [part["not"]] + part.elements("allOf") + part.elements("anyOf") + part.elements("oneOf")
        for part in parts where part.isObject { nestedIsCovered(by: schema, part) }
    }

    private static func nestedIsCovered(by schema: Field, _ part: Field) {
        guard schema.isObject else { return schema.missing("because it is defined in \(part.path)") }
        covered(by: schema, part)
        if part["items"].isObject { nestedIsCovered(by: schema["items"], part["items"]) }
        for (name, property) in part.entries("properties") { nestedIsCovered(by: schema["properties"].key(name), property) }
    }
}
