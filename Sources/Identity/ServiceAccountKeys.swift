import Crypto
import ObjectModel

/// The keys of service account tokens: one that signs, and all that are still believed.
public struct ServiceAccountKeys: Sendable {
    let signing: P256.Signing.PrivateKey
    let verification: [VerificationKey]

    struct VerificationKey: Sendable {
        /// base64url of the SHA-256 of the public key's SubjectPublicKeyInfo, as upstream names keys.
        let id: String
        let key: P256.Signing.PublicKey

        init(_ key: P256.Signing.PublicKey) {
            self.key = key
            id = Base64URL.encode(SHA256.hash(data: key.derRepresentation))
        }
    }

    public var signingKeyID: String { verification[0].id }

    /// A new key in memory.
    public init() { self.init(signing: P256.Signing.PrivateKey(), retired: []) }

    private init(signing: P256.Signing.PrivateKey, retired: [P256.Signing.PublicKey]) {
        self.signing = signing
        verification = ([signing.publicKey] + retired).map(VerificationKey.init)
    }

    /// Reads a private key in PEM, and public keys of earlier ones whose tokens still count.
    public init(privateKeyPEM: String, retiredPublicKeyPEMs: [String] = [], source: String = "the service account key") throws(IdentityError) {
        do {
            let signing = try P256.Signing.PrivateKey(pemRepresentation: Credential.block(in: privateKeyPEM, ending: "PRIVATE KEY"))
            let retired = try retiredPublicKeyPEMs.map { try P256.Signing.PublicKey(pemRepresentation: $0) }
            self.init(signing: signing, retired: retired)
        } catch {
            throw IdentityError(.malformed, "\(source): cannot read an ECDSA P-256 key: \(error)")
        }
    }

    /// Loads `NAME.key`, or makes it in an empty place.
    public static func loadOrCreate(in directory: PrivateDirectory, name: String = "service-account") throws(IdentityError) -> ServiceAccountKeys {
        if let text = try directory.read("\(name).key") {
            return try ServiceAccountKeys(privateKeyPEM: text, source: directory.path(of: "\(name).key"))
        }
        let keys = ServiceAccountKeys()
        try directory.write("\(name).key", keys.signing.pemRepresentation + "\n")
        return keys
    }

    func key(_ id: String) -> P256.Signing.PublicKey? { verification.first { $0.id == id }?.key }

    // MARK: Discovery

    /// `/openid/v1/jwks`.
    public var keySet: Value {
        [
            "keys": .array(
                verification.map { held in
                    let point = held.key.rawRepresentation
                    return [
                        "use": "sig", "kty": "EC", "kid": .string(held.id), "crv": "P-256", "alg": "ES256",
                        "x": .string(Base64URL.encode(point.prefix(32))), "y": .string(Base64URL.encode(point.suffix(32))),
                    ]
                })
        ]
    }

    /// `/.well-known/openid-configuration`.
    public static func discovery(issuer: String, keySetURL: String) -> Value {
        [
            "issuer": .string(issuer), "jwks_uri": .string(keySetURL), "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        ]
    }
}
