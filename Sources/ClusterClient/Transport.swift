import ObjectModel

/// One request to the API, free of HTTP's framing: what the server's listener produces and the in-process transport hands over.
public struct APIRequest: Sendable {
    public enum Method: String, Sendable {
        case get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE", head = "HEAD", options = "OPTIONS"
    }

    public var method: Method

    /// Percent-decoding is done by whoever reads a segment; the path is as it came, without the query.
    public var path: String

    /// In the order they came, percent-decoded.
    public var query: [(name: String, value: String)]
    public var contentType: String
    public var accept: String
    public var userAgent: String
    public var body: [UInt8]

    public init(
        _ method: Method, _ path: String, query: [(name: String, value: String)] = [], contentType: String = "application/json",
        accept: String = "application/json", userAgent: String = "apus", body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.contentType = contentType
        self.accept = accept
        self.userAgent = userAgent
        self.body = body
    }

    public func queryValue(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// A whole answer. Watches have none: they are a `WatchStream`.
public struct APIResponse: Sendable {
    public var status: Int
    public var contentType: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(status: Int = 200, contentType: String = "application/json", headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }
}

/// A way to the API. In process it runs the server's whole pipeline under the identity it was made for; over HTTPS it is any API server.
public protocol Transport: Sendable {
    /// Answers failures as they came (status 4xx, 5xx); throws only where no answer came.
    func send(_ request: APIRequest) async throws -> APIResponse

    /// Starts a watch, or throws the `APIError` that the server answered.
    func watch(_ request: APIRequest) async throws -> WatchStream
}

/// One change that a watch tells of.
public struct WatchEvent: Sendable {
    public enum Kind: String, Sendable { case added = "ADDED", modified = "MODIFIED", deleted = "DELETED", bookmark = "BOOKMARK", error = "ERROR" }

    public var kind: Kind
    public var object: Value

    public init(_ kind: Kind, _ object: Value) {
        self.kind = kind
        self.object = object
    }
}

/// Events in the order of their revisions. Ends when the server ends the watch; the consumer then lists or watches again.
public typealias WatchStream = AsyncThrowingStream<WatchEvent, any Error>
