import ClusterClient
import HTTPServer
import ObjectModel

/// The last step of an answer: what was made as JSON, such as a `Status` or a `Scale`, goes into the encoding that the client asked for.
struct ResponseEncoder: Sendable {
    let encoding: Encoding

    /// Nil where JSON will do.
    init?(accept: String) {
        if accept.isEmpty || accept == Encoding.json.rawValue || accept == "*/*" { return nil }
        guard accept.contains("protobuf") || accept.contains("yaml") || accept.contains("cbor") else { return nil }
        guard let form = try? AnswerForm.negotiate(accept, AnswerForm.Endpoint(isStream: accept.contains("stream="))), form.encoding != .json else {
            return nil
        }
        encoding = form.encoding
    }

    func encode(_ outcome: Outcome) -> Outcome { outcome.changing { encode($0) } }

    /// What isn't JSON, or has no such form, stays as it is.
    func encode(_ response: HTTPResponse) -> HTTPResponse {
        guard response.headers.first(name: "content-type") == Encoding.json.rawValue, !response.body.isEmpty else { return response }
        let json = response.body.count == 1 ? response.body[0] : response.body.flatMap { $0 }
        guard let value = try? Value(json: json), let bytes = Presenter.encode(value, encoding) else { return response }
        var encoded = response
        encoded.headers.replaceOrAdd(name: "content-type", value: encoding.rawValue)
        encoded.body = [bytes]
        return encoded
    }
}
