import HTTPServer
import ObjectModel

/// What a node's plain-text refusal becomes on its way to the client: upstream's rules for answers of another server.
enum NodeFailure {
    static func error(_ response: HTTPResponse, resource: String, name: String) -> APIError {
        let text = String(decoding: response.body.joined().prefix(2048), as: UTF8.self)
        switch response.status {
        case 500:
            return APIError(.internalError, "Internal error occurred: \(text)", details: .init(causes: [.init(reason: "", message: text, field: "")]))
        case 400: return APIError(.badRequest, text)
        default:
            let (reason, message) = meaning(response.status, text)
            return APIError(reason, "\(message) ( \(resource) \(name))", details: .init(name: name, kind: resource), code: response.status)
        }
    }

    private static func meaning(_ status: Int, _ text: String) -> (APIError.Reason, String) {
        switch status {
        case 401: (.unauthorized, "the server has asked for the client to provide credentials")
        case 403: (.forbidden, text.isEmpty ? "forbidden" : text)
        case 404: (.notFound, "the server could not find the requested resource")
        case 405: (.methodNotAllowed, "the server does not allow this method on the requested resource")
        case 422: (.invalid, "the server rejected our request due to an error in our request")
        case 429: (.tooManyRequests, "the server has received too many requests and has asked us to try again later")
        case 503: (.serviceUnavailable, "the server is currently unable to handle the request")
        case 504: (.timeout, "the server was unable to return a response in the time allotted, but may still be processing the request")
        case 500...: (.internalError, "an error on the server (\(quoted(text))) has prevented the request from succeeding")
        default: (.unknown, "the server responded with the status code \(status) but did not return more information")
        }
    }

    private static func quoted(_ text: String) -> String { text.isEmpty ? "\"unknown\"" : Value.string(text).description }
}
