import Crypto
import ObjectModel
import SwiftASN1
import X509

/// A PKCS#10 request, as `certificates.k8s.io/v1 CertificateSigningRequest` carries it in `spec.request`.
public struct SigningRequest: Sendable {
    public let subject: CertificateName
    public let dnsNames: [String]
    public let ipAddresses: [String]
    public let emailAddresses: [String]
    public let uris: [String]
    let request: CertificateSigningRequest

    /// Reads a `CERTIFICATE REQUEST` block and proves that the requester holds the key.
    public init(pem: String) throws(IdentityError) {
        do {
            request = try CertificateSigningRequest(pemEncoded: Credential.block(in: pem, ending: "CERTIFICATE REQUEST"))
        } catch {
            throw IdentityError(.malformed, "PEM block type must be CERTIFICATE REQUEST: \(error)")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw IdentityError(.mismatch, "the certificate request is not signed by its own key")
        }
        subject = CertificateName(request.subject)
        let names: AlternativeNames
        do {
            names = AlternativeNames(try request.attributes.extensionRequest?.extensions.subjectAlternativeNames)
        } catch {
            throw IdentityError(.malformed, "cannot read the certificate request's alternative names: \(error)")
        }
        dnsNames = names.dnsNames
        ipAddresses = names.ipAddresses
        emailAddresses = names.emailAddresses
        uris = names.uris
    }

    /// Makes a request for `leaf` with a new key: what a joining node sends.
    public static func make(_ leaf: Leaf) throws(IdentityError) -> (requestPEM: String, privateKeyPEM: String) {
        do {
            let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            let names = try CertificateFields.alternativeNames(dnsNames: leaf.dnsNames, ipAddresses: leaf.ipAddresses)
            let extensions = try Certificate.Extensions { if !names.isEmpty { SubjectAlternativeNames(names) } }
            let attributes = try CertificateSigningRequest.Attributes(names.isEmpty ? [] : [.init(ExtensionRequest(extensions: extensions))])
            let request = try CertificateSigningRequest(
                version: .v1, subject: CertificateFields.subject(commonName: leaf.commonName, organizations: leaf.organizations), privateKey: key,
                attributes: attributes)
            return (try request.serializeAsPEM().pemString + "\n", try key.serializeAsPEM().pemString + "\n")
        } catch let error as IdentityError {
            throw error
        } catch {
            throw IdentityError(.cryptography, "cannot make a certificate request: \(error)")
        }
    }
}

extension CertificateAuthority {
    /// Signs a request with the usages that the CertificateSigningRequest asks for (`spec.usages`), and answers the certificate in PEM (`status.certificate`).
    ///
    /// Subject and alternative names are the request's own: whoever calls has approved them.
    /// - Parameter lifetime: `spec.expirationSeconds`; a year if not given. Never longer than the authority's own.
    public func sign(_ request: SigningRequest, usages: [String], now: Timestamp, lifetime: Duration? = nil) throws(IdentityError) -> String {
        var keyUsage = KeyUsage()
        var extended: [ExtendedKeyUsage.Usage] = []
        for usage in usages {
            switch usage {
            case "signing", "digital signature": keyUsage.digitalSignature = true
            case "content commitment": keyUsage.nonRepudiation = true
            case "key encipherment": keyUsage.keyEncipherment = true
            case "key agreement": keyUsage.keyAgreement = true
            case "data encipherment": keyUsage.dataEncipherment = true
            case "cert sign": keyUsage.keyCertSign = true
            case "crl sign": keyUsage.cRLSign = true
            case "encipher only": keyUsage.encipherOnly = true
            case "decipher only": keyUsage.decipherOnly = true
            case "any": extended.append(.any)
            case "server auth": extended.append(.serverAuth)
            case "client auth": extended.append(.clientAuth)
            case "code signing": extended.append(.codeSigning)
            case "email protection", "s/mime": extended.append(.emailProtection)
            case "timestamping": extended.append(.timeStamping)
            case "ocsp signing": extended.append(.ocspSigning)
            default: throw IdentityError(.malformed, "unrecognized usage \"\(usage)\"")
            }
        }
        do {
            var names = try CertificateFields.alternativeNames(dnsNames: request.dnsNames, ipAddresses: request.ipAddresses)
            names += request.emailAddresses.map { .rfc822Name($0) } + request.uris.map { .uniformResourceIdentifier($0) }
            let certificate = try sign(
                publicKey: request.request.publicKey, subject: request.request.subject, alternativeNames: names, keyUsage: keyUsage,
                extendedUsages: extended, now: now, lifetime: lifetime ?? Self.leafLifetime)
            return try certificate.serializeAsPEM().pemString + "\n"
        } catch let error as IdentityError {
            throw error
        } catch {
            throw IdentityError(.cryptography, "cannot sign the certificate request: \(error)")
        }
    }
}
