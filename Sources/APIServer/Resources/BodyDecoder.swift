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
        guard !unknown.isEmpty || !duplicates.isEmpty || patch?.problems.isEmpty == false else { return [] }
        // What a patch makes is in the order of its keys, for upstream as well.
        let ofPatch = patch.map { $0.problems + RepeatedKeys.none.problems(unknown) }
        switch validation {
        case .ignore: return []
        case .warn: return ofPatch ?? duplicates.warnings(unknown)
        case .strict:
            let problems = ofPatch ?? duplicates.problems(unknown)
            throw patch?.strictRefusal(of: sent, problems) ?? DecodingError.strict(problems, object: sent, kind: kind)
        }
    }
}
