import Identity
import ObjectModel

/// Certificate signing requests: who asks is who sent the request.
struct CertificateSigningRequestStrategy: ResourceStrategy {
    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        let user = context.user
        object["spec"]["username"] = .string(user.name)
        object["spec"]["uid"] = user.uid.isEmpty ? .null : .string(user.uid)
        object["spec"]["groups"] = user.groups.isEmpty ? .null : Value(user.groups)
        object["spec"]["extra"] = user.extra.isEmpty ? .null : .object(Fields(user.extra.map { ($0.key, Value($0.value)) }))
    }

    /// An approval sets conditions, any other write no more than the metadata.
    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {
        object["spec"] = old["spec"]
        let conditions = object["status"]["conditions"]
        object["status"] = old["status"]
        guard context.request.subresource == "approval" else { return }
        object["status"]["conditions"] = Self.dated(conditions, old, context.now)
    }

    func prepareForStatusUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {
        object["status"]["conditions"] = Self.dated(object["status"]["conditions"], old, context.now)
    }

    /// Conditions that do not say since when they are and were told.
    private static func dated(_ conditions: Value, _ old: Value, _ now: Timestamp) -> Value {
        guard !conditions.isEmpty else { return conditions }
        return .array(
            conditions.array.map { condition in
                var condition = condition
                if condition["lastUpdateTime"].isEmpty { condition["lastUpdateTime"] = .string(now.rfc3339) }
                if condition["lastTransitionTime"].isEmpty {
                    let before = old["status"]["conditions"].array.first { $0["type"] == condition["type"] && $0["status"] == condition["status"] }
                    let since = before?["lastTransitionTime"] ?? .null
                    condition["lastTransitionTime"] = since.isEmpty ? .string(now.rfc3339) : since
                }
                return condition
            })
    }

    /// A request must be one, and be signed by the key that it asks a certificate for.
    func validate(_ object: Value, old: Value?, _ context: WriteContext) -> [FieldError] {
        let request = object["spec"]["request"]
        guard old == nil, let bytes = request.string.flatMap(Base64.decode) else { return [] }
        let pem = String(decoding: bytes, as: UTF8.self)
        // What is no PEM is told already.
        guard pem.contains("CERTIFICATE REQUEST-----") else { return [] }
        do throws(IdentityError) {
            _ = try SigningRequest(pem: pem)
            return []
        } catch {
            return [.invalid("spec.request", request, "\(error)")]
        }
    }

    var selectableFieldNames: Set<String> { ["spec.signerName"] }

    var selectableFields: SelectableFields { { ["spec.signerName": $0["spec"]["signerName"].string ?? ""] } }
}
