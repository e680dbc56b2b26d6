import ObjectModel

/// The rules of the schemas of custom resources: which of OpenAPI they may use, and what lists and maps say of themselves.
enum CustomSchemaValidation {
    /// Where a schema stands.
    struct Place {
        /// Why there can be no default; nil where there can.
        var noDefaults: String?
        var isInMetadata = false
        var isRoot = false
    }

    /// - Parameter validation: what holds `openAPIV3Schema`.
    static func check(_ validation: Field, hasStatus: Bool) {
        guard let schema = validation.present("openAPIV3Schema"), schema.isObject else { return }
        if hasStatus { root(schema, validation) }
        if schema.isTrue("nullable") { validation["openAPIV3Schema.nullable"].forbid("nullable cannot be true at the root") }
        StructuralSchemaValidation.check(schema)
        check(schema, Place(isRoot: true))
    }

    private static let rootFields: [(name: String, shown: String)] = [
        ("description", "Description"), ("type", "Type"), ("format", "Format"), ("title", "Title"), ("maximum", "Maximum"),
        ("exclusiveMaximum", "ExclusiveMaximum"), ("minimum", "Minimum"), ("exclusiveMinimum", "ExclusiveMinimum"), ("maxLength", "MaxLength"),
        ("minLength", "MinLength"), ("pattern", "Pattern"), ("maxItems", "MaxItems"), ("minItems", "MinItems"), ("uniqueItems", "UniqueItems"),
        ("multipleOf", "MultipleOf"), ("required", "Required"), ("items", "Items"), ("properties", "Properties"), ("externalDocs", "ExternalDocs"),
        ("example", "Example"), ("x-kubernetes-preserve-unknown-fields", "XPreserveUnknownFields"), ("x-kubernetes-validations", "XValidations"),
    ]

    /// A status is checked by its own part of the schema, so no rule may stand beside that.
    private static func root(_ schema: Field, _ validation: Field) {
        if !schema.text("type").isEmpty, schema.text("type") != "object" {
            return validation["openAPIV3Schema.type"].refuse(
                schema.value["type"], #"only "object" is allowed as the type at the root of the schema if the status subresource is enabled"#)
        }
        let known = Set(rootFields.map(\.name))
        guard schema.value.fields.contains(where: { !known.contains($0.key) && !$0.value.isEmpty }) else { return }
        schema.refuse(
            "only [\(rootFields.map(\.shown).joined(separator: " "))] fields are allowed at the root of the schema if the status subresource is enabled"
        )
    }

    // MARK: Schemas

    private static func check(_ schema: Field, _ place: Place) {
        guard schema.isObject else { return }
        standard(schema, place)
        if schema.isTrue("uniqueItems") {
            schema["uniqueItems"].forbid("uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
        }
        nested(schema, place)
        if schema.value["x-kubernetes-preserve-unknown-fields"].bool == false {
            schema["x-kubernetes-preserve-unknown-fields"].refuse("must be true or undefined")
        }
        if let mapType = schema.present("x-kubernetes-map-type") {
            type(schema, "object", "x-kubernetes-map-type")
            mapType.mustBeOneOf(["atomic", "granular"])
        }
        list(schema)
        for rule in schema.elements("x-kubernetes-validations") { self.rule(rule) }
    }

    private static let types = ["array", "boolean", "integer", "number", "object", "string"]
    private static let unsupported = ["patternProperties", "definitions", "dependencies", "$ref"]

    private static func standard(_ schema: Field, _ place: Place) {
        let type = schema["type"]
        if !type.isEmpty, !types.contains(type.text) { type.unsupported(types) }
        if let reason = place.noDefaults, !schema["default"].isAbsent { schema["default"].forbid("must not be set \(reason)") }
        if !schema["id"].isEmpty { schema["id"].forbid("id is not supported") }
        if !schema["additionalItems"].isAbsent { schema["additionalItems"].forbid("additionalItems is not supported") }
        for name in unsupported where !schema[name].isAbsent { schema[name].forbid("\(name) is not supported") }
        if type.text == "null" { type.forbid("type cannot be set to null, use nullable as an alternative") }
        if schema["items"].value.isArray { schema["items"].forbid("items must be a schema object and not an array") }
        if place.isInMetadata, schema.isTrue("x-kubernetes-embedded-resource") {
            schema["x-kubernetes-embedded-resource"].forbid("must not be used inside of resource meta")
        }
    }

    private static let metaFields: Set<String> = ["metadata", "kind", "apiVersion"]

    private static func nested(_ schema: Field, _ place: Place) {
        var inner = place
        inner.isRoot = false
        if let additional = schema.present("additionalProperties") {
            if !schema["properties"].isEmpty, additional.value.bool != true {
                additional.forbid("additionalProperties and properties are mutual exclusive")
            }
            var values = inner
            if place.isInMetadata { values.noDefaults = "inside additionalProperties applying to object metadata" }
            check(additional, values)
        }
        for (name, property) in schema.entries("properties") {
            var here = inner
            if place.isRoot || schema.isTrue("x-kubernetes-embedded-resource"), metaFields.contains(name) {
                here.isInMetadata = true
                if place.isRoot { here.noDefaults = "in top-level \(name)" }
            }
            check(property, here)
        }
        check(schema["not"], inner)
        for junctor in ["allOf", "oneOf", "anyOf"] { for part in schema.elements(junctor) { check(part, inner) } }
        check(schema["items"], inner)
    }

    // MARK: Lists

    private static func type(_ schema: Field, _ type: String, _ extensionName: String) {
        guard schema.text("type") != type else { return }
        let words = "must be \(type) if \(extensionName) is specified"
        if schema.text("type").isEmpty { schema["type"].missing(words) } else { schema["type"].refuse(words) }
    }

    private static func list(_ schema: Field) {
        let (listType, keys, items) = (schema["x-kubernetes-list-type"], schema["x-kubernetes-list-map-keys"], schema["items"])
        if !listType.isAbsent {
            if schema.text("type") != "array" { type(schema, "array", "x-kubernetes-list-type") } else { set(listType, items) }
            listType.mustBeOneOf(["atomic", "set", "map"])
        }
        if !keys.isEmpty, listType.text != "map" {
            let words = "must be map if x-kubernetes-list-map-keys is non-empty"
            if listType.isAbsent { listType.missing(words) } else { listType.refuse(words) }
        }
        if listType.text == "map" { map(keys, items) }
        if items.isObject, ["set", "map"].contains(listType.text), items.isTrue("nullable") {
            items["nullable"].forbid("cannot be nullable when x-kubernetes-list-type is \(listType.text)")
        }
        if listType.text == "map" { keysArePresent(keys, items) }
    }

    /// The elements of a set are compared as a whole.
    private static func set(_ listType: Field, _ items: Field) {
        guard listType.text == "set" else { return }
        let words = "must be atomic as item of a list with x-kubernetes-list-type=set"
        switch items.text("type") {
        case "array":
            let inner = items["x-kubernetes-list-type"]
            if !inner.isAbsent, inner.text != "atomic" { inner.refuse(words) }
        case "object":
            if items.text("x-kubernetes-map-type") != "atomic" {
                items["x-kubernetes-map-type"].refuse(items.value["x-kubernetes-list-type"], words)
            }
        default: break
        }
    }

    private static func map(_ keys: Field, _ items: Field) {
        if keys.isEmpty { keys.missing("must not be empty if x-kubernetes-list-type is map") }
        if items.isAbsent { return items.missing("must have a schema if x-kubernetes-list-type is map") }
        if items.value.isArray { return items.refuse("must only have a single schema if x-kubernetes-list-type is map") }
        guard items.text("type") == "object" else {
            return items["type"].refuse(.string(items.text("type")), "must be object if parent array's x-kubernetes-list-type is map")
        }
        var seen = Names()
        for key in keys.value.strings {
            let property = items["properties"].key(key)
            if property.isAbsent {
                keys.refuse("entries must all be names of item properties")
            } else if ["array", "object"].contains(property.text("type")) {
                property["type"].refuse(items.value["type"], "must be a scalar type if parent array's x-kubernetes-list-type is map")
            }
            if !seen.insert(key) { keys.refuse("must not contain duplicate entries") }
        }
    }

    private static func keysArePresent(_ keys: Field, _ items: Field) {
        let required = items.value["required"].strings
        for key in keys.value.strings {
            let property = items["properties"].key(key)
            if property.isAbsent { continue }
            if !required.contains(key), property["default"].isAbsent {
                property["default"].missing("this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property")
            }
            if property.isTrue("nullable") {
                property["nullable"].forbid("this property is in x-kubernetes-list-map-keys, so it cannot be nullable")
            }
        }
    }

    // MARK: Rules

    private static let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"]

    private static func rule(_ rule: Field) {
        let (text, message) = (rule["rule"], rule["message"])
        if text.isBlank {
            text.missing("rule is not specified")
        } else if !message.isEmpty, message.isBlank {
            message.refuse("must be non-empty if specified")
        } else if message.text.trimmed.contains(where: \.isNewline) {
            message.refuse("must not contain line breaks")
        } else if text.text.trimmed.contains(where: \.isNewline), message.isEmpty {
            message.missing("message must be specified if rule contains line breaks")
        }
        if !rule["messageExpression"].isEmpty, rule["messageExpression"].isBlank {
            rule["messageExpression"].missing("messageExpression must be non-empty if specified")
        }
        if let reason = rule.present("reason") { reason.mustBeOneOf(reasons) }
        let path = rule["fieldPath"]
        if !path.isEmpty, path.isBlank { path.refuse("must be non-empty if specified") }
        if path.text.contains(where: \.isNewline) { path.refuse("must not contain line breaks") }
    }
}
