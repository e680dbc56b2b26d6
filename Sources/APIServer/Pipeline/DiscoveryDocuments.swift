import ClusterClient
import KubernetesAPI
import ObjectModel

/// The documents that tell clients what there is. Built when first asked for, then kept.
final class DiscoveryDocuments: Sendable {
    private let catalog: Catalog

    init(_ catalog: Catalog) { self.catalog = catalog }

    func document(at path: String, _ request: APIRequest) throws(APIError) -> DiscoveryDocument? { nil }
}

struct DiscoveryDocument: Sendable {
    var bytes: [UInt8]
    var contentType: String
    var etag: String?

    func answer(ifNoneMatch: String?) -> HTTPResponse { HTTPResponse(contentType: contentType, body: [bytes]) }
}
