import ClusterClient
import Identity
import ObjectModel

/// Certificates that a node asks its cluster for, by way of the CertificateSigningRequest API.
struct NodeCertificates: Sendable {
    enum Signer: String {
        case client = "kubernetes.io/kube-apiserver-client-kubelet"
        case serving = "kubernetes.io/kubelet-serving"
    }

    private static let requests = Resource(
        group: "certificates.k8s.io", version: "v1", plural: "certificatesigningrequests", kind: "CertificateSigningRequest", isNamespaced: false)

    let client: Client

    /// Asks and waits for the answer.
    func obtain(_ leaf: Leaf, _ signer: Signer, within timeout: Duration = .seconds(120)) async throws -> Credential {
        let (request, key) = try SigningRequest.make(leaf)
        let object: Value = [
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": ["generateName": "node-csr-"],
            "spec": [
                "signerName": .string(signer.rawValue), "request": .string(Base64.encode(Array(request.utf8))),
                "usages": ["digital signature", signer == .client ? "client auth" : "server auth"],
            ],
        ]
        let created = try await client.create(Self.requests, object)
        return try await withThrowingTaskGroup(of: Credential?.self) { group in
            group.addTask {
                let certificate = try await answer(created)
                return try Credential(certificatePEM: certificate, privateKeyPEM: key, source: "the signed certificate")
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let credential = try await group.next() ?? nil else {
                throw Failure(
                    "the server did not sign \(created.name) within \(timeout.components.seconds) s: look at it with `kubectl describe csr \(created.name)`"
                )
            }
            return credential
        }
    }

    private func answer(_ created: Value) async throws -> String {
        var object = created
        while true {
            if let certificate = try Self.certificate(object) { return certificate }
            let events = try await client.watch(
                Self.requests, fieldSelector: "metadata.name=\(created.name)", resourceVersion: object.resourceVersion)
            for try await event in events where event.kind == .modified || event.kind == .added {
                object = event.object
                if let certificate = try Self.certificate(object) { return certificate }
            }
            try Task.checkCancellation()
            object = try await client.get(Self.requests, name: created.name)
        }
    }

    private static func certificate(_ object: Value) throws -> String? {
        for condition in object.status["conditions"].array where ["Denied", "Failed"].contains(condition["type"].string) {
            throw Failure("the server refused \(object.name): \(condition["message"].string ?? condition["reason"].string ?? "no reason given")")
        }
        guard let encoded = object.status["certificate"].string, !encoded.isEmpty, let bytes = Base64.decode(encoded) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
