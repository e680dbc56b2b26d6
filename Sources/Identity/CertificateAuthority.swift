import Crypto
import ObjectModel
import SwiftASN1
import X509

/// The cluster's root of trust: a self-signed ECDSA P-256 certificate, good for ten years, and the key that signs leaves.
public struct CertificateAuthority: Sendable {
    public static let lifetime: Duration = .seconds(10 * 365 * 86_400)
    public static let leafLifetime: Duration = .seconds(365 * 86_400)

    /// How far a certificate's start lies in the past, for clocks that are behind ours.
    public static let backdating: Duration = .seconds(300)

    /// What clients trust: the content of `ca.crt`.
    public let certificatePEM: String
    public let notAfter: Timestamp
    let certificate: Certificate
    let key: Certificate.PrivateKey

    /// A new authority in memory.
    public init(commonName: String = "kubernetes", now: Timestamp) throws(IdentityError) {
        try self.init(commonName: commonName, key: P256.Signing.PrivateKey(), now: now)
    }

    init(commonName: String, key signingKey: P256.Signing.PrivateKey, now: Timestamp) throws(IdentityError) {
        let key = Certificate.PrivateKey(signingKey)
        do {
            let name = try CertificateFields.subject(commonName: commonName, organizations: [])
            let certificate = try Certificate(
                version: .v3, serialNumber: .init(), publicKey: key.publicKey,
                notValidBefore: CertificateFields.date(now + (.zero - Self.backdating)),
                notValidAfter: CertificateFields.date(now + Self.lifetime), issuer: name, subject: name,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    Critical(KeyUsage(digitalSignature: true, keyEncipherment: true, keyCertSign: true))
                    SubjectKeyIdentifier(hash: key.publicKey)
                    SubjectAlternativeNames([.dnsName(commonName)])
                },
                issuerPrivateKey: key)
            try self.init(certificate, key)
        } catch let error as IdentityError {
            throw error
        } catch {
            throw IdentityError(.cryptography, "cannot make a certificate authority: \(error)")
        }
    }

    /// Reads an authority; throws if the key is not the certificate's or the certificate is not an authority's.
    public init(certificatePEM: String, privateKeyPEM: String, source: String = "the certificate authority") throws(IdentityError) {
        // Reads and compares both.
        _ = try Credential(certificatePEM: certificatePEM, privateKeyPEM: privateKeyPEM, source: source)
        do {
            try self.init(
                Certificate(pemEncoded: Credential.block(in: certificatePEM, ending: "CERTIFICATE")),
                Certificate.PrivateKey(pemEncoded: Credential.block(in: privateKeyPEM, ending: "PRIVATE KEY")))
        } catch {
            throw IdentityError(.malformed, "\(source): \(error)")
        }
        guard case .isCertificateAuthority = try? certificate.extensions.basicConstraints else {
            throw IdentityError(.mismatch, "\(source): the certificate is not a certificate authority's")
        }
    }

    private init(_ certificate: Certificate, _ key: Certificate.PrivateKey) throws {
        self.certificate = certificate
        self.key = key
        certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
        notAfter = CertificateFields.timestamp(certificate.notValidAfter)
    }

    public func privateKeyPEM() throws(IdentityError) -> String {
        do { return try key.serializeAsPEM().pemString + "\n" } catch { throw IdentityError(.cryptography, "cannot encode the key: \(error)") }
    }

    // MARK: Files

    /// Loads `NAME.crt` and `NAME.key`, or makes both in an empty place. Files that can't be read or don't match are reported and left alone.
    ///
    /// The key is written first: a key alone is what a crash in between leaves behind, and its certificate is then made anew.
    public static func loadOrCreate(
        in directory: PrivateDirectory, name: String = "ca", commonName: String = "kubernetes", now: Timestamp
    ) throws(IdentityError) -> CertificateAuthority {
        let keyText = try directory.read("\(name).key")
        if let certificateText = try directory.read("\(name).crt") {
            guard let keyText else {
                throw IdentityError(
                    .file, "\(directory.path(of: "\(name).key")) is missing beside \(name).crt: put it back, or move both away to start anew")
            }
            return try CertificateAuthority(certificatePEM: certificateText, privateKeyPEM: keyText, source: directory.path(of: "\(name).crt"))
        }
        let key: P256.Signing.PrivateKey
        if let keyText {
            do { key = try P256.Signing.PrivateKey(pemRepresentation: keyText) } catch {
                throw IdentityError(.malformed, "\(directory.path(of: "\(name).key")): cannot read the private key: \(error)")
            }
        } else {
            key = P256.Signing.PrivateKey()
            try directory.write("\(name).key", key.pemRepresentation + "\n")
        }
        let authority = try CertificateAuthority(commonName: commonName, key: key, now: now)
        try directory.write("\(name).crt", authority.certificatePEM, mode: 0o644)
        return authority
    }

    // MARK: Leaves

    /// A new key and a certificate for it. The certificate never outlives the authority.
    public func issue(_ leaf: Leaf, now: Timestamp, lifetime: Duration = leafLifetime) throws(IdentityError) -> Credential {
        let leafKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        var usages: [ExtendedKeyUsage.Usage] = []
        if leaf.servesTLS { usages.append(.serverAuth) }
        if leaf.authenticatesClient { usages.append(.clientAuth) }
        do {
            let certificate = try sign(
                publicKey: leafKey.publicKey,
                subject: CertificateFields.subject(commonName: leaf.commonName, organizations: leaf.organizations),
                alternativeNames: CertificateFields.alternativeNames(dnsNames: leaf.dnsNames, ipAddresses: leaf.ipAddresses),
                keyUsage: KeyUsage(digitalSignature: true), extendedUsages: usages, now: now, lifetime: lifetime)
            return try Credential(certificate, leafKey)
        } catch let error as IdentityError {
            throw error
        } catch {
            throw IdentityError(.cryptography, "cannot sign a certificate for \(leaf.commonName): \(error)")
        }
    }

    func sign(
        publicKey: Certificate.PublicKey, subject: DistinguishedName, alternativeNames: [GeneralName], keyUsage: KeyUsage,
        extendedUsages: [ExtendedKeyUsage.Usage], now: Timestamp, lifetime: Duration
    ) throws -> Certificate {
        let end = min(now + lifetime, notAfter)
        let authorityKeyID = try certificate.extensions.subjectKeyIdentifier ?? SubjectKeyIdentifier(hash: key.publicKey)
        return try Certificate(
            version: .v3, serialNumber: .init(), publicKey: publicKey,
            notValidBefore: CertificateFields.date(now + (.zero - Self.backdating)), notValidAfter: CertificateFields.date(end),
            issuer: certificate.subject, subject: subject,
            extensions: Certificate.Extensions {
                Critical(keyUsage)
                if !extendedUsages.isEmpty { try ExtendedKeyUsage(extendedUsages) }
                Critical(BasicConstraints.notCertificateAuthority)
                AuthorityKeyIdentifier(keyIdentifier: authorityKeyID.keyIdentifier)
                if !alternativeNames.isEmpty { SubjectAlternativeNames(alternativeNames) }
            },
            issuerPrivateKey: key)
    }
}
