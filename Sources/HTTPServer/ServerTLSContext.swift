import Identity
import NIOSSL

/// Turns PEM into what NIOSSL needs, and a verified peer into a subject.
enum ServerTLSContext {
    static func make(_ tls: ServingTLS) throws(ListenerError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(tls.certificateChainPEM.utf8))
            let key = try NIOSSLPrivateKey(bytes: Array(tls.keyPEM.utf8), format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["h2", "http/1.1"]
            if let clientCA = tls.clientCAPEM {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientCA.utf8)))
                configuration.certificateVerification = .optionalVerification
                configuration.sendCANameList = true
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ListenerError(code: .unusableCertificate, message: "cannot use the serving certificate, its key or the client CA", cause: error)
        }
    }

    static func subject(of certificate: NIOSSLCertificate) -> CertificateSubject? {
        (try? certificate.toDERBytes()).flatMap { try? CertificateName(der: $0) }
    }
}
