import ClusterClient
import Identity
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
        let encoding = request.contentType.isEmpty ? .json : Encoding(rawValue: request.contentType.mediaType)
        do throws(APIError) {
            switch encoding {
            case .json: return try json(request.body).asObject()
            case .yaml: return try yaml(request.body).asObject()
            case .cbor: return try cbor(request.body).asObject()
            case .protobuf where hasProtobuf: break
            default: throw .unsupportedMediaType(AnswerForm.Endpoint(hasProtobuf: hasProtobuf).mediaTypes)
            }
        } catch {
            throw error.reason == .badRequest ? unrecognized(request.body, definition, error) : error
        }
        return RequestBody(value: try ProtobufForm.decode(request.body, definition), duplicates: .none)
    }

    /// Nothing at all is an object without members; any other value is none.
    private func asObject() throws(APIError) -> RequestBody {
        if value.isNull { return RequestBody(value: [:], duplicates: duplicates) }
        guard !value.isObject else { return self }
        throw .badRequest(
            """
            couldn't get version/kind; json parse error: json: cannot unmarshal \(DecodingError.jsonTypeName(of: value)) into Go value of type struct { APIVersion string \
            "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }
            """)
    }

    /// Upstream's words for a body that nothing can be made of, with its beginning: an object's as it is, anything else in hexadecimal.
    private static func unrecognized(_ body: [UInt8], _ definition: ResourceDefinition?, _ error: APIError) -> APIError {
        guard let definition else { return error }
        let rest = body.count > shownMax ? " ..." : ""
        let beginning = body.prefix(shownMax)
        let shown =
            body.isEmpty
            ? "<empty>" : body.first == UInt8(ascii: "{") ? String(decoding: beginning, as: UTF8.self) + rest : Hexadecimal.encode(beginning) + rest
        return .badRequest("the object provided is unrecognized (must be of type \(definition.kind)): \(error.message) (\(shown))")
    }

    private static let shownMax = 30

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
