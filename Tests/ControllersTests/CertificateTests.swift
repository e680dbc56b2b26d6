import ClusterClient
import Identity
import ObjectModel
import Testing

@testable import Controllers

@Suite(.timeLimit(.minutes(1))) struct CertificateTests {
    private func run(_ body: (TestCluster, CertificateAuthority) async throws -> Void) async throws {
        let cluster = try await TestCluster()
        let authority = try CertificateAuthority(now: Timestamp.now())
        try await cluster.run([CertificateController(cluster.context("certificate-controller"), authority: authority)], hasNodes: false) {
            try await body(cluster, authority)
        }
    }

    private func request(_ name: String, _ leaf: Leaf, signer: String, usages: [String]) throws -> Value {
        [
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": ["name": .string(name)],
            "spec": [
                "request": .string(Base64.encode(Array(try SigningRequest.make(leaf).requestPEM.utf8))), "signerName": .string(signer),
                "usages": Value(usages), "expirationSeconds": 3600,
            ],
        ]
    }

    private func approve(_ name: String, _ cluster: TestCluster) async throws {
        var live = try await cluster.admin.get(.certificateSigningRequests, name: name)
        live.status["conditions"] = [["type": "Approved", "status": "True", "reason": "ByHand", "message": "m"]]
        try await cluster.admin.update(.certificateSigningRequests, live, subresource: "approval")
    }

    @Test func `signs what was approved`() async throws {
        try await run { cluster, authority in
            let wanted = try request("ann", .client("ann", groups: ["dev"]), signer: "kubernetes.io/kube-apiserver-client", usages: ["client auth"])
            try await cluster.admin.create(.certificateSigningRequests, wanted)
            #expect(try await cluster.admin.get(.certificateSigningRequests, name: "ann").status["certificate"].isNull)
            try await approve("ann", cluster)
            let signed = try await cluster.wait(.certificateSigningRequests, namespace: "", name: "ann", "signed") {
                !$0.status["certificate"].isNull
            }
            let pem = String(decoding: try #require(Base64.decode(signed.status["certificate"].string ?? "")), as: UTF8.self)
            #expect(pem.hasPrefix("-----BEGIN CERTIFICATE-----"))
        }
    }

    @Test func `tells why it does not sign`() async throws {
        try await run { cluster, _ in
            let wanted = try request(
                "node", .client("system:node:a", groups: ["dev"]), signer: "kubernetes.io/kubelet-serving", usages: ["server auth"])
            try await cluster.admin.create(.certificateSigningRequests, wanted)
            try await approve("node", cluster)
            let failed = try await cluster.wait(.certificateSigningRequests, namespace: "", name: "node", "failed") { $0.hasCondition("Failed") }
            #expect(failed.condition("Failed")?["reason"] == "SignerValidationFailure")
            #expect(failed.condition("Failed")?["message"] == "subject organization is not system:nodes")
        }
    }

    @Test func `a node gets its client certificate by itself where the roles say so`() async throws {
        try await run { cluster, _ in
            try await cluster.admin.create(
                Resource(
                    group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterrolebindings", kind: "ClusterRoleBinding", isNamespaced: false),
                [
                    "metadata": ["name": "self"],
                    "roleRef": [
                        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                        "name": "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
                    ], "subjects": [["kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:nodes"]],
                ])
            let node = cluster.server.client(user: "system:node:a", groups: ["system:nodes", "system:authenticated"], userAgent: "node")
            let wanted = try request(
                "a", .node("a"), signer: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["digital signature", "client auth"])
            try await node.create(.certificateSigningRequests, wanted)
            let signed = try await cluster.wait(.certificateSigningRequests, namespace: "", name: "a", "signed") { !$0.status["certificate"].isNull }
            #expect(signed.condition("Approved")?["reason"] == "AutoApproved")
        }
    }

    @Test func `a node gets a serving certificate for its own addresses once they are known`() async throws {
        try await run { cluster, _ in
            // Upstream's role of the controller knows nodes' client certificates only.
            let rbac = "rbac.authorization.k8s.io"
            let role: Value = [
                "metadata": ["name": "serving"],
                "rules": [
                    [
                        "apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": ["kubernetes.io/kubelet-serving"],
                        "verbs": ["approve"],
                    ]
                ],
            ]
            let binding: Value = [
                "metadata": ["name": "serving"], "roleRef": ["apiGroup": .string(rbac), "kind": "ClusterRole", "name": "serving"],
                "subjects": [["kind": "ServiceAccount", "name": "certificate-controller", "namespace": "kube-system"]],
            ]
            for (plural, kind, object) in [("clusterroles", "ClusterRole", role), ("clusterrolebindings", "ClusterRoleBinding", binding)] {
                try await cluster.admin.create(
                    Resource(group: rbac, version: "v1", plural: plural, kind: kind, isNamespaced: false), object)
            }
            let node = cluster.server.client(user: "system:node:one", groups: ["system:nodes", "system:authenticated"], userAgent: "kubelet")
            for (name, addresses) in [("own", ["192.0.2.1"]), ("other", ["192.0.2.9"]), ("name-only", [])] as [(String, [String])] {
                let wanted = try request(
                    name, .kubeletServer(node: "one", addresses: addresses), signer: "kubernetes.io/kubelet-serving",
                    usages: ["digital signature", "server auth"])
                try await node.create(.certificateSigningRequests, wanted)
            }
            try await cluster.admin.create(
                .nodes, ["metadata": ["name": "one"], "status": ["addresses": [["type": "InternalIP", "address": "192.0.2.1"]]]])
            for name in ["own", "name-only"] {
                try await cluster.wait(.certificateSigningRequests, namespace: "", name: name, "\(name) is signed") {
                    !$0.status["certificate"].isNull
                }
            }
            let other = try await cluster.admin.get(.certificateSigningRequests, name: "other")
            #expect(other.status["conditions"].array.isEmpty)
        }
    }
}
