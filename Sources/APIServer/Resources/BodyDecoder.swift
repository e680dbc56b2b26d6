import ObjectModel
import Schema

/// Checks what a client sent against a type and drops what is not in it.
struct BodyDecoder: Sendable {
    let type: TypeDefinition
    let kind: String
    let validation: WriteOptions.FieldValidation

    /// What made the object, where it is the result of a patch: then that is what is refused.
    var patch: PatchBody?

    /// Returns warnings; throws where the client wanted strictness.
    /// - Parameter duplicates: keys that came twice in a body; a patch words its own.
    func decode(_ object: inout Value, _ duplicates: [String]) throws(APIError) -> [String] {
        let sent = object
        let unknown: [String]
        do {
            unknown = try SchemaDecoder.decode(&object, as: type)
        } catch {
            throw patch?.mismatch(sent, error, type) ?? error.badRequest(object: sent, kind: kind)
        }
        let problems = (patch == nil ? duplicates.map { "duplicate field \"\($0)\"" } : duplicates) + unknown
        guard !problems.isEmpty else { return [] }
        switch validation {
        case .ignore: return []
        case .warn: return problems
        case .strict: throw patch?.strictRefusal(of: sent, problems) ?? DecodingError.strict(problems, object: sent, kind: kind)
        }
    }
}
