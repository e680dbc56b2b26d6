import Identity
import NIOHTTP1
import ObjectModel

@testable import APIServer
@testable import ClusterClient
@testable import HTTPServer
@testable import NodeAgent

/// What a request carries beside its body, and who it says it is from.
extension FuzzTarget {
    static let requests: [FuzzTarget] = [
        labelSelector, fieldSelector, target, accept, continueToken, bearerToken, signingRequest, streams, watchLines, requestHeaders, links,
    ]

    private static let labelSelector = FuzzTarget(name: "label-selector", words: [" in (", " notin (", "!", "==", "!=", ",", " gt ", ">", "<", "()"])
    {
        bytes throws(BrokenPromise) in
        guard let selector = try? LabelSelector(parsing: bytes.text) else { return false }
        try keep((try? LabelSelector(parsing: selector.description)) == selector, "\(selector) is read as it was written")
        _ = selector.matches(["a": "b", "app": "web"])
        return true
    }

    private static let fieldSelector = FuzzTarget(name: "field-selector", words: ["metadata.name", "!=", "==", "=", ",", "\\", "spec.nodeName"]) {
        bytes throws(BrokenPromise) in
        guard let selector = try? FieldSelector(parsing: bytes.text) else { return false }
        try keep((try? FieldSelector(parsing: selector.description)) == selector, "\(selector) is read as it was written")
        _ = selector.matches(["metadata": ["name": "x"]] as Value)
        return true
    }

    /// A request's first line: the path and what it means, the query and all its options.
    private static let target = FuzzTarget(
        name: "request-target",
        words: [
            "/api/v1/", "/apis/apps/v1/", "namespaces/", "default/", "pods/", "/status", "?", "&", "=", "%2F", "%", "watch=true", "limit=1",
            "continue=",
            "labelSelector=", "fieldSelector=", "resourceVersion=1", "resourceVersionMatch=Exact", "timeoutSeconds=1", "dryRun=All", "fieldManager=m",
            "sinceSeconds=1", "tailLines=1", "http://h/",
        ]
    ) { bytes in
        guard let target = RequestTarget.parse(bytes.text) else { return false }
        for method in [APIRequest.Method.get, .post, .patch, .delete, .head] {
            let request = APIRequest(method, target.path, query: target.query)
            guard let info = try? RequestInfo(request) else { continue }
            _ = info.attributes(.anonymous)
            _ = try? WriteOptions(request)
            _ = try? DeleteOptions(request)
            _ = try? LogOptions(HTTPRequest(api: request))
            _ = try? ContainerLogOptions(request, now: Timestamp(seconds: 1_800_000_000))
            _ = ProxyTarget(info.name)
        }
        return true
    }

    private static let accept = FuzzTarget(
        name: "accept",
        words: [
            "application/json", "application/vnd.kubernetes.protobuf", ";as=Table", ";g=meta.k8s.io", ";v=v1", ";q=", "nan", "inf", "*/*", ",",
            ";stream=watch", "application/*",
        ]
    ) { bytes in
        _ = bytes.text.mediaType
        _ = ResponseEncoder(accept: bytes.text)
        let forms = [true, false].map { try? AnswerForm.negotiate(bytes.text, AnswerForm.Endpoint(isStream: $0)) }
        return forms.contains { $0 != nil }
    }

    private static let continueToken = FuzzTarget(
        name: "continue-token", seeds: { [Array(ContinueToken(revision: 7, after: "default/web").text.utf8)] }
    ) { bytes throws(BrokenPromise) in
        // Its text, and the JSON that is in it.
        for text in [bytes.text, Base64URL.encode(bytes)] {
            guard let token = try? ContinueToken(text) else { continue }
            try keep((try? ContinueToken(token.text)) == token, "a continue token is read as it was written")
            _ = token.expired.status
            return true
        }
        return false
    }

    private static let tokens = ServiceAccountTokens(keys: ServiceAccountKeys())

    private static let bearerToken = FuzzTarget(
        name: "bearer-token", words: ["Bearer ", ".", "eyJhbGciOiJFUzI1NiJ9", "e30", "bearer "],
        seeds: {
            let request = ServiceAccountTokens.Request(
                namespace: "default", serviceAccount: .init(name: "web", uid: "1"), audiences: [], lifetime: .seconds(3600))
            let issued = try? tokens.issue(request, id: "1", now: Timestamp(seconds: 1_800_000_000))
            return issued.map { [Array("Bearer \($0.token)".utf8)] } ?? []
        }
    ) { bytes throws(BrokenPromise) in
        let headers: HTTPHeaders = ["authorization": bytes.text, "sec-websocket-protocol": bytes.text]
        guard let token = Authenticator.bearerToken(headers) else { return false }
        let bootstrap = BootstrapTokenAuthenticator(
            secret: { _ in ["type": "bootstrap.kubernetes.io/token", "data": ["token-secret": .string(token), "expiration": .string(token)]] },
            clock: { Timestamp(seconds: 1_800_000_000) })
        try keep((try? bootstrap.authenticate(token: token, audiences: nil)) == nil, "no bootstrap token is good here")
        guard tokens.isOurs(token) else { return false }
        return (try? tokens.verify(token, now: Timestamp(seconds: 1_800_000_000))) != nil
    }

    private static let signingRequest = FuzzTarget(
        name: "signing-request", words: ["-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----", "\n", "MII"],
        seeds: { (try? [Array(SigningRequest.make(.client("web", groups: ["a"])).requestPEM.utf8)]) ?? [] }
    ) { bytes in
        _ = try? CertificateName(der: bytes)
        return (try? SigningRequest(pem: bytes.text)) != nil
    }

    /// Messages of a command's WebSocket, and the SPDY frames that come back. The first byte says in what pieces the rest comes.
    private static let streams = FuzzTarget(name: "streams", words: ["\u{80}\u{3}\u{0}\u{2}", "\u{0}\u{0}\u{0}\u{1}", "\u{0}\u{0}\u{0}\u{5}"]) {
        bytes throws(BrokenPromise) in
        let size = max(1, Int(bytes.first ?? 1))
        var whole = SPDYReader()
        var parts = SPDYReader()
        var translation = CommandTranslation(CommandStreams(stdin: true, stdout: true, stderr: true, resize: true))
        _ = translation.start()
        let rest = bytes.dropFirst()
        var start = rest.startIndex
        var (inParts, written) = ([UInt8](), 0)
        while start < rest.endIndex {
            let end = min(rest.endIndex, start + size)
            let piece = Array(rest[start..<end])
            for case .data(_, let bytes, _) in parts.read(piece) { inParts += bytes }
            _ = translation.received(piece, isStart: start % 2 == 0)
            for message in translation.receivedFromBackend(piece).toClient { written += message.count }
            start = end
        }
        var atOnce: [UInt8] = []
        for case .data(_, let bytes, _) in whole.read(rest) { atOnce += bytes }
        try keep(atOnce == inParts, "frames mean the same in whatever pieces they come")
        _ = translation.backendEnded()
        return written > 0
    }

    private static let watchLines = FuzzTarget(name: "watch-lines", words: ["\n", "\"type\":\"ADDED\"", "\"object\":{}", "BOOKMARK", "ERROR"]) {
        bytes in
        var lines = WatchLines()
        var count = 0
        for half in [bytes.prefix(bytes.count / 2), bytes.dropFirst(bytes.count / 2)] { count += (try? lines.events(half))?.count ?? 0 }
        return count > 0
    }

    private struct Everything: Authorizer {
        func authorize(_ attributes: RequestAttributes) -> Decision { .allow(reason: "") }
    }

    /// A line each: what a request says beside its path and body.
    private static let requestHeaders = FuzzTarget(
        name: "request-headers",
        words: [
            "impersonate-user: ", "impersonate-group: ", "impersonate-extra-", "impersonate-uid: ", "system:serviceaccount:a:b", "%2f",
            "accept-encoding: ",
            "gzip;q=0", "if-none-match: ", "\n", "W/\"", "*",
        ]
    ) { bytes throws(BrokenPromise) in
        let lines = bytes.split(separator: UInt8(ascii: "\n")).map { line in
            line.split(separator: UInt8(ascii: ":"), maxSplits: 1).map { String(Substring(Array($0).text).trimmed) }
        }
        let headers = HTTPHeaders(lines.filter { $0.count == 2 }.map { ($0[0], $0[1]) })
        guard case .success(let request) = HTTPRequest.reading(method: "GET", uri: "/api", headers: headers, Peer(address: "", certificate: nil))
        else {
            throw BrokenPromise("headers alone make no request wrong")
        }
        _ = Compression(request)
        let document = DiscoveryDocument([], contentType: "application/json")
        _ = document.answer(ifNoneMatch: headers["if-none-match"])
        let requester = UserInfo(name: "admin", groups: ["system:masters"])
        guard let user = try? Impersonation.user(headers, requester: requester, authorizer: Everything()) else { return false }
        try keep(!user.name.isEmpty, "somebody asks")
        return user.name != requester.name
    }

    /// A page of a backend, as it goes through the proxy.
    private static let links = FuzzTarget(
        name: "links", words: ["<a href=\"/", "<!--", "-->", "src='", "=", ">", "<", "http://10.0.0.5:80/", "\u{e9}"]
    ) { bytes throws(BrokenPromise) in
        let links = LinkRewriting(prefix: "/proxy")
        let once = links.rewrite(html: bytes, host: "10.0.0.5:80")
        try keep(links.rewrite(html: once, host: "10.0.0.5:80") == once, "links lead through the proxy once")
        return once != bytes
    }
}
