import Identity
import ObjectModel
import Testing
import X509

@Suite struct SigningRequestTests {
    let authority: CertificateAuthority

    init() throws { authority = try CertificateAuthority(now: start) }

    @Test func `a node's request is read and signed with what it asks for`() throws {
        let made = try SigningRequest.make(.kubeletServer(node: "n1", addresses: ["192.0.2.1"]))
        let request = try SigningRequest(pem: made.requestPEM)
        #expect(request.subject == CertificateName(commonName: "system:node:n1", organizations: ["system:nodes"]))
        #expect(request.dnsNames == ["n1"])
        #expect(request.ipAddresses == ["192.0.2.1"])

        let signed = try authority.sign(request, usages: ["digital signature", "server auth"], now: start, lifetime: .seconds(3_600))
        let credential = try Credential(certificatePEM: signed, privateKeyPEM: made.privateKeyPEM)
        #expect(authority.signed(credential))
        #expect(credential.notAfter == start + .seconds(3_600))
        #expect(credential.ipAddresses == ["192.0.2.1"])
        let certificate = try Certificate(pemEncoded: signed)
        #expect(try certificate.extensions.extendedKeyUsage?.contains(.serverAuth) == true)
        #expect(try certificate.extensions.extendedKeyUsage?.contains(.clientAuth) == false)
        #expect(try certificate.extensions.keyUsage?.digitalSignature == true)
    }

    @Test func `an unknown usage is refused`() throws {
        let request = try SigningRequest(pem: SigningRequest.make(.admin).requestPEM)
        let error = #expect(throws: IdentityError.self) { try authority.sign(request, usages: ["flying"], now: start) }
        #expect(error?.message == "unrecognized usage \"flying\"")
    }

    @Test(arguments: ["", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", "hello"])
    func `what is no request is refused`(text: String) {
        #expect(throws: IdentityError.self) { try SigningRequest(pem: text) }
    }

    @Test func `a request that was tampered with is refused`() throws {
        var lines = try SigningRequest.make(.client("alice")).requestPEM.split(separator: "\n").map(String.init)
        // A character in the middle of the signed part.
        var characters = Array(lines[1])
        characters[40] = characters[40] == "A" ? "B" : "A"
        lines[1] = String(characters)
        #expect(throws: IdentityError.self) { try SigningRequest(pem: lines.joined(separator: "\n")) }
    }
}
