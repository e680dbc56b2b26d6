import Identity
import NIOCore
import ObjectModel

@testable import ClusterClient
@testable import HTTPServer

/// Certificates and keys, as files and kubeconfigs give them.
extension FuzzTarget {
    static let credentials: [FuzzTarget] = [pem, kubeconfig]

    private static let now = Timestamp(seconds: 1_800_000_000)

    private static let pem = FuzzTarget(
        name: "pem",
        words: [
            "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n",
            "-----BEGIN EC PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----\n", "-----", "\r\n", "MII", "AAAA",
            "==",
        ],
        seeds: {
            guard let authority = try? CertificateAuthority(now: now), let key = try? authority.privateKeyPEM(),
                let leaf = try? authority.issue(.client("web", groups: ["a", "b"]), now: now)
            else { return [] }
            return [authority.certificatePEM + key, leaf.pem, leaf.certificatePEM + authority.certificatePEM].map { Array($0.utf8) }
        }
    ) { bytes throws(BrokenPromise) in
        let text = bytes.text
        let isCertificate = CertificateDates.notAfter(pem: text) != nil
        try keep(isCertificate == (CertificateAuthority.publicKeyHash(pem: text) != nil), "a certificate has a key")
        _ = try? CertificateAuthority(certificatePEM: text, privateKeyPEM: text)
        _ = try? ServiceAccountKeys(privateKeyPEM: text, retiredPublicKeyPEMs: [text])
        _ = try? ServerTLSContext.make(ServingTLS(certificateChainPEM: text, keyPEM: text, clientCAPEM: text))
        guard let credential = try? Credential(certificatePEM: text, privateKeyPEM: text) else { return isCertificate }
        try keep(isCertificate, "a credential has a certificate")
        let again = try? Credential(certificatePEM: credential.certificatePEM, privateKeyPEM: credential.privateKeyPEM)
        try keep(again == credential, "a credential is read as it was written")
        _ = (credential.shouldRenew(at: now), credential.renewalTime)
        return true
    }

    private static let kubeconfig = FuzzTarget(
        name: "kubeconfig",
        words: ["clusters:", "current-context:", "server: https://", "certificate-authority-data:", "users:", "[::1]", ":6443", "name: a"]
    ) { bytes throws(BrokenPromise) in
        _ = ServerURL(bytes.text)
        let text = """
            current-context: a
            contexts: [{name: a, context: {cluster: a, user: a}}]
            clusters: [{name: a, cluster: {server: "https://[::1]:6443", certificate-authority-data: \(Base64.encode(bytes))}}]
            users: [{name: a, user: {token: a}}]
            """
        let isText = Array(bytes.text.utf8) == bytes
        try keep((try? KubeconfigFile(text))?.identity.caPEM == bytes.text || !isText || bytes.isEmpty, "data is what was encoded")
        return (try? KubeconfigFile(bytes.text)) != nil
    }
}
