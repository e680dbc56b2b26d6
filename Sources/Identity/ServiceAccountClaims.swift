import ObjectModel

/// What a bound service account token says, as upstream's tokens say it.
public struct ServiceAccountClaims: Sendable, Hashable {
    /// An object that the token is bound to: with another uid, or gone, the token is worthless.
    public struct Reference: Sendable, Hashable {
        public var name: String
        public var uid: String

        public init(name: String, uid: String) {
            self.name = name
            self.uid = uid
        }
    }

    public var issuer: String
    public var audiences: [String]
    public var issuedAt: Timestamp
    public var notBefore: Timestamp
    public var expires: Timestamp

    /// `jti`; the credential id is `JTI=` and this.
    public var id: String
    public var namespace: String
    public var serviceAccount: Reference
    public var pod: Reference?
    public var node: Reference?
    public var secret: Reference?

    /// From when on the use of a token with an extended life is worth a warning.
    public var warnAfter: Timestamp?

    public init(
        issuer: String, audiences: [String], issuedAt: Timestamp, expires: Timestamp, id: String, namespace: String, serviceAccount: Reference,
        pod: Reference? = nil, node: Reference? = nil, secret: Reference? = nil, warnAfter: Timestamp? = nil
    ) {
        self.issuer = issuer
        self.audiences = audiences
        self.issuedAt = issuedAt
        notBefore = issuedAt
        self.expires = expires
        self.id = id
        self.namespace = namespace
        self.serviceAccount = serviceAccount
        self.pod = pod
        self.node = node
        self.secret = secret
        self.warnAfter = warnAfter
    }

    /// `system:serviceaccount:NAMESPACE:NAME`.
    public var userName: String { Self.userName(namespace: namespace, name: serviceAccount.name) }

    public static func userName(namespace: String, name: String) -> String { "system:serviceaccount:\(namespace):\(name)" }

    /// The token's payload.
    var value: Value {
        var kubernetes: Value = ["namespace": .string(namespace), "serviceaccount": Self.value(serviceAccount)]
        if let pod { kubernetes["pod"] = Self.value(pod) }
        if let node { kubernetes["node"] = Self.value(node) }
        if let secret { kubernetes["secret"] = Self.value(secret) }
        if let warnAfter { kubernetes["warnafter"] = .integer(warnAfter.seconds) }
        return [
            "iss": .string(issuer), "aud": Value(audiences), "iat": .integer(issuedAt.seconds), "nbf": .integer(notBefore.seconds),
            "exp": .integer(expires.seconds), "jti": .string(id), "sub": .string(userName), "kubernetes.io": kubernetes,
        ]
    }

    init(_ value: Value) throws(IdentityError) {
        let kubernetes = value["kubernetes.io"]
        guard let issuer = value["iss"].string, let expires = value["exp"].number, let namespace = kubernetes["namespace"].string,
            let serviceAccount = Self.reference(kubernetes["serviceaccount"])
        else { throw IdentityError(.malformed, "the token lacks claims that a service account token has") }
        self.init(
            issuer: issuer, audiences: value["aud"].string.map { [$0] } ?? value["aud"].strings,
            issuedAt: Self.time(value["iat"]) ?? Timestamp(seconds: 0),
            expires: Self.time(.number(expires)) ?? Timestamp(seconds: 0), id: value["jti"].string ?? "", namespace: namespace,
            serviceAccount: serviceAccount, pod: Self.reference(kubernetes["pod"]), node: Self.reference(kubernetes["node"]),
            secret: Self.reference(kubernetes["secret"]), warnAfter: Self.time(kubernetes["warnafter"]))
        notBefore = Self.time(value["nbf"]) ?? issuedAt
        guard value["sub"].string == userName else {
            throw IdentityError(.malformed, "the token's subject is not the service account that it names")
        }
    }

    private static func value(_ reference: Reference) -> Value { ["name": .string(reference.name), "uid": .string(reference.uid)] }

    private static func reference(_ value: Value) -> Reference? {
        guard let name = value["name"].string, !name.isEmpty else { return nil }
        return Reference(name: name, uid: value["uid"].string ?? "")
    }

    /// Seconds since 1970; a number that no clock will show is no time.
    private static func time(_ value: Value) -> Timestamp? {
        guard let seconds = value.number, abs(seconds) < 9_000_000_000 else { return nil }
        return Timestamp(seconds: Int64(seconds))
    }
}
