import ClusterClient
import Identity
import ObjectModel

/// Approves the certificate requests of nodes for themselves, signs what is approved, and takes away what is old.
public struct CertificateController: Controller {
    private let context: ControllerContext
    private let authority: CertificateAuthority
    private let requests: Informer
    private let nodes: Informer
    private let queue = WorkQueue()

    public init(_ context: ControllerContext, authority: CertificateAuthority) {
        self.context = context
        self.authority = authority
        requests = context.informers.informer(.certificateSigningRequests)
        nodes = context.informers.informer(.nodes)
        requests.onChange { [queue] change in if change.new != nil { queue.enqueue(change.object.key) } }
        // A node asks for what it serves with before it has told its addresses.
        nodes.onChange { [queue, requests] change in
            let user = "system:node:\(change.object.name)"
            for request in requests.list() where !request.isDecided && request.spec["username"].string == user { queue.enqueue(request.key) }
        }
    }

    public func run() async {
        await context.loop("certificatesigningrequest-controller", queue: queue, workers: 2, reconcile: reconcile).run(after: [requests, nodes])
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        guard let request = requests.get(key), !request.isBeingDeleted else { return nil }
        if let age = CertificateRequestAge(request, now: context.now()), age.isOver {
            try await context.client.delete(.certificateSigningRequests, name: request.name, uid: request.uid)
            return nil
        }
        let signer = Signer(rawValue: request.spec["signerName"].string ?? "")
        if let signer {
            if !request.isDecided {
                try await approve(request, signer)
            } else if request.hasCondition("Approved"), !request.hasCondition("Failed"), request.status["certificate"].isEmpty {
                try await sign(request, signer)
            }
        }
        return CertificateRequestAge(request, now: context.now())?.left
    }

    // MARK: Approving

    /// Nodes may have certificates as themselves, where the roles say so: the first one by a join token, later ones by the one that they have.
    private func approve(_ request: Value, _ signer: Signer) async throws {
        guard let parsed = try? Self.parse(request), signer.refusal(parsed, usages: request.spec["usages"].strings) == nil else { return }
        if signer == .kubeletServing, isForItself(parsed, request) {
            try await approve(request, "Auto approving kubelet serving certificate for the node's own name and addresses.")
        }
        guard signer == .kubeletClient else { return }
        let isSelf = request.spec["username"].string == parsed.subject.commonName
        let checks = [
            ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview.", isSelf),
            ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.", true),
        ]
        for (subresource, message, applies) in checks where applies {
            guard try await isAllowed(request, subresource) else { continue }
            return try await approve(request, message)
        }
    }

    private func approve(_ request: Value, _ message: String) async throws {
        var approved = request
        approved.status["conditions"].append(condition("Approved", "AutoApproved", message))
        try await context.client.update(.certificateSigningRequests, approved, subresource: "approval")
    }

    /// A node may serve under the name and addresses that the cluster knows it by, and nothing else.
    private func isForItself(_ parsed: SigningRequest, _ request: Value) -> Bool {
        guard request.spec["username"].string == parsed.subject.commonName, request.spec["groups"].strings.contains("system:nodes"),
            let node = nodes.get(String(parsed.subject.commonName.dropFirst("system:node:".count)))
        else { return false }
        let known = node.status["addresses"].array.compactMap { $0["address"].string }
        let addresses = Set(known.compactMap { IPAddress($0) })
        return Set(parsed.dnsNames).isSubset(of: known + [node.name])
            && parsed.ipAddresses.allSatisfy { IPAddress($0).map(addresses.contains) ?? false }
    }

    private func isAllowed(_ request: Value, _ subresource: String) async throws -> Bool {
        let review: Value = [
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": [
                "user": request.spec["username"], "uid": request.spec["uid"], "groups": request.spec["groups"], "extra": request.spec["extra"],
                "resourceAttributes": [
                    "group": "certificates.k8s.io", "resource": "certificatesigningrequests", "verb": "create", "version": "*",
                    "subresource": .string(subresource),
                ],
            ],
        ]
        return try await context.client.create(.subjectAccessReviews, review).status["allowed"].bool == true
    }

    // MARK: Signing

    private func sign(_ request: Value, _ signer: Signer) async throws {
        var signed = request
        do {
            let parsed = try Self.parse(request)
            let usages = request.spec["usages"].strings
            if let refusal = signer.refusal(parsed, usages: usages) {
                signed.status["conditions"].append(condition("Failed", "SignerValidationFailure", refusal))
            } else {
                let lifetime = request.spec["expirationSeconds"].int.map { min(.seconds($0), CertificateAuthority.leafLifetime) }
                let pem = try authority.sign(parsed, usages: usages, now: context.now(), lifetime: lifetime)
                signed.status["certificate"] = .string(Base64.encode(Array(pem.utf8)))
            }
        } catch {
            signed.status["conditions"].append(condition("Failed", "SignerValidationFailure", "\(error)"))
        }
        try await context.client.update(.certificateSigningRequests, signed, subresource: "status")
    }

    private static func parse(_ request: Value) throws(IdentityError) -> SigningRequest {
        let pem = Base64.decode(request.spec["request"].string ?? "").map { String(decoding: $0, as: UTF8.self) }
        return try SigningRequest(pem: pem ?? "")
    }

    private func condition(_ type: String, _ reason: String, _ message: String) -> Value {
        let now = Value(context.now().rfc3339)
        return [
            "type": .string(type), "status": "True", "reason": .string(reason), "message": .string(message), "lastUpdateTime": now,
            "lastTransitionTime": now,
        ]
    }
}

extension Value {
    /// Approved or denied.
    fileprivate var isDecided: Bool { hasCondition("Approved") || hasCondition("Denied") }
}

/// How long a request is kept: an hour once it is decided, a day while it waits.
private struct CertificateRequestAge {
    let left: Duration
    var isOver: Bool { left <= .zero }

    init?(_ request: Value, now: Timestamp) {
        guard let created = request.creationTime else { return nil }
        let decision = ["Approved", "Denied", "Failed"].lazy.compactMap { request.condition($0)?["lastUpdateTime"].timestamp }.first
        left = (decision.map { $0 + .seconds(3_600) } ?? created + .seconds(86_400)) - now
    }
}
