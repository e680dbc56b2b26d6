import ObjectModel
import Schema

/// The wire forms of an object.
enum Encoding: String, Sendable, Hashable, CaseIterable {
    case json = "application/json"
    case yaml = "application/yaml"
    case protobuf = "application/vnd.kubernetes.protobuf"
    case cbor = "application/cbor"

    /// A sequence of items, which is what a watch in CBOR is.
    static let cborSequence = "application/cbor-seq"

    /// What a watch in this form says it is.
    var streamType: String {
        switch self {
        case .json: rawValue
        case .cbor: Self.cborSequence
        case .yaml, .protobuf: rawValue + ";stream=watch"
        }
    }
}

extension APIError {
    /// 406: none of the wished forms can be served.
    static func notAcceptable(_ served: [String]) -> APIError {
        APIError(.notAcceptable, "only the following media types are accepted: \(served.joined(separator: ", "))")
    }

    /// 415: a body in a form that isn't read here.
    static func unsupportedMediaType(_ read: [String]) -> APIError {
        APIError(
            .unsupportedMediaType,
            "the body of the request was in an unknown format - accepted media types include: \(read.joined(separator: ", "))")
    }
}

extension String {
    /// The type without its parameters, in lower case.
    var mediaType: String {
        // Nearly always this, as it is.
        if self == "application/json" { return self }
        return split(separator: ";").first.map { $0.trimmed.lowercased() } ?? ""
    }
}

extension Substring {
    var trimmed: Substring {
        var part = self
        while part.first == " " || part.first == "\t" { part.removeFirst() }
        while part.last == " " || part.last == "\t" { part.removeLast() }
        return part
    }
}
