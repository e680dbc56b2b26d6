import Crypto
import ObjectModel
import SwiftASN1
import X509

/// A certificate and its private key.
public struct Credential: Sendable, Hashable {
    public let certificatePEM: String
    public let privateKeyPEM: String
    public let subject: CertificateName
    public let notBefore: Timestamp
    public let notAfter: Timestamp
    public let dnsNames: [String]
    public let ipAddresses: [String]

    /// SHA-256 of the certificate in DER, in lower-case hexadecimal: what the credential id of a client certificate is made of.
    public let fingerprint: String

    /// Reads a certificate and a private key, in two texts or both in one, and proves that they belong together.
    public init(certificatePEM: String, privateKeyPEM: String, source: String = "the credential") throws(IdentityError) {
        let certificate: Certificate
        let key: Certificate.PrivateKey
        do {
            certificate = try Certificate(pemEncoded: Self.block(in: certificatePEM, ending: "CERTIFICATE"))
        } catch {
            throw IdentityError(.malformed, "\(source): cannot read the certificate: \(error)")
        }
        do {
            key = try Certificate.PrivateKey(pemEncoded: Self.block(in: privateKeyPEM, ending: "PRIVATE KEY"))
        } catch {
            throw IdentityError(.malformed, "\(source): cannot read the private key: \(error)")
        }
        guard key.publicKey == certificate.publicKey else {
            throw IdentityError(.mismatch, "\(source): the private key is not the certificate's")
        }
        try self.init(certificate, key)
    }

    init(_ certificate: Certificate, _ key: Certificate.PrivateKey) throws(IdentityError) {
        do {
            certificatePEM = try certificate.serializeAsPEM().pemString + "\n"
            privateKeyPEM = try key.serializeAsPEM().pemString + "\n"
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            fingerprint = Hexadecimal.encode(SHA256.hash(data: serializer.serializedBytes))
        } catch {
            throw IdentityError(.cryptography, "cannot encode a certificate: \(error)")
        }
        subject = CertificateName(certificate.subject)
        notBefore = CertificateFields.timestamp(certificate.notValidBefore)
        notAfter = CertificateFields.timestamp(certificate.notValidAfter)
        let names = AlternativeNames((try? certificate.extensions.subjectAlternativeNames).flatMap(\.self))
        dnsNames = names.dnsNames
        ipAddresses = names.ipAddresses
    }

    /// Both in one text, certificate first: the form of the files that hold leaves.
    public var pem: String { certificatePEM + privateKeyPEM }

    /// True once only a third of the lifetime is left, or the certificate is not valid yet.
    public func shouldRenew(at now: Timestamp) -> Bool {
        now < notBefore || notAfter - now <= (notAfter - notBefore) / 3
    }

    /// When `shouldRenew` becomes true: how long a renewal may sleep.
    public var renewalTime: Timestamp { notAfter + (.zero - (notAfter - notBefore) / 3) }

    /// The first PEM block whose label ends with `ending`; the text itself if there is none, for the parser to complain about.
    static func block(in text: String, ending: String) -> String {
        var lines: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            let line = line.last == "\r" ? line.dropLast() : line
            if line.hasPrefix("-----BEGIN "), line.hasSuffix("\(ending)-----") { lines = [] }
            if lines.isEmpty, !line.hasPrefix("-----BEGIN ") || !line.hasSuffix("\(ending)-----") { continue }
            lines.append(line)
            if line.hasPrefix("-----END ") { return lines.joined(separator: "\n") }
        }
        return text
    }
}

/// Subject alternative names, sorted by form.
struct AlternativeNames: Sendable, Hashable {
    var dnsNames: [String] = []
    var ipAddresses: [String] = []
    var emailAddresses: [String] = []
    var uris: [String] = []

    init(_ names: SubjectAlternativeNames?) {
        for name in names ?? SubjectAlternativeNames() {
            switch name {
            case .dnsName(let it): dnsNames.append(it)
            case .ipAddress(let it): ipAddresses.append(CertificateFields.addressText(Array(it.bytes)) ?? "")
            case .rfc822Name(let it): emailAddresses.append(it)
            case .uniformResourceIdentifier(let it): uris.append(it)
            default: break
            }
        }
    }
}
