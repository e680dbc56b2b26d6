import ObjectModel

/// The rules of one version of a custom resource: its schema, subresources, columns and fields to select by.
enum CustomResourceVersionValidation {
    /// What versions may have in common, by its names in a version and in the spec.
    private static let common = [
        ("schema", "validation"), ("subresources", "subresources"), ("additionalPrinterColumns", "additionalPrinterColumns"),
        ("selectableFields", "selectableFields"),
    ]

    /// What is this version's alone.
    static func check(_ version: Field, of spec: Field) {
        for problem in deprecation(version) { version["deprecationWarning"].refuse(problem) }
        let subresources = version.value["subresources"]
        for (name, _) in common where shared(name, spec.value).isNull {
            check(name, version[name], schema: version.value["schema"], hasStatus: !subresources["status"].isNull)
        }
    }

    /// What all versions have alike.
    static func shared(_ spec: Field) {
        let versions = spec.value["versions"].array
        let hasStatus = versions.contains { !$0["subresources"]["status"].isNull }
        for (name, place) in common {
            let value = shared(name, spec.value)
            if value.isNull { continue }
            check(name, spec[place].showing(value), schema: versions.first?["schema"] ?? .null, hasStatus: hasStatus)
        }
    }

    private static func shared(_ name: String, _ spec: Value) -> Value {
        let versions = spec["versions"].array
        guard let first = versions.first?[name], !first.isNull, versions.allSatisfy({ $0[name] == first }) else { return .null }
        return first
    }

    private static func check(_ name: String, _ field: Field, schema: Value, hasStatus: Bool) {
        if field.isAbsent { return }
        switch name {
        case "schema": CustomSchemaValidation.check(field, hasStatus: hasStatus)
        case "subresources": scale(field)
        case "additionalPrinterColumns": for index in field.value.array.indices { column(field.element(index)) }
        default: selectableFields(field, schema["openAPIV3Schema"])
        }
    }

    // MARK: Deprecation

    private static let unprintable: Set<Unicode.GeneralCategory> = [.control, .format, .unassigned, .privateUse, .surrogate]

    private static func deprecation(_ version: Field) -> [String] {
        guard let warning = version.present("deprecationWarning") else { return [] }
        if !version.isTrue("deprecated") { return ["can only be set for deprecated versions"] }
        var problems: [String] = []
        if warning.text.utf8.count > 256 { problems.append("must be <= 256 characters long") }
        if warning.isEmpty { problems.append("must not be an empty string") }
        var offset = 0
        for scalar in warning.text.unicodeScalars {
            if scalar != " ", scalar.properties.isWhitespace || unprintable.contains(scalar.properties.generalCategory) {
                problems.append("must only contain printable UTF-8 characters; non-printable character found at index \(offset)")
                break
            }
            offset += UTF8.width(scalar)
        }
        return problems
    }

    // MARK: Subresources

    private static func scale(_ subresources: Field) {
        guard let scale = subresources.present("scale") else { return }
        path(scale["specReplicasPath"], under: [".spec."], "should be a json path under .spec", isRequired: true)
        path(scale["statusReplicasPath"], under: [".status."], "should be a json path under .status", isRequired: true)
        path(
            scale["labelSelectorPath"], under: [".spec.", ".status."], "should be a json path under either .spec or .status", isRequired: false)
    }

    private static func path(_ path: Field, under roots: [String], _ words: String, isRequired: Bool) {
        if path.isEmpty { return isRequired ? path.missing() : () }
        if !isSimple(path) { return }
        if !roots.contains(where: path.text.hasPrefix) { path.refuse(words) }
    }

    private static func isSimple(_ path: Field) -> Bool {
        if path.text.hasPrefix(".") { return true }
        path.refuse("must be a simple json path starting with .")
        return false
    }

    // MARK: Columns

    private static let columnTypes = ["boolean", "date", "integer", "number", "string"]
    private static let columnFormats = ["binary", "byte", "date", "date-time", "double", "float", "int32", "int64", "password"]

    private static func column(_ column: Field) {
        column["name"].require()
        let types = "must be one of \(columnTypes.joined(separator: ","))"
        if column["type"].require(types), !columnTypes.contains(column.text("type")) { column["type"].refuse(types) }
        if let format = column.nonEmpty("format"), !columnFormats.contains(format.text) {
            format.refuse("must be one of \(columnFormats.joined(separator: ","))")
        }
        let path = column["JSONPath"].showing(column.value["jsonPath"])
        if path.require() { _ = isSimple(path) }
    }

    // MARK: Fields to select by

    private static let selectableMax = 8

    private static func selectableFields(_ fields: Field, _ schema: Value) {
        if fields.isEmpty { return }
        guard schema.isObject else {
            return fields.refuse("", "may only be set when `version.schema.openAPIV3Schema` is not included")
        }
        var paths = Names()
        for index in fields.value.array.indices {
            let path = fields.element(index)["jsonPath"]
            if !path.require() { continue }
            guard let type = type(at: path, schema) else { continue }
            if path.text == ".metadata" || path.text.hasPrefix(".metadata.") { path.refuse("must not point to fields in metadata") }
            if !["string", "boolean", "integer"].contains(type) {
                path.refuse(
                    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.")
            }
            if !paths.insert(path.text) { path.duplicate() }
        }
        if paths.sorted.count > selectableMax { fields.tooMany(paths.sorted.count, max: selectableMax) }
    }

    /// The type of what a path leads to; nil where that is nothing, which is reported.
    private static func type(at path: Field, _ schema: Value) -> String? {
        guard path.text.hasPrefix(".") else {
            path.refuse("is an invalid path: expected [ or . but got: \(path.text)")
            return nil
        }
        var here = schema
        for name in path.text.dropFirst().split(separator: ".", omittingEmptySubsequences: false) {
            here = here["properties"][String(name)]
            guard here.isObject else {
                path.refuse("is an invalid path: does not refer to a valid field")
                return nil
            }
        }
        return here["type"].string ?? ""
    }
}
