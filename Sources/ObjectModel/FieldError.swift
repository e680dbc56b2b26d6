/// One rule that an object breaks, told as upstream's `field.Error` tells it. Validation gathers these; `APIError.invalid` carries them.
public struct FieldError: Error, Sendable, Equatable {
    public var kind: Kind

    /// Where: `spec.containers[0].name`, `metadata.labels[app]`.
    public var path: String
    public var message: String

    /// `field.ErrorType`; the raw value is the cause's reason on the wire.
    public enum Kind: String, Sendable {
        case notFound = "FieldValueNotFound"
        case required = "FieldValueRequired"
        case duplicate = "FieldValueDuplicate"
        case invalid = "FieldValueInvalid"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"
        case internalError = "InternalError"
    }

    public init(_ kind: Kind, _ path: String, _ message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    public static func required(_ path: String, _ detail: String = "") -> FieldError {
        FieldError(.required, path, detail.isEmpty ? "Required value" : "Required value: \(detail)")
    }

    public static func invalid(_ path: String, _ value: Value, _ detail: String) -> FieldError {
        FieldError(.invalid, path, "Invalid value: \(shown(value)): \(detail)")
    }

    /// Lists what would have been right, in the order given (upstream's lists are sorted, mostly).
    public static func notSupported(_ path: String, _ value: Value, _ supported: [String]) -> FieldError {
        let choices = supported.map { "\"\($0)\"" }.joined(separator: ", ")
        return FieldError(.notSupported, path, "Unsupported value: \(shown(value)): supported values: \(choices)")
    }

    public static func duplicate(_ path: String, _ value: Value) -> FieldError {
        FieldError(.duplicate, path, "Duplicate value: \(shown(value))")
    }

    public static func notFound(_ path: String, _ value: Value) -> FieldError { FieldError(.notFound, path, "Not found: \(shown(value))") }

    public static func forbidden(_ path: String, _ detail: String) -> FieldError { FieldError(.forbidden, path, "Forbidden: \(detail)") }

    public static func tooLong(_ path: String, max: Int) -> FieldError {
        FieldError(.tooLong, path, "Too long: may not be more than \(max) bytes")
    }

    public static func tooMany(_ path: String, count: Int, max: Int) -> FieldError {
        FieldError(.tooMany, path, "Too many: \(count): must have at most \(max) items")
    }

    public static func typeInvalid(_ path: String, _ value: Value, _ detail: String) -> FieldError {
        FieldError(.typeInvalid, path, "Invalid value: \(shown(value)): \(detail)")
    }

    /// Go shows a nil as a text.
    private static func shown(_ value: Value) -> String { value.isNull ? "\"null\"" : value.description }
}

extension APIError {
    /// 422: the object breaks rules of its kind. `kind` and `group` are those of the object.
    public static func invalid(kind: String, group: String, name: String, _ errors: [FieldError]) -> APIError {
        // The summary says each thing once; the causes tell all.
        var seen: Set<String> = []
        let shown = errors.map { "\($0.path): \($0.message)" }.filter { seen.insert($0).inserted }
        let summary = shown.count == 1 ? shown[0] : "[" + shown.joined(separator: ", ") + "]"
        let qualified = group.isEmpty ? kind : "\(kind).\(group)"
        return APIError(
            .invalid, "\(qualified) \"\(name)\" is invalid: \(summary)",
            details: .init(
                name: name, group: group, kind: kind,
                causes: errors.map { APIError.Cause(reason: $0.kind.rawValue, message: $0.message, field: $0.path) }))
    }

    public static func notFound(resource: String, group: String, name: String) -> APIError {
        APIError(.notFound, "\(qualified(resource, group)) \"\(name)\" not found", details: .init(name: name, group: group, kind: resource))
    }

    public static func alreadyExists(resource: String, group: String, name: String) -> APIError {
        APIError(.alreadyExists, "\(qualified(resource, group)) \"\(name)\" already exists", details: .init(name: name, group: group, kind: resource))
    }

    public static func conflict(resource: String, group: String, name: String, _ why: String) -> APIError {
        APIError(
            .conflict, "Operation cannot be fulfilled on \(qualified(resource, group)) \"\(name)\": \(why)",
            details: .init(name: name, group: group, kind: resource))
    }

    public static func forbidden(resource: String, group: String, name: String, _ why: String) -> APIError {
        APIError(
            .forbidden, "\(qualified(resource, group)) \"\(name)\" is forbidden: \(why)", details: .init(name: name, group: group, kind: resource))
    }

    public static func badRequest(_ message: String) -> APIError { APIError(.badRequest, message) }

    public static func internalError(_ message: String) -> APIError {
        APIError(.internalError, "Internal error occurred: \(message)", details: .init(causes: [Cause(reason: "", message: message, field: "")]))
    }

    private static func qualified(_ resource: String, _ group: String) -> String { group.isEmpty ? resource : "\(resource).\(group)" }
}
