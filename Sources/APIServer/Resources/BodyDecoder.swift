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
    func decode(_ object: inout Value, _ duplicates: RepeatedKeys) throws(APIError) -> [String] {
        let sent = object
        let unknown: [String]
        do {
            unknown = try SchemaDecoder.decode(&object, as: type)
        } catch {
            throw patch?.mismatch(sent, error, type) ?? error.badRequest(object: sent, kind: kind)
        }
        let duplicates = duplicates.outside(unknown)
        guard !unknown.isEmpty || !duplicates.isEmpty || patch?.problems.isEmpty == false else { return [] }
        switch validation {
        case .ignore: return []
        case .warn: return (patch?.problems ?? duplicates.warnings) + unknown
        case .strict:
            let problems = (patch?.problems ?? duplicates.problems) + unknown
            throw patch?.strictRefusal(of: sent, problems) ?? DecodingError.strict(problems, object: sent, kind: kind)
        }
    }
}
