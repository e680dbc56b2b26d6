import ClusterClient
import Identity
import NIOHTTP1
import ObjectModel

/// Finds out who makes a request, on the event loop that received it: the in-process user, the client certificate, the bearer token, or nobody.
public struct Authenticator: Sendable {
    /// Asked in turn about a bearer token; the first that knows it answers.
    public var tokenAuthenticators: [any TokenAuthenticator]

    /// Whether requests without credentials pass as `system:anonymous`.
    public var allowsAnonymous: Bool

    public init(tokenAuthenticators: [any TokenAuthenticator], allowsAnonymous: Bool = true) {
        self.tokenAuthenticators = tokenAuthenticators
        self.allowsAnonymous = allowsAnonymous
    }

    /// Throws 401 for a token that nobody vouches for, and for no credentials at all where anonymous requests are not allowed.
    public func authenticate(_ request: HTTPRequest) throws(APIError) -> UserInfo {
        if let user = request.inProcessUser { return Self.withAuthenticatedGroup(user) }
        if let certificate = request.clientCertificate, !certificate.commonName.isEmpty {
            return Self.withAuthenticatedGroup(UserInfo(name: certificate.commonName, groups: certificate.organizations))
        }
        if let token = Self.bearerToken(request.headers) {
            for authenticator in tokenAuthenticators {
                do {
                    if let user = try authenticator.authenticate(token: token, audiences: nil) { return Self.withAuthenticatedGroup(user.user) }
                } catch {
                    // Why a token is no good is nothing that its bearer should learn.
                    throw Self.unauthorized
                }
            }
            throw Self.unauthorized
        }
        guard allowsAnonymous else { throw Self.unauthorized }
        return .anonymous
    }

    static let unauthorized = APIError(.unauthorized, "Unauthorized")

    /// Everyone who was recognized is in `system:authenticated`.
    static func withAuthenticatedGroup(_ user: UserInfo) -> UserInfo {
        if user.name == UserInfo.anonymous.name || user.groups.contains("system:authenticated") || user.groups.contains("system:unauthenticated") {
            return user
        }
        var user = user
        user.groups.append("system:authenticated")
        return user
    }

    /// From `Authorization: Bearer`, or from the WebSocket subprotocol by which browsers send it.
    static func bearerToken(_ headers: HTTPHeaders) -> String? {
        if let authorization = headers.first(name: "authorization") {
            if let token = token(ofScheme: "bearer", in: authorization) { return token }
        }
        for value in headers["sec-websocket-protocol"] {
            for word in value.split(separator: ",") {
                let name = word.drop { $0 == " " }
                guard name.hasPrefix(webSocketPrefix), let bytes = Base64URL.decode(name.dropFirst(webSocketPrefix.count)) else { continue }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        return nil
    }

    /// The token of `Authorization: SCHEME TOKEN`, up to the next space; nil for credentials of another scheme. By bytes: a token is a thousand characters,
    /// and this is done for every request.
    /// - Parameter scheme: in lower case.
    private static func token(ofScheme scheme: String, in authorization: String) -> String? {
        let space = UInt8(ascii: " ")
        guard let end = authorization.utf8.firstIndex(of: space), authorization[..<end].lowercased() == scheme else { return nil }
        let rest = authorization[end...].dropFirst()
        let length = rest.utf8.withContiguousStorageIfAvailable { $0.firstIndex(of: space) ?? $0.count } ?? rest.utf8.prefix { $0 != space }.count
        return length == 0 ? nil : String(Substring(rest.utf8.prefix(length)))
    }

    /// The subprotocol is a credential, so whoever proxies a connection leaves it out.
    public static let webSocketPrefix = "base64url.bearer.authorization.k8s.io."
}

/// Knows one kind of bearer token. Called on event loops: no waiting.
public protocol TokenAuthenticator: Sendable {
    /// The token's user, nil if it is of another kind, an error if it is of this kind and no good.
    /// - Parameter audiences: one of which the token must be for; nil for the API server's own.
    func authenticate(token: String, audiences: [String]?) throws(IdentityError) -> AuthenticatedToken?
}

public struct AuthenticatedToken: Sendable, Hashable {
    public var user: UserInfo

    /// Those asked for that the token is for.
    public var audiences: [String]

    public init(user: UserInfo, audiences: [String]) {
        self.user = user
        self.audiences = audiences
    }
}
