import Crypto
import ObjectModel
import X509

/// When a certificate ends, for those who show it and need nothing else of it.
public enum CertificateDates {
    /// Nil for a text that holds no certificate.
    public static func notAfter(pem: String) -> Timestamp? {
        (try? Certificate(pemEncoded: Credential.block(in: pem, ending: "CERTIFICATE"))).map { CertificateFields.timestamp($0.notValidAfter) }
    }
}

extension CertificateAuthority {
    /// `sha256:HEX` of an authority's public key, as `kubeadm join --discovery-token-ca-cert-hash` has it: short enough for a command line, and enough
    /// to know the authority by. Nil for a text that holds no certificate.
    public static func publicKeyHash(pem: String) -> String? {
        guard let certificate = try? Certificate(pemEncoded: Credential.block(in: pem, ending: "CERTIFICATE")),
            let key = try? certificate.publicKey.serializeAsPEM()
        else { return nil }
        return "sha256:" + Hexadecimal.encode(SHA256.hash(data: key.derBytes))
    }
}
