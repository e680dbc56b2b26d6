import Identity
import ObjectModel
import Testing

@Suite struct CredentialDirectoryTests {
    @Test func `a leaf is issued once and renewed when a third of its life is left`() throws {
        try withDirectory { directory in
            let credentials = CredentialDirectory(directory, authority: try CertificateAuthority(now: start))
            let first = try credentials.credential("admin", for: .admin, now: start)
            #expect(mode(of: directory.path(of: "admin.pem")) == 0o600)
            #expect(try credentials.credential("admin", for: .admin, now: first.renewalTime + .seconds(-1)) == first)
            let second = try credentials.credential("admin", for: .admin, now: first.renewalTime)
            #expect(second.notAfter == first.renewalTime + .seconds(365 * 86_400))
            #expect(try credentials.credential("admin", for: .admin, now: first.renewalTime) == second)
        }
    }

    @Test func `renewal is due in the last third, and before the certificate is valid`() throws {
        let credential = try CertificateAuthority(now: start).issue(.scheduler, now: start)
        #expect(!credential.shouldRenew(at: start))
        #expect(!credential.shouldRenew(at: start + .seconds(240 * 86_400)))
        #expect(credential.shouldRenew(at: start + .seconds(244 * 86_400)))
        #expect(credential.shouldRenew(at: start + .seconds(-86_400)))
    }

    @Test func `a new name has the serving certificate issued anew`() throws {
        try withDirectory { directory in
            let credentials = CredentialDirectory(directory, authority: try CertificateAuthority(now: start))
            _ = try credentials.credential("apiserver", for: .apiServer(serviceAddress: "10.96.0.1"), now: start)
            let wider = try credentials.credential("apiserver", for: .apiServer(addresses: ["fd00:0::1"], serviceAddress: "10.96.0.1"), now: start)
            #expect(wider.ipAddresses.contains("fd00::1"))
            #expect(
                try credentials.credential("apiserver", for: .apiServer(addresses: ["fd00::1"], serviceAddress: "10.96.0.1"), now: start) == wider)
        }
    }

    @Test func `a leaf of another authority is reported and left alone`() throws {
        try withDirectory { directory in
            let other = try CertificateAuthority(now: start).issue(.admin, now: start)
            try directory.write("admin.pem", other.pem)
            let credentials = CredentialDirectory(directory, authority: try CertificateAuthority(now: start))
            let error = #expect(throws: IdentityError.self) { try credentials.credential("admin", for: .admin, now: start) }
            #expect(error?.code == .mismatch)
            #expect(try directory.read("admin.pem") == other.pem)
        }
    }

    @Test func `a damaged leaf is reported with its path`() throws {
        try withDirectory { directory in
            try directory.write("admin.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            let credentials = CredentialDirectory(directory, authority: try CertificateAuthority(now: start))
            let error = #expect(throws: IdentityError.self) { try credentials.credential("admin", for: .admin, now: start) }
            #expect(error?.message.hasPrefix("\(directory.path)/admin.pem: cannot read the certificate") == true)
        }
    }

    @Test func `a kubeconfig holds everything inline`() throws {
        let authority = try CertificateAuthority(now: start)
        let credential = try authority.issue(.admin, now: start)
        let text = Kubeconfig.text(
            server: "https://127.0.0.1:6443", caPEM: authority.certificatePEM, user: "kubernetes-admin", credential: credential)
        #expect(text.contains("\n    server: https://127.0.0.1:6443\n"))
        #expect(text.contains("\ncurrent-context: \"kubernetes-admin@apus\"\n"))
        #expect(text.contains("certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"))
        #expect(text.contains("client-key-data: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t"))
    }
}
