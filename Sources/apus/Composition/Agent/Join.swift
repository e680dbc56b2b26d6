import APIServer
import ClusterClient
import Foundation
import Identity
import ObjectModel
import Synchronization

/// A node's membership in a cluster: whom it trusts and what it shows, obtained once with a join token and renewed by itself.
final class Join: Sendable {
    let transport: HTTPSTransport
    let authorityPEM: String
    private let pki: PrivateDirectory
    private let name: String
    private let current: Shared
    private let credential: Credential

    static let clientFile = "node-client.pem"
    static let servingFile = "node-server.pem"

    private init(_ pki: PrivateDirectory, _ name: String, _ server: ServerURL, _ authorityPEM: String, _ credential: Credential) {
        (self.pki, self.name, self.authorityPEM, self.credential) = (pki, name, authorityPEM, credential)
        let shared = Shared(Self.identity(authorityPEM, credential))
        current = shared
        transport = HTTPSTransport(server) { shared.value }
    }

    /// What the transport shows, replaced when it is renewed.
    private final class Shared: Sendable {
        private let state: Mutex<HTTPSIdentity>
        init(_ identity: HTTPSIdentity) { state = Mutex(identity) }
        var value: HTTPSIdentity {
            get { state.withLock { $0 } }
            set { state.withLock { $0 = newValue } }
        }
    }

    private static func identity(_ authorityPEM: String, _ credential: Credential) -> HTTPSIdentity {
        HTTPSIdentity(caPEM: authorityPEM, certificatePEM: credential.certificatePEM, keyPEM: credential.privateKeyPEM)
    }

    // MARK: Joining

    /// Joins, or takes up a membership that `pki` holds.
    static func run(_ pki: PrivateDirectory, node name: String, server: ServerURL, token: String?, trust: Trust) async throws -> Join {
        let authorityPEM = try await trust.authority(server, pki)
        if let text = try pki.read(clientFile) {
            let held = try Credential(certificatePEM: text, privateKeyPEM: text, source: pki.path(of: clientFile))
            guard held.subject.commonName == Leaf.node(name).commonName else {
                let known = held.subject.commonName.replacing("system:node:", with: "")
                throw Failure("this machine has joined as \(known), not \(name): give --node-name \(known), or another --data-dir")
            }
            if held.notAfter > Environment.system.now() { return Join(pki, name, server, authorityPEM, held) }
        }
        guard let token else {
            throw Failure("this machine has not joined \(server) yet: give --token; `apus token create` on the server prints the whole command line")
        }
        let transport = HTTPSTransport(server) { HTTPSIdentity(caPEM: authorityPEM, token: token) }
        defer { transport.close() }
        do {
            let credential = try await NodeCertificates(client: Client(transport, userAgent: "apus-join")).obtain(.node(name), .client)
            try pki.write(clientFile, credential.pem)
            return Join(pki, name, server, authorityPEM, credential)
        } catch let error as APIError where error.reason == .unauthorized {
            throw Failure("\(server) does not take the token; it may have expired: make another with `apus token create` on the server")
        }
    }

    // MARK: Keeping

    /// The renewal of what the node shows to the server.
    var renewal: CredentialRenewal.Item {
        let certificates = NodeCertificates(client: Client(transport, userAgent: "apus-agent"))
        let (pki, name, current, authorityPEM) = (pki, name, current, authorityPEM)
        return CredentialRenewal.Item(
            "node-client", credential, renew: { _ in try await certificates.obtain(.node(name), .client) },
            use: { fresh in
                try pki.write(Self.clientFile, fresh.pem)
                current.value = Self.identity(authorityPEM, fresh)
            })
    }

    /// The node's serving certificate: the one that is held, or one that the server signs once it knows the node's addresses.
    func serving(
        _ leaf: Leaf, _ use: @escaping @Sendable (Credential) async throws -> Void
    ) async throws -> CredentialRenewal.Item {
        let certificates = NodeCertificates(client: Client(transport, userAgent: "apus-agent"))
        let pki = pki
        let first: Credential
        if let text = try pki.read(Self.servingFile),
            let held = try? Credential(certificatePEM: text, privateKeyPEM: text), !held.shouldRenew(at: Environment.system.now()),
            Set(held.dnsNames) == Set(leaf.dnsNames), Set(held.ipAddresses) == Set(leaf.ipAddresses)
        {
            first = held
        } else {
            first = try await certificates.obtain(leaf, .serving, within: .seconds(600))
            try pki.write(Self.servingFile, first.pem)
        }
        return CredentialRenewal.Item(
            "node-server", first, renew: { _ in try await certificates.obtain(leaf, .serving) },
            use: { fresh in
                try pki.write(Self.servingFile, fresh.pem)
                try await use(fresh)
            })
    }
}

/// How a node that knows nobody yet comes to trust its server.
enum Trust: Sendable {
    /// The authority's certificate in a file.
    case file(String)

    /// The hash of the authority's public key: the certificate is fetched and compared.
    case hash(String)
    case unknown

    /// The authority's certificate, which is kept for the next start.
    func authority(_ server: ServerURL, _ pki: PrivateDirectory) async throws -> String {
        let file = "ca.crt"
        if let known = try pki.read(file) { return known }
        let pem: String
        switch self {
        case .file(let path):
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Failure("--ca-file \(path): no such file, or it cannot be read")
            }
            pem = String(decoding: data, as: UTF8.self)
            guard CertificateAuthority.publicKeyHash(pem: pem) != nil else { throw Failure("--ca-file \(path): there is no certificate in it") }
        case .hash(let hash): pem = try await Self.fetch(server, hash)
        case .unknown:
            throw Failure(
                "nothing says that \(server) is the right server: give --ca-cert-hash or --ca-file; `apus token create` on the server prints the whole command line"
            )
        }
        try pki.write(file, pem, mode: 0o644)
        return pem
    }

    /// The certificate comes from anyone who answers; the hash proves it.
    private static func fetch(_ server: ServerURL, _ hash: String) async throws -> String {
        let transport = HTTPSTransport(server) { .unverified }
        defer { transport.close() }
        let map = try await Client(transport, userAgent: "apus-join").get(.configMaps, namespace: "kube-public", name: "cluster-info")
        let config = try YAML.parse(map["data"]["kubeconfig"].string ?? "") as Value
        let encoded = config["clusters"].array.first?["cluster"]["certificate-authority-data"].string ?? ""
        let pem = String(decoding: Base64.decode(encoded) ?? [], as: UTF8.self)
        guard let found = CertificateAuthority.publicKeyHash(pem: pem) else {
            throw Failure("\(server) has no authority's certificate in kube-public/cluster-info")
        }
        guard found == hash.lowercased() else {
            throw Failure("\(server) is not the cluster that was meant: its authority is \(found), not \(hash)")
        }
        return pem
    }
}
