import ClusterClient
import Identity
import ObjectModel

/// `serviceaccounts/token`: signs a token for a service account, bound to an object where the request names one.
struct TokenIssuer: Sendable {
    let tokens: ServiceAccountTokens
    let stored: any ObjectReader
    let environment: Environment

    /// Answers a `TokenRequest` with the token in its status.
    func issue(_ account: Value, _ request: Value) throws(APIError) -> Value {
        let seconds = request["spec"]["expirationSeconds"].integer ?? ServiceAccountTokens.defaultLifetime.components.seconds
        try Self.check(lifetime: seconds)
        var wanted = ServiceAccountTokens.Request(
            namespace: account.namespace, serviceAccount: .init(name: account.name, uid: account.uid),
            audiences: request["spec"]["audiences"].strings,
            lifetime: .seconds(seconds))
        try bind(&wanted, to: request["spec"]["boundObjectRef"])
        let issued: ServiceAccountTokens.Issued
        do {
            issued = try tokens.issue(wanted, id: environment.uid(), now: environment.now())
        } catch {
            throw .internalError("failed to generate token: \(error)")
        }
        var answer = request
        answer["kind"] = "TokenRequest"
        answer["apiVersion"] = "authentication.k8s.io/v1"
        answer["metadata"]["name"] = .string(account.name)
        answer["metadata"]["namespace"] = .string(account.namespace)
        answer["spec"]["expirationSeconds"] = .integer(seconds)
        answer["spec"]["audiences"] = Value(issued.claims.audiences)
        answer["status"] = ["token": .string(issued.token), "expirationTimestamp": .string(issued.expirationTimestamp.rfc3339)]
        return answer
    }

    private static func check(lifetime seconds: Int64) throws(APIError) {
        let problem: String
        switch seconds {
        case ..<ServiceAccountTokens.minimalLifetime.components.seconds: problem = "may not specify a duration less than 10 minutes"
        case ((1 << 32) + 1)...: problem = "may not specify a duration larger than 2^32 seconds"
        default: return
        }
        throw .invalid(
            kind: "TokenRequest", group: "authentication.k8s.io", name: "", [.invalid("spec.expirationSeconds", .integer(seconds), problem)])
    }

    private func bind(_ request: inout ServiceAccountTokens.Request, to reference: Value) throws(APIError) {
        guard reference.isObject else { return }
        let (kind, name) = (reference["kind"].string ?? "", reference["name"].string ?? "")
        switch kind {
        case "Pod":
            let pod = try object(.pods, "pods", request.namespace, name, reference)
            request.pod = .init(name: name, uid: pod.uid)
            if let node = pod["spec"]["nodeName"].string, let known = stored.object(.nodes, namespace: "", name: node) {
                request.node = .init(name: node, uid: known.uid)
            }
        case "Secret": request.secret = .init(name: name, uid: try object(.secrets, "secrets", request.namespace, name, reference).uid)
        case "Node": request.node = .init(name: name, uid: try object(.nodes, "nodes", "", name, reference).uid)
        default: throw .badRequest("cannot bind token for serviceaccount to a \(kind)")
        }
    }

    private func object(
        _ resource: Resource, _ plural: String, _ namespace: String, _ name: String, _ reference: Value
    ) throws(APIError) -> Value {
        guard let object = stored.object(resource, namespace: namespace, name: name) else { throw .notFound(resource: plural, group: "", name: name) }
        if let uid = reference["uid"].string, !uid.isEmpty, uid != object.uid {
            throw .conflict(
                resource: plural, group: "", name: name,
                "the UID in the bound object reference (\(uid)) does not match the UID in record. The object might have been deleted and then recreated"
            )
        }
        return object
    }
}
