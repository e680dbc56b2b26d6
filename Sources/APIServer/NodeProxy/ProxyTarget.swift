import HTTPServer
import NIOHTTP1
import ObjectModel

/// The name of what a `proxy` subresource leads to: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`.
struct ProxyTarget: Equatable {
    var scheme = ""
    var name: String
    var port = ""

    /// Nil where the text is none of these.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: name = parts[0]
        case 2: (name, port) = (parts[0], parts[1])
        case 3:
            (scheme, name, port) = (parts[0], parts[1], parts[2])
            guard scheme == "" || scheme == "http" || scheme == "https" else { return nil }
        default: return nil
        }
        guard !name.isEmpty else { return nil }
    }
}

/// The part of a request's URI that a `proxy` subresource passes on, as it came: nothing of it is decoded and encoded again.
struct ProxyPath: Equatable {
    /// Everything up to and with `proxy`.
    var prefix: String

    /// What follows, without the query; empty or beginning with a slash.
    var path: String

    /// With its question mark, or empty.
    var query: String

    /// `isNamespaced`: the path is `/api/v1/namespaces/NAMESPACE/RESOURCE/NAME/proxy/…` rather than `/api/v1/RESOURCE/NAME/proxy/…`.
    init(uri: String, isNamespaced: Bool) {
        let mark = uri.firstIndex(of: "?") ?? uri.endIndex
        query = String(uri[mark...])
        var slashes = isNamespaced ? 8 : 6
        var end = mark
        for index in uri[..<mark].indices where uri[index] == "/" {
            slashes -= 1
            if slashes == 0 {
                end = index
                break
            }
        }
        prefix = String(uri[..<end])
        path = String(uri[end..<mark])
    }
}
