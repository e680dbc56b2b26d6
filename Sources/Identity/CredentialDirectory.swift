import ObjectModel
import X509

/// The leaves that this machine holds, one file each (`NAME.pem`, 0600, certificate and key), issued when missing and renewed in time.
public struct CredentialDirectory: Sendable {
    public let directory: PrivateDirectory
    public let authority: CertificateAuthority

    public init(_ directory: PrivateDirectory, authority: CertificateAuthority) {
        self.directory = directory
        self.authority = authority
    }

    /// The credential in `NAME.pem`: as it is, or a new one if there is none, it is due for renewal, or its names are no longer those of `leaf`.
    ///
    /// Called again at `renewalTime` it renews. A file that can't be read, or that another authority signed, is reported and left alone.
    public func credential(_ name: String, for leaf: Leaf, now: Timestamp) throws(IdentityError) -> Credential {
        let file = "\(name).pem"
        if let text = try directory.read(file) {
            let source = directory.path(of: file)
            let held = try Credential(certificatePEM: text, privateKeyPEM: text, source: source)
            guard authority.signed(held) else {
                throw IdentityError(
                    .mismatch, "\(source): the certificate was signed by another authority than ca.crt: move it away to have a new one issued")
            }
            if !held.shouldRenew(at: now), held.matches(leaf) { return held }
        }
        let issued = try authority.issue(leaf, now: now)
        try directory.write(file, issued.pem)
        return issued
    }
}

extension CertificateAuthority {
    /// Whether this authority's key signed the certificate.
    public func signed(_ credential: Credential) -> Bool {
        guard let leaf = try? Certificate(pemEncoded: credential.certificatePEM) else { return false }
        return certificate.publicKey.isValidSignature(leaf.signature, for: leaf)
    }
}

extension Credential {
    /// Whether the names are those of `leaf`, in any order.
    func matches(_ leaf: Leaf) -> Bool {
        func canonical(_ addresses: [String]) -> Set<[UInt8]?> { Set(addresses.map(CertificateFields.addressBytes)) }
        return subject.commonName == leaf.commonName && Set(subject.organizations) == Set(leaf.organizations) && Set(dnsNames) == Set(leaf.dnsNames)
            && canonical(ipAddresses) == canonical(leaf.ipAddresses)
    }
}
