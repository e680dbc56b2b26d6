import ClusterClient
import ObjectModel

/// What a request's method and path say: which resource, which object, which verb.
public struct RequestInfo: Sendable, Equatable {
    public var isResourceRequest = false
    public var verb: String
    public var group = ""
    public var version = ""
    public var resource = ""
    public var subresource = ""
    public var namespace = ""
    public var name = ""

    /// What follows a `proxy` subresource.
    public var rest = ""
    public var path: String

    /// What a list or watch is narrowed to.
    public let selectors: RequestSelectors

    /// Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`; everything else is a non-resource request, whose verb is the method in lower case.
    public init(_ request: APIRequest) throws(APIError) {
        path = request.path
        selectors = RequestSelectors(request)
        verb = request.method.rawValue.lowercased()
        let segments = request.path.utf8.split(separator: UInt8(ascii: "/")).map(Substring.init)
        guard let root = segments.first, root == "api" || root == "apis" else { return }
        let head = root == "api" ? 2 : 3
        guard segments.count > head else { return }
        group = root == "api" ? "" : String(segments[1])
        version = String(segments[head - 1])
        isResourceRequest = true
        // The addresses of watches from before there was `watch=true`.
        let isWatch = segments[head] == "watch" && segments.count > head + 1 && (request.method == .get || request.method == .head)
        try read(segments[(isWatch ? head + 1 : head)...])
        verb = isWatch ? "watch" : Self.verb(request, hasName: !name.isEmpty)
    }

    private mutating func read(_ segments: ArraySlice<Substring>) throws(APIError) {
        var parts = segments
        // `/namespaces/NAME` is a namespace itself; `/namespaces/NAME/status` its subresource; anything longer lies within it.
        if parts.first == "namespaces", parts.count > 1, let second = parts.dropFirst().first {
            namespace = try Self.decoded(second)
            if parts.count > 2, let third = parts.dropFirst(2).first, !(parts.count == 3 && Self.namespaceSubresources.contains(third)) {
                parts = parts.dropFirst(2)
            }
        }
        resource = parts.first.map(String.init) ?? ""
        name = try parts.dropFirst().first.map { segment throws(APIError) in try Self.decoded(segment) } ?? ""
        subresource = parts.dropFirst(2).first.map(String.init) ?? ""
        rest = parts.dropFirst(3).joined(separator: "/")
    }

    private static let namespaceSubresources: Set<Substring> = ["status", "finalize"]

    private static func verb(_ request: APIRequest, hasName: Bool) -> String {
        switch request.method {
        case .get, .head:
            if hasName { return "get" }
            return request.flag("watch") == true ? "watch" : "list"
        case .post: return "create"
        case .put: return "update"
        case .patch: return "patch"
        case .delete: return hasName ? "delete" : "deletecollection"
        case .options: return "options"
        }
    }

    private static func decoded(_ segment: Substring) throws(APIError) -> String {
        guard segment.utf8.contains(UInt8(ascii: "%")) else { return String(segment) }
        var bytes: [UInt8] = []
        var iterator = segment.utf8.makeIterator()
        while let byte = iterator.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = iterator.next().flatMap(hexValue), let low = iterator.next().flatMap(hexValue) else {
                throw .badRequest("invalid URL escape in \"\(segment)\"")
            }
            bytes.append(high << 4 | low)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init) }

    /// What is to be authorized. A list or watch of one name by field selector counts as a request for that object.
    func attributes(_ user: UserInfo) -> RequestAttributes {
        // A namespace is cluster-scoped, but its own name is the namespace of requests on it.
        RequestAttributes(
            user: user, verb: verb, group: group, version: version, resource: resource, subresource: subresource, namespace: namespace,
            name: selectedName ?? name, path: path, fieldSelector: selectors.readableFields)
    }

    /// The one name that a list or watch asks for by its field selector. A creation has none, nor has the deletion of a collection.
    private var selectedName: String? {
        guard name.isEmpty, verb == "list" || verb == "watch", let selected = selectors.required("metadata.name"), Self.isSegment(selected) else {
            return nil
        }
        return selected
    }

    /// Whether it may stand for a name in a path.
    private static func isSegment(_ name: String) -> Bool {
        name != "." && name != ".." && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%") }
    }
}
