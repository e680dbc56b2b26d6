import Crypto
import ObjectModel

/// Issues and verifies service account tokens: ES256 JSON Web Tokens, bound to the objects that they were asked for.
public struct ServiceAccountTokens: Sendable {
    /// What upstream's API servers call themselves; also the audience of tokens that name none.
    public static let defaultIssuer = "https://kubernetes.default.svc.cluster.local"

    /// The shortest life that `spec.expirationSeconds` may ask for, and the one that it gets by default.
    public static let minimalLifetime: Duration = .seconds(600)
    public static let defaultLifetime: Duration = .seconds(3_600)

    /// The lifetime that the token volume of admission asks for. Such a token lives for a year, for clients that never read the file
    /// again, but is announced as short and warned about after this time.
    public static let extendableLifetime: Duration = .seconds(3_607)
    public static let extendedLifetime: Duration = .seconds(365 * 86_400)

    public let issuer: String

    /// The audiences that the API server itself answers to.
    public let serverAudiences: [String]
    public let keys: ServiceAccountKeys

    public init(keys: ServiceAccountKeys, issuer: String = defaultIssuer, serverAudiences: [String]? = nil) {
        self.keys = keys
        self.issuer = issuer
        self.serverAudiences = serverAudiences ?? [issuer]
    }

    /// What a TokenRequest asks for, after its service account and bound object were looked up.
    public struct Request: Sendable {
        public var namespace: String
        public var serviceAccount: ServiceAccountClaims.Reference
        public var pod: ServiceAccountClaims.Reference?
        public var node: ServiceAccountClaims.Reference?
        public var secret: ServiceAccountClaims.Reference?

        /// Empty: the API server's own.
        public var audiences: [String]
        public var lifetime: Duration

        public init(
            namespace: String, serviceAccount: ServiceAccountClaims.Reference, pod: ServiceAccountClaims.Reference? = nil,
            node: ServiceAccountClaims.Reference? = nil, secret: ServiceAccountClaims.Reference? = nil, audiences: [String] = [],
            lifetime: Duration = defaultLifetime
        ) {
            self.namespace = namespace
            self.serviceAccount = serviceAccount
            self.pod = pod
            self.node = node
            self.secret = secret
            self.audiences = audiences
            self.lifetime = lifetime
        }
    }

    public struct Issued: Sendable {
        public var token: String

        /// `status.expirationTimestamp`: when to have asked for the next one, which is sooner than `claims.expires` for an extended token.
        public var expirationTimestamp: Timestamp
        public var claims: ServiceAccountClaims
    }

    /// - Parameter id: a fresh UUID, the `jti`.
    public func issue(_ request: Request, id: String, now: Timestamp) throws(IdentityError) -> Issued {
        let audiences = request.audiences.isEmpty ? serverAudiences : request.audiences
        let announced = now + request.lifetime
        let isExtended = request.lifetime == Self.extendableLifetime && request.pod != nil && Set(audiences).isSubset(of: serverAudiences)
        let claims = ServiceAccountClaims(
            issuer: issuer, audiences: audiences, issuedAt: now, expires: isExtended ? now + Self.extendedLifetime : announced, id: id,
            namespace: request.namespace, serviceAccount: request.serviceAccount, pod: request.pod, node: request.node, secret: request.secret,
            warnAfter: isExtended ? announced : nil)
        return Issued(token: try sign(claims), expirationTimestamp: Timestamp(seconds: announced.seconds), claims: claims)
    }

    /// Any claims, signed.
    func sign(_ claims: ServiceAccountClaims) throws(IdentityError) -> String {
        let header: Value = ["alg": "ES256", "kid": .string(keys.signingKeyID)]
        let signed = "\(Base64URL.encode(header.json())).\(Base64URL.encode(claims.value.json()))"
        do {
            let signature = try keys.signing.signature(for: Array(signed.utf8))
            return "\(signed).\(Base64URL.encode(signature.rawRepresentation))"
        } catch {
            throw IdentityError(.cryptography, "cannot sign a token: \(error)")
        }
    }

    // MARK: Verification

    /// Whether a bearer token claims to be ours: a JWT that names our issuer. Others are some other authenticator's.
    public func isOurs(_ token: String) -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64URL.decode(parts[1]), let claims = try? Value(json: payload) else { return false }
        return claims["iss"].string == issuer
    }

    /// Proves signature, issuer, times and audience. Whether the objects that it is bound to still exist is for the caller to see.
    /// - Parameter audiences: one of them must be the token's; the API server's own by default.
    public func verify(_ token: String, audiences: [String]? = nil, now: Timestamp) throws(IdentityError) -> ServiceAccountClaims {
        let claims = try claims(of: token)
        guard claims.issuer == issuer else { throw IdentityError(.untrusted, "the token was issued by \(claims.issuer)") }
        guard now < claims.expires else { throw IdentityError(.notValid, "service account token has expired") }
        // Upstream allows a minute for clocks that differ.
        guard now + .seconds(60) >= claims.notBefore else { throw IdentityError(.notValid, "service account token is not valid yet") }
        let wanted = audiences ?? serverAudiences
        guard !Set(wanted).isDisjoint(with: claims.audiences) else {
            throw IdentityError(
                .notValid,
                "token audiences [\(claims.audiences.joined(separator: " "))] is invalid for the target audiences [\(wanted.joined(separator: " "))]")
        }
        return claims
    }

    /// Proves the signature only.
    private func claims(of token: String) throws(IdentityError) -> ServiceAccountClaims {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = Base64URL.decode(parts[0]).flatMap({ try? Value(json: $0) }), let payload = Base64URL.decode(parts[1]),
            let signatureBytes = Base64URL.decode(parts[2]), let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signatureBytes)
        else { throw IdentityError(.malformed, "not a JSON Web Token signed with ES256") }
        guard header["alg"].string == "ES256" else { throw IdentityError(.untrusted, "the token is not signed with ES256") }
        let signed = Array(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        let candidates = header["kid"].string.map { id in keys.verification.filter { $0.id == id } } ?? keys.verification
        guard candidates.contains(where: { $0.key.isValidSignature(signature, for: signed) }) else {
            throw IdentityError(.untrusted, "the token is not signed by a key of this cluster")
        }
        guard let value = try? Value(json: payload) else { throw IdentityError(.malformed, "the token's payload is not JSON") }
        return try ServiceAccountClaims(value)
    }
}
