import ClusterClient
import KubernetesAPI
import ObjectModel
import Schema

/// The body of a PATCH, by its media type.
enum PatchBody: Sendable {
    case json(Value)
    case merge(Value)
    case strategicMerge(Value)

    /// Operations in one JSON patch, at most: upstream's limit.
    private static let operationsMax = 10_000

    init(_ request: APIRequest) throws(APIError) {
        switch request.contentType.mediaType {
        case "application/json-patch+json":
            let patch = try Self.parse(request)
            guard patch.array.count <= Self.operationsMax else {
                throw APIError(
                    .requestEntityTooLarge,
                    "Request entity too large: The allowed maximum operations in a JSON patch is \(Self.operationsMax), got \(patch.array.count)")
            }
            self = .json(patch)
        case "application/merge-patch+json": self = .merge(try Self.object(request))
        case "application/strategic-merge-patch+json": self = .strategicMerge(try Self.object(request))
        default:
            throw APIError(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml"
            )
        }
    }

    private static func parse(_ request: APIRequest) throws(APIError) -> Value {
        do {
            return try Value(json: request.body)
        } catch {
            throw .badRequest("error decoding patch: \(error.message)")
        }
    }

    private static func object(_ request: APIRequest) throws(APIError) -> Value {
        let patch = try parse(request)
        guard patch.isObject else { throw .badRequest("error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}") }
        return patch
    }

    func apply(to object: Value, _ definition: ResourceDefinition) throws(APIError) -> Value {
        switch self {
        case .json(let patch):
            let operations: JSONPatch
            do { operations = try JSONPatch(patch) } catch { throw .badRequest("\(error)") }
            do {
                return try operations.applied(to: object)
            } catch {
                // Upstream does not say which operation it was.
                throw APIError(.invalid, "the server rejected our request due to an error in our request", details: .init())
            }
        case .merge(let patch): return object.applying(mergePatch: patch)
        case .strategicMerge(let patch): return try StrategicMergePatch.apply(patch, to: object, type: definition.type)
        }
    }
}
