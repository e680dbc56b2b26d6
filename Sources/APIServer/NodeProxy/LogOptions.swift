import ClusterClient
import HTTPServer
import ObjectModel

/// `PodLogOptions` of a request, checked, in the form that a node's streaming server takes.
struct LogOptions {
    private(set) var query: [(name: String, value: String)] = []

    init(_ request: HTTPRequest) throws(APIError) {
        for flag in ["follow", "previous", "timestamps"] {
            if let value = request.api.queryValue(flag), value != "false", value != "0" { query.append((flag, "true")) }
        }
        var errors: [FieldError] = []
        try number("limitBytes", request, atLeast: 1, "must be greater than 0", &errors)
        try number("tailLines", request, atLeast: 0, "must be greater than or equal to 0", &errors)
        try number("sinceSeconds", request, atLeast: 1, "must be greater than 0", &errors)
        if let time = request.api.queryValue("sinceTime"), !time.isEmpty {
            guard Timestamp(rfc3339: time) != nil else {
                throw APIError(.badRequest, "parsing time \"\(time)\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\(time)\" as \"2006\"")
            }
            if request.api.queryValue("sinceSeconds") != nil {
                errors.append(.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
            }
            query.append(("sinceTime", time))
        }
        if let stream = request.api.queryValue("stream"), stream != "All" {
            if !["Stdout", "Stderr"].contains(stream) {
                errors.append(.notSupported("stream", .string(stream), ["All", "Stdout", "Stderr"]))
            } else if request.api.queryValue("tailLines") != nil {
                errors.append(.forbidden("", "`tailLines` and specific `stream` are mutually exclusive for now"))
            }
            query.append(("stream", stream))
        }
        if !errors.isEmpty { throw APIError.invalid(kind: "PodLogOptions", group: "", name: "", errors) }
    }

    private mutating func number(
        _ name: String, _ request: HTTPRequest, atLeast least: Int64, _ rule: String, _ errors: inout [FieldError]
    ) throws(APIError) {
        guard let text = request.api.queryValue(name) else { return }
        guard let number = Int64(text) else { throw APIError(.badRequest, "strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
        if number < least { errors.append(.invalid(name, .integer(number), rule)) }
        query.append((name, text))
    }
}

/// Values of a query, percent-encoded.
enum QueryEscaping {
    static func escape(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.append(byte)
            default:
                out.append(UInt8(ascii: "%"))
                out.append(hex[Int(byte >> 4)])
                out.append(hex[Int(byte & 15)])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static let hex = Array("0123456789ABCDEF".utf8)
}
