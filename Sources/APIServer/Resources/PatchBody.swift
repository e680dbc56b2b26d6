import ClusterClient
import KubernetesAPI
import ObjectModel
import Schema

/// The body of a PATCH, by its media type.
struct PatchBody: Sendable {
    let kind: Kind
    let patch: Value

    /// What strictness objects to in the patch itself: keys that came twice, members that an operation doesn't have.
    let problems: [String]

    enum Kind: String, Sendable {
        case json = "application/json-patch+json"
        case merge = "application/merge-patch+json"
        case strategicMerge = "application/strategic-merge-patch+json"
    }

    /// Operations in one JSON patch, at most: upstream's limit.
    private static let operationsMax = 10_000

    init(_ request: APIRequest) throws(APIError) {
        guard let kind = Kind(rawValue: request.contentType.mediaType) else {
            throw APIError(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
            )
        }
        self.kind = kind
        let duplicates: [String]
        (patch, duplicates) = try Self.parse(request, kind)
        guard kind == .json else {
            guard patch.isObject else { throw Self.undecodable(patch, kind, as: "map[string]interface {}") }
            problems = duplicates.isEmpty ? [] : StrictProblems.inOrder(of: request.body, unknown: [])
            return
        }
        guard patch.isArray else { throw Self.undecodable(patch, kind, as: "[]handlers.jsonPatchOp") }
        if let other = patch.array.first(where: { !$0.isObject }) { throw Self.undecodable(other, kind, as: "handlers.jsonPatchOp") }
        guard patch.array.count <= Self.operationsMax else {
            throw APIError(
                .requestEntityTooLarge,
                "Request entity too large: The allowed maximum operations in a JSON patch is \(Self.operationsMax), got \(patch.array.count)")
        }
        let unknown = Self.unknownMembers(of: patch)
        problems =
            duplicates.isEmpty && unknown.isEmpty ? [] : StrictProblems.inOrder(of: request.body, unknown: unknown).map { "json patch \($0)" }
    }

    private static func parse(_ request: APIRequest, _ kind: Kind) throws(APIError) -> (Value, [String]) {
        let parsed = request.body.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try JSONParser.parseReportingDuplicates(bytes) }
        }
        switch parsed {
        case .success(let parsed): return (parsed.value, parsed.duplicates)
        case .failure(let error): throw .badRequest("\(prefix(kind))\(error.message)")
        }
    }

    private static func undecodable(_ value: Value, _ kind: Kind, as type: String) -> APIError {
        .badRequest("\(prefix(kind))json: cannot unmarshal \(DecodingError.jsonTypeName(of: value)) into Go value of type \(type)")
    }

    private static func prefix(_ kind: Kind) -> String { kind == .strategicMerge ? "" : "error decoding patch: " }

    /// Their paths.
    private static func unknownMembers(of patch: Value) -> [String] {
        var unknown: [String] = []
        for (index, operation) in patch.array.enumerated() {
            for (name, _) in operation.fields where !["op", "path", "from", "value"].contains(name) {
                unknown.append("[\(index)].\(name)")
            }
        }
        return unknown
    }

    // MARK: Applying

    /// What the patch makes of an object, not yet read as its type.
    func apply(to object: Value, _ type: TypeDefinition) throws(APIError) -> Value {
        switch kind {
        case .json:
            let result: Value
            // Upstream does not say which operation it was.
            do { result = try JSONPatch(patch).applied(to: object) } catch { throw .unprocessable }
            return try checkKind(of: result, object)
        case .merge: return try checkKind(of: object.applying(mergePatch: patch), object)
        case .strategicMerge:
            var result = try StrategicMergePatch.apply(patch, to: object, type: type)
            // Version and kind are the path's, whatever the patch says of them.
            result["apiVersion"] = object["apiVersion"]
            result["kind"] = object["kind"]
            return result
        }
    }

    private func checkKind(of result: Value, _ object: Value) throws(APIError) -> Value {
        guard result.isObject else {
            let type = DecodingError.jsonTypeName(of: result)
            throw refusal(of: result, "couldn't get version/kind; json parse error: json: cannot unmarshal \(type) into Go value of type struct")
        }
        guard result["kind"].isNull || result["kind"] == object["kind"], result["apiVersion"].isNull || result["apiVersion"] == object["apiVersion"]
        else {
            throw refusal(
                of: result,
                "no kind \"\(result.kind)\" is registered for version \"\(result.apiVersion)\" in scheme \"pkg/api/legacyscheme/scheme.go:30\"")
        }
        return result
    }

    // MARK: Refusing

    /// 422 on the field `patch`, where what it makes isn't of the type.
    func mismatch(_ result: Value, _ error: DecodingError, _ type: TypeDefinition) -> APIError {
        guard kind == .strategicMerge else { return refusal(of: result, error.description) }
        return refusal(of: result, StrategicMergePatch.mismatch(result, type: type) ?? error.description)
    }

    /// 422 on the field `patch`, where strictness was asked for. `problems` are the result's and the patch's.
    func strictRefusal(of result: Value, _ problems: [String]) -> APIError {
        refusal(of: result, "strict decoding error: " + problems.joined(separator: ", "))
    }

    /// Upstream shows what a JSON or merge patch made, and a strategic merge patch itself; and names no object.
    private func refusal(of result: Value, _ why: String) -> APIError {
        let shown = kind == .strategicMerge ? GoFormat.string(patch) : result.description
        var error = APIError.invalid(kind: "", group: "", name: "", [.invalid("patch", .string(shown), why)])
        error.details?.name = nil
        error.details?.kind = nil
        return error
    }
}
