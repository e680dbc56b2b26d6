import ObjectModel

extension HTTPResponse {
    /// A `Status`, for what the listener itself refuses.
    static func failure(_ reason: APIError.Reason, _ message: String, code: Int? = nil) -> HTTPResponse {
        let error = APIError(reason, message, code: code)
        return HTTPResponse(status: error.code, body: [error.status.canonicalJSON()])
    }

    /// A plain line, for requests so broken that they have no API meaning.
    static func refusal(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, contentType: "text/plain; charset=utf-8", body: [Array(text.utf8)])
    }

    static func bodyTooLarge(limit: Int) -> HTTPResponse {
        failure(.requestEntityTooLarge, "Request entity too large: limit is \(limit)")
    }

    /// The bodies on one connection hold too much together: this one may come again when others are through.
    static func bodiesTooLarge(limit: Int) -> HTTPResponse {
        var response = failure(.tooManyRequests, "Too many request bodies on this connection: together they may hold \(limit) bytes")
        response.headers.add(name: "retry-after", value: "1")
        return response
    }

    static let methodNotAllowed = failure(.methodNotAllowed, "the server does not allow this method on the requested resource")
}
