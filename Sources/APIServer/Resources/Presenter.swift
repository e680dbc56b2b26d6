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
        switch form.shape {
        case .object:
            if form.encoding == .json, resource.conversion == nil { return HTTPResponse(status: status, headers: headers, body: [bytes]) }
            if form.encoding == .protobuf {
                let message = try ProtobufForm.encode(bytes, resource)
                return HTTPResponse(status: status, contentType: form.encoding.rawValue, headers: headers, body: [message])
            }
            return try Self.answer(try Self.parse(bytes, resource), form, resource, status: status, headers: headers)
        case .table(let version):
            let object = try Self.parse(bytes)
            let table = try table([object], version, resource, request, metadata: ["resourceVersion": .string(object.resourceVersion)])
            return try Self.answer(table, form, resource, status: status, headers: headers)
        case .partialMetadata(let version):
            return try Self.answer(Self.partial(try Self.parse(bytes, resource), version), form, resource, status: status, headers: headers)
        case .partialMetadataList:
            throw APIError(
                .notAcceptable,
                "you requested PartialObjectMetadataList, but the requested object is not a list (\(resource.definition.kind))")
        }
    }

    private static func answer(
        _ value: Value, _ form: AnswerForm, _ resource: ServedResource, status: Int = 200, headers: HTTPHeaders = [:]
    ) throws(APIError) -> HTTPResponse {
        guard let bytes = encode(value, form.encoding, resource.definition) else {
            throw .notAcceptable(AnswerForm.Endpoint(hasProtobuf: false).mediaTypes)
        }
        return HTTPResponse(status: status, contentType: form.encoding.rawValue, headers: headers, body: [bytes])
    }

    /// An object in some encoding; nil where its kind has no such form.
    static func encode(_ value: Value, _ encoding: Encoding, _ definition: ResourceDefinition? = nil) -> [UInt8]? {
        switch encoding {
        case .json: value.canonicalJSON()
        case .yaml: Array(YAML.write(value).utf8)
        case .protobuf: ProtobufForm.encode(value, definition)
        case .cbor: CBOR.encode(value)
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

    static func headers(_ warnings: [String]) -> HTTPHeaders { warnings.isEmpty ? [:] : WarningHeaders(warnings).headers }

    // MARK: Lists

    func list(_ page: ResourceReader.Page, _ form: AnswerForm, _ resource: ServedResource, _ request: APIRequest) throws(APIError) -> HTTPResponse {
        let metadata = page.metadata
        switch form.shape {
        case .object:
            switch form.encoding {
            case .json where resource.conversion == nil: return HTTPResponse(body: Self.pieces(page.objects, metadata, resource))
            case .protobuf:
                return HTTPResponse(contentType: form.encoding.rawValue, body: try ProtobufForm.list(page.objects, metadata, resource))
            case .json, .yaml, .cbor:
                let items = try page.objects.map { object throws(APIError) in try resource.value(of: object) }
                return try Self.answer(Self.list(resource.definition.listKind, resource.apiVersion, metadata, items), form, resource)
            }
        case .table(let version):
            let objects = try page.objects.map { object throws(APIError) in try object.value() }
            return try Self.answer(try table(objects, version, resource, request, metadata: metadata), form, resource)
        case .partialMetadata:
            throw APIError(
                .notAcceptable,
                "you requested PartialObjectMetadata, but the requested object is a list (\(resource.definition.listKind))")
        case .partialMetadataList(let version):
            let items = try page.objects.map { object throws(APIError) in Self.partial(try resource.value(of: object), version) }
            return try Self.answer(Self.list("PartialObjectMetadataList", "meta.k8s.io/\(version)", metadata, items), form, resource)
        }
    }

    private static func list(_ kind: String, _ apiVersion: String, _ metadata: Value, _ items: [Value]) -> Value {
        ["kind": .string(kind), "apiVersion": .string(apiVersion), "metadata": metadata, "items": .array(items)]
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

    /// The encoder of a watch in this form; nil for plain JSON.
    func encoder(_ form: AnswerForm, _ resource: ServedResource, _ request: APIRequest) throws(APIError) -> Watcher.Encoder? {
        let encoding = form.encoding
        switch form.shape {
        case .object:
            if encoding == .json, resource.conversion == nil { return nil }
            return Watcher.Encoder(sharedBy: "\(encoding.rawValue) \(resource.apiVersion)") { kind, bytes in
                if encoding == .protobuf, kind != .error, let object = try? ProtobufForm.encode(bytes, resource) {
                    return ProtobufForm.frame(kind, object)
                }
                return WatchFrame.encode(kind, Self.tree(kind, bytes, resource), encoding, resource)
            }
        case .partialMetadata(let version):
            return Watcher.Encoder(sharedBy: "\(encoding.rawValue) metadata \(version)") { kind, bytes in
                let object = Self.tree(kind, bytes, resource)
                return WatchFrame.encode(kind, kind == .error ? object : Self.partial(object, version), encoding, resource)
            }
        case .partialMetadataList:
            throw APIError(
                .notAcceptable,
                "you requested PartialObjectMetadataList, but the requested object is not a list (\(resource.definition.kind))")
        case .table(let version):
            // Column definitions come with the first event only.
            let isFirst = Once()
            let includeObject = try Self.includeObject(request)
            return Watcher.Encoder { kind, bytes in
                let object = (try? Self.parse(bytes)) ?? .null
                if kind == .error { return WatchFrame.encode(kind, object, encoding, resource) }
                // So is a bookmark a table: the one row that it has holds its annotations.
                var table = TableForm.table(
                    [object], version: version, definition: resource.definition,
                    metadata: ["resourceVersion": .string(object.resourceVersion)], includeObject: includeObject, now: .now(),
                    served: resource.served)
                if !isFirst.pass() { table["columnDefinitions"] = .null }
                return WatchFrame.encode(kind, table, encoding, resource)
            }
        }
    }

    // MARK: Derived forms

    private func table(
        _ objects: [Value], _ version: String, _ resource: ServedResource, _ request: APIRequest, metadata: Value
    ) throws(APIError) -> Value {
        TableForm.table(
            objects, version: version, definition: resource.definition, metadata: metadata, includeObject: try Self.includeObject(request), now: now,
            served: resource.served)
    }

    /// What each row of a table carries of its object.
    static func includeObject(_ request: APIRequest) throws(APIError) -> String {
        let wish = request.queryValue("includeObject") ?? ""
        switch wish {
        case "", "Metadata": return "Metadata"
        case "None", "Object": return wish
        default:
            throw .badRequest(
                "Unable to convert to Table as requested: includeObject: Invalid value: \"\(wish)\": must be 'Metadata', 'Object', 'None', or empty")
        }
    }

    static func partial(_ object: Value, _ version: String) -> Value {
        ["kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": object["metadata"]]
    }

    /// What a watch's event carries: an object, or the reason why the watch ends.
    private static func tree(_ kind: WatchEvent.Kind, _ bytes: [UInt8], _ resource: ServedResource) -> Value {
        guard kind != .error else { return (try? Value(json: bytes)) ?? .null }
        return (try? parse(bytes, resource)) ?? .null
    }

    /// A stored object in the resource's version.
    static func parse(_ bytes: [UInt8], _ resource: ServedResource) throws(APIError) -> Value { resource.served(try parse(bytes)) }

    private static func parse(_ bytes: [UInt8]) throws(APIError) -> Value {
        do {
            return try Value(json: bytes)
        } catch {
            throw .internalError("stored object cannot be read: \(error)")
        }
    }
}
