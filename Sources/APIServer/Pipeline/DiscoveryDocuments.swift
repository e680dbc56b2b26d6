import ClusterClient
import KubernetesAPI
import NIOHTTP1
import ObjectModel
import Synchronization

/// The documents that tell clients what there is. Each is built when it is first asked for, then kept.
final class DiscoveryDocuments: Sendable {
    private let catalog: Catalog
    private let kept = Mutex<[Name: DiscoveryDocument]>([:])

    private struct Name: Hashable {
        var path: String
        var isAggregated = false
        var isProtobuf = false
    }

    init(_ catalog: Catalog) { self.catalog = catalog }

    /// The document at a path, in the form that the request accepts; nil where there is none.
    func document(at path: String, _ request: APIRequest) throws(APIError) -> DiscoveryDocument? {
        let isRoot = path == "/api" || path == "/apis"
        let isAggregated = isRoot ? try Self.wantsAggregated(request.accept) : false
        if !isRoot, path.hasPrefix("/api") {
            _ = try AnswerForm.negotiate(request.accept, AnswerForm.Endpoint(hasTable: false, hasMetadata: false))
        }
        // Go clients read OpenAPI 2 as protobuf only.
        let isProtobuf = path == "/openapi/v2" && request.accept.contains(Self.openAPIProtobuf)
        if path == "/openapi/v2", !isProtobuf, !request.accept.isEmpty, !Self.acceptsJSON(request.accept) {
            throw APIError(.notAcceptable, "only the following media types are accepted: application/json, \(Self.openAPIProtobuf)")
        }
        let name = Name(path: path, isAggregated: isAggregated, isProtobuf: isProtobuf)
        if let document = kept.withLock({ $0[name] }) { return document }
        guard let bytes = build(name) else { return nil }
        let contentType = isAggregated ? Discovery.aggregatedMediaType : isProtobuf ? Self.openAPIProtobufAnswer : "application/json"
        let document = DiscoveryDocument(bytes, contentType: contentType)
        kept.withLock { $0[name] = document }
        return document
    }

    /// What is served, as `/` lists it.
    func paths(adding others: [String]) -> Value {
        let groups = Set(catalog.groupVersions.map(\.group)).filter { !$0.isEmpty }.map { "/apis/\($0)" }
        let versions = catalog.groupVersions.map { "/\(OpenAPIv3.path($0))" }
        let documents = ["/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
        return ["paths": .array((groups + versions + documents + others).sorted().map { .string($0) })]
    }

    /// The hash in the addresses of the OpenAPI 3 documents.
    var openAPIHash: String { OpenAPIv3(catalog: catalog, version: Self.version).hash }

    private static let version = "v1.36.2"
    private static let openAPIProtobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

    /// The same type as it is answered: an `@` is not allowed there.
    private static let openAPIProtobufAnswer = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    private func build(_ name: Name) -> [UInt8]? {
        let resources = catalog.resources
        let segments = name.path.split(separator: "/").map(String.init)
        switch (segments.first, segments.count) {
        case ("api", 1): return name.isAggregated ? Discovery.aggregatedLegacy(resources) : Discovery.legacyVersions(serverAddress: "")
        case ("apis", 1): return name.isAggregated ? Discovery.aggregatedGroups(resources) : Discovery.groups(resources)
        case ("api", 2): return Discovery.resources(group: "", version: segments[1], in: resources)
        case ("apis", 2): return Discovery.group(segments[1], in: resources)
        case ("apis", 3): return Discovery.resources(group: segments[1], version: segments[2], in: resources)
        case ("openapi", 2) where segments[1] == "v2":
            let document = OpenAPIv2(catalog: catalog, version: Self.version)
            return name.isProtobuf ? document.protobuf() : document.document()
        case ("openapi", _) where segments.count > 1 && segments[1] == "v3": return openAPIv3(segments.dropFirst(2).joined(separator: "/"))
        default: return nil
        }
    }

    private func openAPIv3(_ path: String) -> [UInt8]? {
        let documents = OpenAPIv3(catalog: catalog, version: Self.version)
        if path.isEmpty { return documents.index() }
        return catalog.groupVersions.first { OpenAPIv3.path($0) == path }.flatMap { documents.document($0) }
    }

    /// The first wish that can be met decides. 406 where there is none, as for a version of the aggregated document that isn't served.
    private static func wantsAggregated(_ accept: String) throws(APIError) -> Bool {
        if accept.isEmpty { return false }
        for clause in AcceptClause.parse(accept) where Encoding.allCases.contains(where: { clause.matches($0.rawValue) }) {
            guard let kind = clause.parameters["as"] else { return false }
            if kind == "APIGroupDiscoveryList", clause.parameters["g"] == "apidiscovery.k8s.io", clause.parameters["v"] == "v2" { return true }
        }
        throw .notAcceptable(AnswerForm.Endpoint().mediaTypes)
    }

    private static func acceptsJSON(_ accept: String) -> Bool {
        accept.split(separator: ",").contains { ["application/json", "*/*", "application/*"].contains($0.split(separator: ";").first?.trimmed) }
    }
}

/// A document with the tag by which clients know that they have it already.
struct DiscoveryDocument: Sendable {
    private let bytes: [UInt8]
    private let contentType: String
    private let tag: EntityTag

    init(_ bytes: [UInt8], contentType: String) {
        self.bytes = bytes
        self.contentType = contentType
        // The tag must differ between documents of one path, nothing more.
        var hash = FNV1a()
        hash.combine(bytes)
        tag = EntityTag(opaque: String(hash.value, radix: 16))
    }

    /// - Parameter ifNoneMatch: the values of the request's `If-None-Match`.
    func answer(ifNoneMatch: [String]) -> HTTPResponse {
        let headers: HTTPHeaders = ["etag": tag.description, "vary": "Accept"]
        if tag.isNamed(in: ifNoneMatch) { return HTTPResponse(status: 304, contentType: "", headers: headers) }
        return HTTPResponse(contentType: contentType, headers: headers, body: [bytes])
    }
}
