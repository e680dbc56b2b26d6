import ObjectModel

extension ValueType {
    /// Whether a zero value is the same as none, unless the field is a pointer. Objects aside: an empty one may be there for its own sake.
    var dropsZero: Bool {
        switch self {
        case .string, .bool, .int32, .int64, .double, .bytes, .list, .map: true
        default: false
        }
    }

    /// What a variable of the type holds before anything is put into it.
    var zero: Value {
        switch self {
        case .string, .bytes: ""
        case .bool: false
        case .int32, .int64, .double, .intOrString: 0
        case .quantity: "0"
        case .object: [:]
        default: .null
        }
    }

    /// The type as Go writes it, for error messages.
    var goName: String {
        switch self {
        case .string: "string"
        case .bool: "bool"
        case .int32: "int32"
        case .int64: "int64"
        case .double: "float64"
        case .bytes: "[]uint8"
        case .quantity: "resource.Quantity"
        case .intOrString: "intstr.IntOrString"
        case .time: "v1.Time"
        case .microTime: "v1.MicroTime"
        case .any: "v1.JSON"
        case .embeddedObject: "runtime.RawExtension"
        case .fieldSet: "v1.FieldsV1"
        case .schemaOrArray: "v1.JSONSchemaPropsOrArray"
        case .schemaOrBool: "v1.JSONSchemaPropsOrBool"
        case .schemaOrStrings: "v1.JSONSchemaPropsOrStringArray"
        case .object(let type): "\(type.package).\(type.shortName)"
        case .list(let element): "[]\(element.goName)"
        case .map(let element): "map[string]\(element.goName)"
        }
    }
}

extension Value {
    /// The word that Go's decoder has for a JSON value of the wrong type.
    var jsonTypeName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
