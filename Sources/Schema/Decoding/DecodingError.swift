import ObjectModel

/// Why an object isn't of its type, told as upstream's decoder tells it.
public struct DecodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Set where the message names a field; the path grows as the error leaves the objects that it happened in.
    private var field: (structName: String, path: [String])?
    private var found = ""
    private var wanted = ""
    private var text = ""

    /// A value of the wrong JSON type.
    static func mismatch(found: String, wanted: String) -> DecodingError {
        var error = DecodingError(message: "")
        error.found = found
        error.wanted = wanted
        return error
    }

    public init(message: String) { text = message }

    /// The word that messages have for a JSON value of the wrong type: `array`, `number`.
    public static func jsonTypeName(of value: Value) -> String { value.jsonTypeName }

    /// The same error, seen from the object whose field holds the value.
    func within(field name: String, of type: TypeDefinition) -> DecodingError {
        var error = self
        error.field = (field?.structName ?? type.shortName, [name] + (field?.path ?? []))
        return error
    }

    public var description: String {
        guard text.isEmpty else { return text }
        guard let field else { return "json: cannot unmarshal \(found) into Go value of type \(wanted)" }
        return "json: cannot unmarshal \(found) into Go struct field \(field.structName).\(field.path.joined(separator: ".")) of type \(wanted)"
    }

    public static func == (left: DecodingError, right: DecodingError) -> Bool { left.description == right.description }

    /// 400, as the API answers where the body of a request isn't what the resource takes.
    /// - Parameters:
    ///   - object: What came; its `apiVersion` and `kind` are told.
    ///   - kind: What was wanted.
    public func badRequest(object: Value, kind: String) -> APIError { Self.badRequest(object: object, kind: kind, why: description) }

    /// 400 for strict field validation.
    /// - Parameter messages: `unknown field "…"` for what `SchemaDecoder.decode` returned, and `duplicate field "…"` for keys that came twice.
    public static func strict(_ messages: [String], object: Value, kind: String) -> APIError {
        badRequest(object: object, kind: kind, why: "strict decoding error: " + messages.joined(separator: ", "))
    }

    private static func badRequest(object: Value, kind: String, why: String) -> APIError {
        let version = object.apiVersion.split(separator: "/").last ?? ""
        return .badRequest("\(object.kind.isEmpty ? kind : object.kind) in version \"\(version)\" cannot be handled as a \(kind): \(why)")
    }
}
