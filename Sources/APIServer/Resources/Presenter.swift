import ClusterClient
import KubernetesAPI
import NIOHTTP1
import ObjectModel

/// Puts stored bytes into the form that a client asked for. Plain JSON is those bytes again; other forms are derived here.
struct Presenter: Sendable {
    let now: Timestamp

    // MARK: One object

    func object(
        _ bytes: [UInt8], _ form: AnswerForm, _ resource: ServedResource, _ request: APIRequest, status: Int = 200, warnings: [String] = []
    ) throws(APIError) -> HTTPResponse {
        let headers = Self.headers(warnings)
        switch form {
        case .json where request.queryValue("pretty") == nil || request.queryValue("pretty") == "false":
            return HTTPResponse(status: status, headers: headers, body: [bytes])
        case .json: return HTTPResponse(status: status, headers: headers, body: [try Self.parse(bytes).json()])
        case .yaml:
            return HTTPResponse(
                status: status, contentType: "application/yaml", headers: headers, body: [Array(YAML.write(try Self.parse(bytes)).utf8)])
        case .table(let version):
            let object = try Self.parse(bytes)
            let table = table([object], version, resource, request, metadata: ["resourceVersion": .string(object.resourceVersion)])
            return HTTPResponse(status: status, headers: headers, body: [table.json()])
        case .partialMetadata(let version):
            return HTTPResponse(status: status, headers: headers, body: [Self.partial(try Self.parse(bytes), version).canonicalJSON()])
        }
    }

    /// A `Status` that tells of success, or of a failure.
    static func status(_ status: Value, code: Int, headers: HTTPHeaders = [:]) -> HTTPResponse {
        HTTPResponse(status: code, headers: headers, body: [status.canonicalJSON()])
    }

    static func failure(_ error: APIError) -> HTTPResponse {
        var headers: HTTPHeaders = [:]
        if let retryAfter = error.details?.retryAfter { headers.add(name: "retry-after", value: "\(retryAfter.components.seconds)") }
        if error.reason == .unauthorized { headers.add(name: "www-authenticate", value: "Bearer") }
        return status(error.status, code: error.code, headers: headers)
    }

    static func headers(_ warnings: [String]) -> HTTPHeaders {
        var headers: HTTPHeaders = [:]
        for warning in warnings {
            let quoted = warning.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            headers.add(name: "warning", value: "299 - \"\(quoted)\"")
        }
        return headers
    }

    // MARK: Lists

    func list(_ page: ResourceReader.Page, _ form: AnswerForm, _ resource: ServedResource, _ request: APIRequest) throws(APIError) -> HTTPResponse {
        var metadata: Value = ["resourceVersion": Value(String(page.revision))]
        if let next = page.next { metadata["continue"] = .string(next.text) }
        if let remaining = page.remaining { metadata["remainingItemCount"] = Value(remaining) }
        switch form {
        case .json: return HTTPResponse(body: Self.pieces(page.objects, metadata, resource))
        case .yaml:
            let bytes = Self.pieces(page.objects, metadata, resource).flatMap { $0 }
            return HTTPResponse(contentType: "application/yaml", body: [Array(YAML.write(try Self.parse(bytes)).utf8)])
        case .table(let version):
            let objects = try page.objects.map { object throws(APIError) in try object.value() }
            return HTTPResponse(body: [table(objects, version, resource, request, metadata: metadata).json()])
        case .partialMetadata(let version):
            let items = try page.objects.map { object throws(APIError) in Self.partial(try object.value(), version) }
            let list: Value = [
                "kind": "PartialObjectMetadataList", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata, "items": .array(items),
            ]
            return HTTPResponse(body: [list.canonicalJSON()])
        }
    }

    /// A list as the pieces that it is made of: a head, the stored objects, a tail.
    private static func pieces(_ objects: [StoredObject], _ metadata: Value, _ resource: ServedResource) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        pieces.reserveCapacity(objects.count * 2 + 2)
        var head = Array(#"{"kind":"\#(resource.definition.listKind)","apiVersion":"\#(resource.apiVersion)","metadata":"#.utf8)
        head += metadata.json()
        head += #","items":["#.utf8
        pieces.append(head)
        for (index, object) in objects.enumerated() {
            if index > 0 { pieces.append(comma) }
            pieces.append(object.bytes)
        }
        pieces.append(Array("]}\n".utf8))
        return pieces
    }

    private static let comma = [UInt8(ascii: ",")]

    // MARK: Watches

    /// The encoder of a watch in this form; nil for plain JSON, whose lines all watchers share.
    func encoder(_ form: AnswerForm, _ resource: ServedResource, _ request: APIRequest) throws(APIError) -> Watcher.Encoder? {
        switch form {
        case .json: return nil
        case .yaml: throw APIError(.notAcceptable, "only the following media types are accepted: application/json;stream=watch")
        case .partialMetadata(let version):
            return { kind, bytes in
                let object = (try? Self.parse(bytes)) ?? .null
                return WatchLine.json(kind, Self.partial(object, version).canonicalJSON())
            }
        case .table(let version):
            let isFirst = Once()
            return { kind, bytes in
                let object = (try? Self.parse(bytes)) ?? .null
                // A bookmark is a table without rows; column definitions come with the first event only.
                let rows = kind == .bookmark ? [] : [object]
                var table = Presenter(now: .now()).table(
                    rows, version, resource, request, metadata: ["resourceVersion": .string(object.resourceVersion)])
                if !isFirst.pass() { table["columnDefinitions"] = .null }
                return WatchLine.json(kind, table.json())
            }
        }
    }

    // MARK: Derived forms

    private func table(_ objects: [Value], _ version: String, _ resource: ServedResource, _ request: APIRequest, metadata: Value) -> Value {
        TableForm.table(
            objects, version: version, definition: resource.definition, metadata: metadata,
            includeObject: request.queryValue("includeObject") ?? "Metadata",
            now: now)
    }

    static func partial(_ object: Value, _ version: String) -> Value {
        ["kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": object["metadata"]]
    }

    private static func parse(_ bytes: [UInt8]) throws(APIError) -> Value {
        do {
            return try Value(json: bytes)
        } catch {
            throw .internalError("stored object cannot be read: \(error)")
        }
    }
}
