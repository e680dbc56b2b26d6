import ObjectModel

/// Makes what a client sent into an object of a type: checks the JSON type of every field, drops what the type doesn't declare, and writes each value
/// in its one canonical form, so that equal objects are equal bytes. Keys are case-sensitive; `null` is the same as absent.
public enum SchemaDecoder {
    /// Returns the paths of the fields that the type does not have, such as `spec.foo`. Defaults are not applied.
    public static func decode(_ value: inout Value, as type: TypeDefinition) throws(DecodingError) -> [String] {
        var unknown: [String] = []
        try object(&value, type, &unknown)
        return unknown
    }

    static func decode(_ value: inout Value, _ type: ValueType, _ unknown: inout [String]) throws(DecodingError) {
        switch type {
        case .object(let type): try object(&value, type, &unknown)
        case .list(let element): try list(&value, element, &unknown)
        case .map(let element): try map(&value, element, &unknown)
        case .schemaOrArray(let schema): try schemaOrArray(&value, schema, &unknown)
        case .schemaOrBool(let schema):
            if value.bool == nil { try object(&value, schema, &unknown) }
        case .schemaOrStrings(let schema):
            if value.isArray { try list(&value, .string, &unknown) } else { try object(&value, schema, &unknown) }
        case .any, .embeddedObject, .fieldSet: break
        default: try ScalarDecoder.decode(&value, type)
        }
    }

    // MARK: Objects

    private static func object(_ value: inout Value, _ type: TypeDefinition, _ unknown: inout [String]) throws(DecodingError) {
        guard case .object(var members) = value else {
            if value.isNull {
                value = [:]
                return
            }
            throw .mismatch(found: value.jsonTypeName, wanted: "\(type.package).\(type.shortName)")
        }
        value = .null
        let content = type.content
        var failure: DecodingError?
        var hasDropped = false
        members.match(content.names) { place, name, member in
            guard failure == nil else { return }
            guard let place else {
                if content.preservesUnknownFields { return }
                unknown.append(name)
                member = .null
                hasDropped = true
                return
            }
            do throws(DecodingError) {
                let before = unknown.count
                try field(&member, content.fields[place], &unknown)
                if unknown.count > before { prefix(&unknown, from: before, with: name) }
            } catch {
                failure = error.within(field: name, of: type)
            }
            if member.isNull { hasDropped = true }
        }
        if let failure { throw failure }
        if hasDropped { members.removeNulls() }
        value = .object(members)
    }

    /// What becomes null is dropped by the caller.
    private static func field(_ value: inout Value, _ field: FieldDefinition, _ unknown: inout [String]) throws(DecodingError) {
        if value.isNull { return }
        try decode(&value, field.type, &unknown)
        switch field.presence {
        case .pointer: break
        case .plain, .always:
            if field.type.dropsZero, value.isEmpty { value = .null }
        }
    }

    // MARK: Lists and maps

    private static func list(_ value: inout Value, _ element: ValueType, _ unknown: inout [String]) throws(DecodingError) {
        guard case .array(var elements) = value else { throw .mismatch(found: value.jsonTypeName, wanted: "[]\(element.goName)") }
        value = .null
        for index in elements.indices {
            let before = unknown.count
            try self.element(&elements[index], element, &unknown)
            if unknown.count > before { prefix(&unknown, from: before, with: "[\(index)]") }
        }
        value = .array(elements)
    }

    private static func map(_ value: inout Value, _ element: ValueType, _ unknown: inout [String]) throws(DecodingError) {
        guard case .object(var members) = value else { throw .mismatch(found: value.jsonTypeName, wanted: "map[string]\(element.goName)") }
        value = .null
        var failure: DecodingError?
        var found = unknown
        members.mapInPlace { key, member in
            guard failure == nil else { return }
            let before = found.count
            do throws(DecodingError) { try self.element(&member, element, &found) } catch { failure = error }
            if found.count > before { prefix(&found, from: before, with: key) }
        }
        unknown = found
        if let failure { throw failure }
        value = .object(members)
    }

    /// A `null` in a list or map is the zero value of its type.
    private static func element(_ value: inout Value, _ type: ValueType, _ unknown: inout [String]) throws(DecodingError) {
        if value.isNull { value = type.zero }
        if !value.isNull { try decode(&value, type, &unknown) }
    }

    private static func schemaOrArray(_ value: inout Value, _ schema: TypeDefinition, _ unknown: inout [String]) throws(DecodingError) {
        if value.isArray { try list(&value, .object(schema), &unknown) } else { try object(&value, schema, &unknown) }
    }

    private static func prefix(_ paths: inout [String], from start: Int, with name: String) {
        for index in start..<paths.count { paths[index] = paths[index].hasPrefix("[") ? name + paths[index] : "\(name).\(paths[index])" }
    }
}
