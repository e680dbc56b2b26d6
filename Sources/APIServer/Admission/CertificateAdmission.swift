import Identity
import ObjectModel

extension AdmissionRequest {
    fileprivate func concernsCertificates(_ subresource: String) -> Bool {
        resource.group == "certificates.k8s.io" && resource.plural == "certificatesigningrequests" && self.subresource == subresource
    }

    /// Whether the user may `verb` for a signer: by its name, or for its whole domain.
    fileprivate func maySign(_ verb: String, _ signer: String, _ authorizer: any Authorizer) -> Bool {
        let domain = signer.prefix { $0 != "/" }
        return [signer, "\(domain)/*"].contains { name in
            let attributes = RequestAttributes(
                user: user, verb: verb, group: "certificates.k8s.io", version: "*", resource: "signers", name: name)
            if case .allow = authorizer.authorize(attributes) { return true }
            return false
        }
    }
}

/// Approving a CertificateSigningRequest takes the permission for its signer, beside the one for the subresource.
public struct CertificateApproval: AdmissionPlugin {
    public let name = "CertificateApproval"

    private let authorizer: any Authorizer

    public init(authorizer: any Authorizer) { self.authorizer = authorizer }

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.operation == .update, request.concernsCertificates("approval") else { return }
        let signer = request.oldObject.spec["signerName"].string ?? ""
        if !request.maySign("approve", signer, authorizer) {
            throw request.forbidden("user not permitted to approve requests with signerName \(quoted(signer))")
        }
    }
}

/// So does setting its certificate or its failure.
public struct CertificateSigning: AdmissionPlugin {
    public let name = "CertificateSigning"

    private let authorizer: any Authorizer

    public init(authorizer: any Authorizer) { self.authorizer = authorizer }

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.operation == .update, request.concernsCertificates("status"),
            request.object.status["certificate"] != request.oldObject.status["certificate"]
                || request.object.status["conditions"] != request.oldObject.status["conditions"]
        else { return }
        let signer = request.oldObject.spec["signerName"].string ?? ""
        if !request.maySign("sign", signer, authorizer) {
            throw request.forbidden("user not permitted to sign requests with signerName \(quoted(signer))")
        }
    }
}

/// Nobody becomes `system:masters` by way of a certificate request.
public struct CertificateSubjectRestriction: AdmissionPlugin {
    public let name = "CertificateSubjectRestriction"

    public init() {}

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.operation == .create, request.concernsCertificates(""), let signer = request.object.spec["signerName"].string,
            signer == "kubernetes.io/kube-apiserver-client",
            let pem = request.object.spec["request"].string.flatMap(Base64.decode).map({ String(decoding: $0, as: UTF8.self) }),
            let certificateRequest = try? SigningRequest(pem: pem)
        else { return }
        if certificateRequest.subject.organizations.contains(PrivilegedGroupAuthorizer.group) {
            throw request.forbidden("use of \(signer) signer with \(PrivilegedGroupAuthorizer.group) group is not allowed")
        }
    }
}
