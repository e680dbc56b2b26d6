import ObjectModel

/// The form an answer takes, chosen from the `Accept` header.
enum AnswerForm: Sendable, Equatable {
    case json
    case yaml

    /// `as=Table`: rows and columns made by the server, under `meta.k8s.io/VERSION`.
    case table(version: String)

    /// `as=PartialObjectMetadata(List)`: metadata alone.
    case partialMetadata(version: String)

    /// Picks the first form that can be served, as the client ordered them. 406 where there is none.
    static func negotiate(_ accept: String) throws(APIError) -> AnswerForm {
        if accept.isEmpty || accept == "application/json" || accept == "*/*" { return .json }
        for wish in accept.split(separator: ",") {
            if let form = AnswerForm(wish) { return form }
        }
        throw APIError(
            .notAcceptable,
            "only the following media types are accepted: application/json, application/yaml")
    }

    private init?(_ wish: Substring) {
        let parts = wish.split(separator: ";").map { $0.trimmed }
        var parameters: [Substring: Substring] = [:]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            parameters[part[..<equals]] = part[part.index(after: equals)...]
        }
        let version = parameters["v"].map(String.init) ?? "v1"
        switch (parts.first, parameters["as"]) {
        case ("application/json"?, "Table"?) where parameters["g"] == "meta.k8s.io": self = .table(version: version)
        case ("application/json"?, "PartialObjectMetadata"?), ("application/json"?, "PartialObjectMetadataList"?):
            self = .partialMetadata(version: version)
        case (_, .some): return nil
        case ("application/json"?, nil), ("*/*"?, nil), ("application/*"?, nil): self = .json
        case ("application/yaml"?, nil): self = .yaml
        default: return nil
        }
    }

    var contentType: String { self == .yaml ? "application/yaml" : "application/json" }
}

/// The form a body came in, from the `Content-Type` header.
enum BodyForm: Sendable, Equatable {
    case json
    case yaml

    /// 415 for anything that is not read here. An absent type counts as JSON.
    init(contentType: String) throws(APIError) {
        switch contentType.mediaType {
        case "", "application/json": self = .json
        case "application/yaml": self = .yaml
        default:
            throw APIError(
                .unsupportedMediaType,
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml")
        }
    }
}

extension String {
    /// The type without its parameters, in lower case.
    var mediaType: String { split(separator: ";").first.map { $0.trimmed.lowercased() } ?? "" }
}

extension Substring {
    var trimmed: Substring {
        var part = self
        while part.first == " " || part.first == "\t" { part.removeFirst() }
        while part.last == " " || part.last == "\t" { part.removeLast() }
        return part
    }
}
