import Identity
import ObjectModel
import Testing
@_spi(FixedExpiryValidationTime) import X509

@Suite struct CertificateAuthorityTests {
    @Test func `is made once and loaded ever after`() throws {
        try withDirectory { directory in
            let made = try CertificateAuthority.loadOrCreate(in: directory, now: start)
            let loaded = try CertificateAuthority.loadOrCreate(in: directory, now: start + day)
            #expect(made.certificatePEM == loaded.certificatePEM)
            #expect(made.notAfter == start + .seconds(10 * 365 * 86_400))
        }
    }

    @Test func `keeps its directory and its key to its owner`() throws {
        try withDirectory { directory in
            _ = try CertificateAuthority.loadOrCreate(in: directory, now: start)
            #expect(mode(of: directory.path) == 0o700)
            #expect(mode(of: directory.path(of: "ca.key")) == 0o600)
            #expect(mode(of: directory.path(of: "ca.key.new")) == 0)
        }
    }

    @Test func `a key without a certificate, as a crash leaves it, gets its certificate`() throws {
        try withDirectory { directory in
            let other = try CertificateAuthority(now: start)
            try directory.write("ca.key", other.privateKeyPEM())
            let authority = try CertificateAuthority.loadOrCreate(in: directory, now: start)
            #expect(try authority.privateKeyPEM() == other.privateKeyPEM())
        }
    }

    @Test func `files that do not match are named in the error and left alone`() throws {
        try withDirectory { directory in
            let one = try CertificateAuthority(now: start)
            let two = try CertificateAuthority(now: start)
            try directory.write("ca.key", one.privateKeyPEM())
            try directory.write("ca.crt", two.certificatePEM)
            let error = #expect(throws: IdentityError.self) { try CertificateAuthority.loadOrCreate(in: directory, now: start) }
            #expect(error?.message == "\(directory.path)/ca.crt: the private key is not the certificate's")
            #expect(try directory.read("ca.key") == one.privateKeyPEM())
            #expect(try directory.read("ca.crt") == two.certificatePEM)
        }
    }

    @Test func `an unreadable key is reported, never replaced`() throws {
        try withDirectory { directory in
            try directory.write("ca.key", "nonsense")
            #expect(throws: IdentityError.self) { try CertificateAuthority.loadOrCreate(in: directory, now: start) }
            #expect(try directory.read("ca.key") == "nonsense")
            #expect(try directory.read("ca.crt") == nil)
        }
    }

    @Test func `a certificate without its key is reported`() throws {
        try withDirectory { directory in
            try directory.write("ca.crt", CertificateAuthority(now: start).certificatePEM)
            let error = #expect(throws: IdentityError.self) { try CertificateAuthority.loadOrCreate(in: directory, now: start) }
            #expect(error?.message.contains("ca.key is missing beside ca.crt") == true)
        }
    }

    @Test func `a leaf is not taken for an authority`() throws {
        let leaf = try CertificateAuthority(now: start).issue(.admin, now: start)
        let error = #expect(throws: IdentityError.self) {
            try CertificateAuthority(certificatePEM: leaf.certificatePEM, privateKeyPEM: leaf.privateKeyPEM)
        }
        #expect(error?.message.contains("not a certificate authority's") == true)
    }

    @Test func `the serving certificate carries every name of the API server and verifies against the authority`() async throws {
        let authority = try CertificateAuthority(now: start)
        let leaf = Leaf.apiServer(names: ["api.example.com"], addresses: ["192.0.2.7"], serviceAddress: "10.96.0.1")
        let credential = try authority.issue(leaf, now: start)
        #expect(
            Set(credential.dnsNames) == [
                "api.example.com", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost",
            ])
        #expect(Set(credential.ipAddresses) == ["192.0.2.7", "127.0.0.1", "::1", "10.96.0.1"])

        let root = try Certificate(pemEncoded: authority.certificatePEM)
        let certificate = try Certificate(pemEncoded: credential.certificatePEM)
        for name in ["kubernetes.default.svc", "api.example.com"] {
            var verifier = Verifier(rootCertificates: CertificateStore([root])) {
                RFC5280Policy(fixedExpiryValidationTime: .init(timeIntervalSince1970: Double(start.seconds)))
                ServerIdentityPolicy(serverHostname: name, serverIP: nil)
            }
            guard case .validCertificate = await verifier.validate(leaf: certificate, intermediates: CertificateStore()) else {
                Issue.record("\(name) did not verify")
                return
            }
        }
    }

    @Test func `a client certificate says who and in which groups`() throws {
        let credential = try CertificateAuthority(now: start).issue(.node("worker-1"), now: start)
        #expect(credential.subject == CertificateName(commonName: "system:node:worker-1", organizations: ["system:nodes"]))
        #expect(credential.notAfter == start + .seconds(365 * 86_400))
    }

    @Test func `no leaf outlives the authority`() throws {
        let authority = try CertificateAuthority(now: start)
        let credential = try authority.issue(.admin, now: start + .seconds(9 * 365 * 86_400 + 86_400))
        #expect(credential.notAfter == authority.notAfter)
    }
}
