/// Whom a client over the network trusts, and what it shows of itself.
public struct HTTPSIdentity: Sendable, Hashable {
    /// PEM of the authorities that may have signed the server's certificate. Empty trusts anyone, and then nothing is shown: see `unverified`.
    public var caPEM: String

    /// PEM of the client's certificate and its key. Empty where a token says who asks.
    public var certificatePEM: String
    public var keyPEM: String

    /// Sent as `Authorization: Bearer` where it is not empty.
    public var token: String

    public init(caPEM: String, certificatePEM: String = "", keyPEM: String = "", token: String = "") {
        self.caPEM = caPEM
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
        self.token = token
    }

    /// Trusts whoever answers and shows nothing: only for what is proven by other means, such as an authority whose hash is known.
    public static let unverified = HTTPSIdentity(caPEM: "")

    public init(_ credentials: TLSCredentials) {
        self.init(caPEM: credentials.caPEM, certificatePEM: credentials.certificatePEM, keyPEM: credentials.keyPEM)
    }

    /// The part that a connection is made with: a connection lives as long as it stays the same. A token goes with each request.
    var ofConnection: TLSCredentials { TLSCredentials(certificatePEM: certificatePEM, keyPEM: keyPEM, caPEM: caPEM) }
}
