/// PEM of what a TLS client shows and trusts.
public struct TLSCredentials: Sendable, Hashable {
    public var certificatePEM: String
    public var keyPEM: String
    public var caPEM: String

    public init(certificatePEM: String, keyPEM: String, caPEM: String) {
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
        self.caPEM = caPEM
    }
}
