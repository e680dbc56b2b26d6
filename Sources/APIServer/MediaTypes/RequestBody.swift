import ClusterClient
import KubernetesAPI
import ObjectModel
import Schema

/// A body as a tree, with the keys that came twice.
struct RequestBody: Sendable {
    var value: Value
    var duplicates: RepeatedKeys

    /// Reads a body in the form that its media type names. 415 for anything that is not read here; no type at all counts as JSON.
    /// - Parameter definition: What the body is to be, where it doesn't say so itself.
    static func parse(_ request: APIRequest, as definition: ResourceDefinition? = nil) throws(APIError) -> RequestBody {
        let hasProtobuf = definition?.type.content.hasProtobuf ?? true
        switch request.contentType.isEmpty ? .json : Encoding(rawValue: request.contentType.mediaType) {
        case .json: return try json(request.body)
        case .yaml: return try yaml(request.body)
        case .protobuf where hasProtobuf: return RequestBody(value: try ProtobufForm.decode(request.body, definition), duplicates: .none)
        case .cbor: return try cbor(request.body)
        default: throw .unsupportedMediaType(AnswerForm.Endpoint(hasProtobuf: hasProtobuf).mediaTypes)
        }
    }

    private static func json(_ bytes: [UInt8]) throws(APIError) -> RequestBody {
        let parsed = bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try JSONParser.parseReportingDuplicates(bytes) }
        }
        switch parsed {
        case .success(let parsed): return RequestBody(value: parsed.value, duplicates: RepeatedKeys(paths: parsed.duplicates, in: bytes))
        case .failure(let error): throw .badRequest("couldn't get version/kind; json parse error: \(error.message)")
        }
    }

    private static func yaml(_ bytes: [UInt8]) throws(APIError) -> RequestBody {
        do {
            let parsed = try YAML.parse(bytes)
            return RequestBody(value: parsed.value, duplicates: RepeatedKeys(parsed.duplicates))
        } catch {
            throw .badRequest("couldn't get version/kind; yaml parse error: \(error)")
        }
    }

    /// Also the body of an `application/apply-patch+cbor`.
    static func cbor(_ bytes: [UInt8]) throws(APIError) -> RequestBody {
        do throws(CBORError) {
            return RequestBody(value: try CBOR.parse(bytes), duplicates: .none)
        } catch {
            throw .badRequest("couldn't get version/kind; cbor parse error: \(error.message)")
        }
    }
}
