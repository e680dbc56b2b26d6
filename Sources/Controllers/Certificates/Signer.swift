import Identity

/// The signers that every cluster has, and what each signs.
enum Signer: String {
    /// Clients of the API.
    case client = "kubernetes.io/kube-apiserver-client"

    /// Nodes as clients of the API.
    case kubeletClient = "kubernetes.io/kube-apiserver-client-kubelet"

    /// What nodes serve.
    case kubeletServing = "kubernetes.io/kubelet-serving"

    /// Anything, with no promise about who trusts it.
    case legacy = "kubernetes.io/legacy-unknown"

    /// Why a request is not signed; nil where it is.
    func refusal(_ request: SigningRequest, usages: [String]) -> String? {
        switch self {
        case .client: Self.permits(usages, required: "client auth") ? nil : "usages did not match \(Self.wanted("client auth"))"
        case .kubeletClient: nodeRefusal(request) ?? clientRefusal(request, usages)
        case .kubeletServing: nodeRefusal(request) ?? servingRefusal(request, usages)
        case .legacy: nil
        }
    }

    private func nodeRefusal(_ request: SigningRequest) -> String? {
        if request.subject.organizations != ["system:nodes"] { return "subject organization is not system:nodes" }
        if !request.emailAddresses.isEmpty { return "email subjectAltNames are not allowed" }
        if !request.uris.isEmpty { return "URI subjectAltNames are not allowed" }
        return request.subject.commonName.hasPrefix("system:node:") ? nil : "subject common name does not begin with system:node: "
    }

    private func clientRefusal(_ request: SigningRequest, _ usages: [String]) -> String? {
        if !request.dnsNames.isEmpty { return "DNS subjectAltNames are not allowed" }
        if !request.ipAddresses.isEmpty { return "IP subjectAltNames are not allowed" }
        return Self.permits(usages, required: "client auth") ? nil : "usages did not match \(Self.wanted("client auth"))"
    }

    private func servingRefusal(_ request: SigningRequest, _ usages: [String]) -> String? {
        if request.dnsNames.isEmpty, request.ipAddresses.isEmpty { return "DNS or IP subjectAltName is required" }
        return Self.permits(usages, required: "server auth") ? nil : "usages did not match \(Self.wanted("server auth"))"
    }

    private static func permits(_ usages: [String], required: String) -> Bool {
        let asked = Set(usages)
        return asked.contains(required) && asked.isSubset(of: ["digital signature", "key encipherment", required])
    }

    private static func wanted(_ usage: String) -> String { "[digital signature key encipherment \(usage)]" }
}
