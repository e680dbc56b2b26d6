import ObjectModel
import Schema

/// Writes types as OpenAPI schemas, in the words of version 2 or 3.
struct OpenAPISchemas {
    var catalog: Catalog
    var isVersion3: Bool

    private var prefix: String { isVersion3 ? "#/components/schemas/" : "#/definitions/" }

    /// The schemas of some types and of all that they refer to, by full name.
    func schemas(for roots: [TypeDefinition]) -> Fields {
        var schemas: [String: Value] = [:]
        var pending = roots
        var special: Set<String> = []
        while let type = pending.popLast() {
            guard schemas[type.name] == nil else { continue }
            schemas[type.name] = schema(of: type)
            for field in type.fields { collect(field.type, &pending, &special) }
        }
        for name in special { schemas[name] = specialSchema(name) }
        return Fields(schemas.map { ($0.key, $0.value) })
    }

    func reference(_ name: String) -> Value { ["$ref": .string(prefix + name)] }

    // MARK: Types

    private func schema(of type: TypeDefinition) -> Value {
        let content = type.content
        var schema: Value = ["type": "object"]
        if let summary = content.summary ?? Self.listSummary(type) { schema["description"] = .string(summary) }
        let isKind = content.kindScope != .none
        let properties = content.fields.map { ($0.name, property($0, commonSummary: isKind ? Self.commonSummaries[$0.name] : nil)) }
        if !properties.isEmpty { schema["properties"] = .object(Fields(properties)) }
        let required = content.fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { schema["required"] = Value(required) }
        if content.isAtomic { schema["x-kubernetes-map-type"] = "atomic" }
        let kinds = groupVersions(of: type).map {
            ["group": .string($0.group), "version": .string($0.version), "kind": .string(type.shortName)] as Value
        }
        if !kinds.isEmpty { schema["x-kubernetes-group-version-kind"] = .array(kinds) }
        return schema
    }

    private func groupVersions(of type: TypeDefinition) -> [Catalog.GroupVersion] {
        switch type.content.kindScope {
        case .none: []
        case .groupVersion:
            [catalog.registry.groupVersion(ofTypeNamed: type.name).map(Catalog.GroupVersion.init) ?? Catalog.GroupVersion(group: "", version: "v1")]
        case .everyGroupVersion: catalog.groupVersions
        }
    }

    // MARK: Fields

    private func property(_ field: FieldDefinition, commonSummary: String?) -> Value {
        var schema = schema(of: field.type)
        var additions: [(String, Value)] = []
        if let summary = field.summary ?? commonSummary { additions.append(("description", .string(summary))) }
        if let value = publishedDefault(field) { additions.append(("default", value)) }
        switch field.listType {
        case .atomic?: additions.append(("x-kubernetes-list-type", "atomic"))
        case .set?: additions.append(("x-kubernetes-list-type", "set"))
        case .map(let keys)?:
            additions.append(("x-kubernetes-list-type", "map"))
            additions.append(("x-kubernetes-list-map-keys", Value(keys)))
        case nil: break
        }
        if field.isAtomic { additions.append(("x-kubernetes-map-type", "atomic")) }
        if let strategy = field.patch.openAPIName { additions.append(("x-kubernetes-patch-strategy", .string(strategy))) }
        if let key = field.patch.mergeKey { additions.append(("x-kubernetes-patch-merge-key", .string(key))) }
        if !field.enumeration.isEmpty { additions.append(("enum", Value(field.enumeration))) }
        // In version 3 a reference stands alone, so what is said of the field goes around it.
        if isVersion3, !additions.isEmpty, !schema["$ref"].isNull { schema = ["allOf": [schema]] }
        for (key, value) in additions { schema[key] = value }
        return schema
    }

    /// Clients see defaults that are part of the schema, and the zeros that are always there; not those that code applies.
    private func publishedDefault(_ field: FieldDefinition) -> Value? {
        if field.isDefaultPublished { return field.defaultValue }
        if field.type.isObject { return field.presence == .pointer ? nil : [:] }
        guard field.presence == .always else { return nil }
        switch field.type {
        case .string: return ""
        case .int32, .int64, .double: return 0
        case .bool: return false
        default: return nil
        }
    }

    private func schema(of type: ValueType) -> Value {
        switch type {
        case .string: ["type": "string"]
        case .bool: ["type": "boolean"]
        case .int32: ["type": "integer", "format": "int32"]
        case .int64: ["type": "integer", "format": "int64"]
        case .double: ["type": "number", "format": "double"]
        case .bytes: ["type": "string", "format": "byte"]
        case .object(let type): reference(type.name)
        case .list(let element): ["type": "array", "items": schema(of: element)]
        case .map(let element): ["type": "object", "additionalProperties": schema(of: element)]
        default: reference(Self.specialName(type) ?? "")
        }
    }

    // MARK: What is the same for all kinds

    /// What the fields of every kind mean, where its schema file says nothing of its own.
    private static let commonSummaries = [
        "apiVersion": "The group and version of the schema that the object is written in.",
        "kind": "What the object is; CamelCase.",
        "metadata": "What every object says of itself: name, namespace, labels, …",
        "spec": "What is wanted.",
        "status": "What was last seen. The system writes it.",
        "items": "The objects.",
    ]

    private static func listSummary(_ type: TypeDefinition) -> String? {
        guard type.content.kindScope != .none, type.field("items") != nil, type.shortName.hasSuffix("List") else { return nil }
        return "A list of objects of kind \(type.shortName.dropLast(4))."
    }

    // MARK: Types without fields

    private func collect(_ type: ValueType, _ types: inout [TypeDefinition], _ special: inout Set<String>) {
        switch type {
        case .object(let type): types.append(type)
        case .list(let element), .map(let element): collect(element, &types, &special)
        default:
            if let name = Self.specialName(type) { special.insert(name) }
        }
    }

    private static let extensionsPackage = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"

    private static func specialName(_ type: ValueType) -> String? {
        switch type {
        case .quantity: "io.k8s.apimachinery.pkg.api.resource.Quantity"
        case .intOrString: "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
        case .time: "\(Catalog.metaPackage).Time"
        case .microTime: "\(Catalog.metaPackage).MicroTime"
        case .fieldSet: "\(Catalog.metaPackage).FieldsV1"
        case .embeddedObject: "io.k8s.apimachinery.pkg.runtime.RawExtension"
        case .any: "\(extensionsPackage).JSON"
        case .schemaOrArray: "\(extensionsPackage).JSONSchemaPropsOrArray"
        case .schemaOrBool: "\(extensionsPackage).JSONSchemaPropsOrBool"
        case .schemaOrStrings: "\(extensionsPackage).JSONSchemaPropsOrStringArray"
        default: nil
        }
    }

    private func specialSchema(_ name: String) -> Value {
        switch name.split(separator: ".").last {
        case "Quantity":
            isVersion3
                ? ["oneOf": [["type": "string"], ["type": "number"]], "description": Self.quantity]
                : ["type": "string", "description": Self.quantity]
        case "IntOrString":
            isVersion3
                ? ["format": "int-or-string", "oneOf": [["type": "integer"], ["type": "string"]], "description": Self.intOrString]
                : ["type": "string", "format": "int-or-string", "description": Self.intOrString]
        case "Time", "MicroTime": ["type": "string", "format": "date-time", "description": "A moment in RFC 3339."]
        case "FieldsV1": ["type": "object", "description": "A set of fields, as a tree of their names."]
        case "RawExtension": ["type": "object", "description": "An object of any kind."]
        default: ["description": "Any JSON value that a schema may hold here."]
        }
    }

    private static let quantity: Value = "An amount with an optional unit: 2, 250m, 1.5Gi, 3e6."
    private static let intOrString: Value = "A number, or a string such as 25% or a port's name."
}

extension FieldDefinition.PatchStrategy {
    /// `x-kubernetes-patch-strategy`
    var openAPIName: String? {
        let words = [merges ? "merge" : nil, replaces ? "replace" : nil, retainsKeys ? "retainKeys" : nil].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ",")
    }
}
