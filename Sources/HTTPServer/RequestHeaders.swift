import ClusterClient
import NIOHPACK
import NIOHTTP1

/// Why a request was refused before it had a meaning.
struct RequestRefusal: Error {
    var response: HTTPResponse
}

extension HTTPRequest {
    /// Reads what HTTP/1.1 and HTTP/2 have in common. The body comes later.
    static func reading(method: String, uri: String, headers: HTTPHeaders, _ peer: Peer) -> Result<HTTPRequest, RequestRefusal> {
        guard let method = APIRequest.Method(rawValue: method) else { return .failure(RequestRefusal(response: .methodNotAllowed)) }
        guard let target = RequestTarget.parse(uri) else { return .failure(RequestRefusal(response: .refusal(400, "400 Bad Request"))) }
        var contentType = ""
        var accept = ""
        var userAgent = ""
        for (name, value) in headers {
            switch name.utf8.count {
            case 6 where name.isHeader("accept"): accept = accept.isEmpty ? value : "\(accept),\(value)"
            case 10 where name.isHeader("user-agent"): userAgent = value
            case 12 where name.isHeader("content-type"): contentType = value
            default: break
            }
        }
        let api = APIRequest(method, target.path, query: target.query, contentType: contentType, accept: accept, userAgent: userAgent)
        return .success(HTTPRequest(api: api, headers: headers, uri: uri, remoteAddress: peer.address, clientCertificate: peer.certificate))
    }

    /// Reads the header fields of an HTTP/2 request. `:authority` becomes `host`, as a proxied request needs it.
    static func reading(_ fields: HPACKHeaders, _ peer: Peer) -> Result<HTTPRequest, RequestRefusal> {
        var method = ""
        var uri = ""
        var headers: [(String, String)] = []
        headers.reserveCapacity(fields.count)
        for (name, value, _) in fields {
            switch name {
            case ":method": method = value
            case ":path": uri = value
            case ":authority": headers.append(("host", value))
            case _ where name.utf8.first == UInt8(ascii: ":"): break
            default: headers.append((name, value))
            }
        }
        return reading(method: method, uri: uri, headers: HTTPHeaders(headers), peer)
    }
}

extension HPACKHeaders {
    init(status: Int, headers: HTTPHeaders, contentLength: Int?) {
        self.init()
        reserveCapacity(headers.count + 2)
        add(name: ":status", value: status == 200 ? "200" : String(status))
        for (name, value) in headers where !Self.isConnectionHeader(name) {
            // What never comes twice would only push useful entries out of the table.
            let indexing: HPACKIndexing = name == "audit-id" ? .nonIndexable : .indexable
            add(name: name.isLowercase ? name : name.lowercased(), value: value.withoutLineBreaks, indexing: indexing)
        }
        // Nor do lengths.
        if let contentLength, status != 204, status != 304 {
            add(name: "content-length", value: String(contentLength), indexing: .nonIndexable)
        }
    }

    private static func isConnectionHeader(_ name: String) -> Bool {
        switch name.utf8.count {
        case 7: name.isHeader("upgrade")
        case 10: name.isHeader("connection") || name.isHeader("keep-alive")
        case 14: name.isHeader("content-length")
        case 17: name.isHeader("transfer-encoding")
        default: false
        }
    }
}

extension String {
    /// Header names are compared without regard to case; `name` is in lower case.
    func isHeader(_ name: StaticString) -> Bool {
        var index = 0
        for byte in utf8 {
            let lower = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
            guard index < name.utf8CodeUnitCount, name.utf8Start[index] == lower else { return false }
            index += 1
        }
        return index == name.utf8CodeUnitCount
    }

    var isLowercase: Bool { !utf8.contains { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") } }

    /// A header's value that came from an object must not end the header.
    var withoutLineBreaks: String {
        guard utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0 }) else { return self }
        return String(decoding: utf8.map { $0 == 0x0A || $0 == 0x0D || $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
    }
}
