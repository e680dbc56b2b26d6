import ObjectModel

/// Several authorizers, asked in turn until one allows or denies.
public struct AuthorizerChain: Authorizer {
    public var authorizers: [any Authorizer]

    public init(_ authorizers: [any Authorizer]) { self.authorizers = authorizers }

    public func authorize(_ attributes: RequestAttributes) -> Decision {
        var reasons: [String] = []
        for authorizer in authorizers {
            switch authorizer.authorize(attributes) {
            case .noOpinion(let reason): if !reason.isEmpty { reasons.append(reason) }
            case let decision: return decision
            }
        }
        return .noOpinion(reason: reasons.joined(separator: "\n"))
    }

    public var roles: RoleBasedAuthorizer? { authorizers.lazy.compactMap(\.roles).first }
}

/// Members of `system:masters` may do everything, whatever the roles say: the way back in when they are broken.
public struct PrivilegedGroupAuthorizer: Authorizer {
    public static let group = "system:masters"

    public init() {}

    public func authorize(_ attributes: RequestAttributes) -> Decision {
        attributes.user.groups.contains(Self.group) ? .allow(reason: "") : .noOpinion(reason: "")
    }
}

extension Authorizer {
    /// Throws the 403 that the client sees, unless the request is allowed.
    public func require(_ attributes: RequestAttributes) throws(APIError) { try attributes.require(authorize(attributes)) }
}

extension RequestAttributes {
    func require(_ decision: Decision) throws(APIError) {
        switch decision {
        case .allow: return
        case .deny(let reason), .noOpinion(let reason): throw forbidden(reason)
        }
    }

    /// `pods is forbidden: User "u" cannot list resource "pods" in API group "" in the namespace "default"`, and why.
    public func forbidden(_ reason: String = "") -> APIError {
        let what = reason.isEmpty ? denial : "\(denial): \(reason)"
        guard isResourceRequest else { return APIError(.forbidden, "forbidden: \(what)", details: .init()) }
        let qualified = group.isEmpty ? resource : "\(resource).\(group)"
        let subject = name.isEmpty ? qualified : "\(qualified) \(quoted(name))"
        return APIError(
            .forbidden, "\(subject) is forbidden: \(what)", details: .init(name: name.isEmpty ? nil : name, group: group, kind: resource))
    }

    private var denial: String {
        let text: String
        if isResourceRequest {
            let combined = subresource.isEmpty ? resource : "\(resource)/\(subresource)"
            let scope = namespace.isEmpty ? "at the cluster scope" : "in the namespace \(quoted(namespace))"
            text = "User \(quoted(user.name)) cannot \(verb) resource \(quoted(combined)) in API group \(quoted(group)) \(scope)"
        } else {
            text = "User \(quoted(user.name)) cannot \(verb) path \(quoted(path))"
        }
        // As upstream, for clients that show it in a page.
        return text.contains(where: { "&<>".contains($0) })
            ? text.reduce(into: "") { $0 += ["&": "&amp;", "<": "&lt;", ">": "&gt;"][$1] ?? String($1) } : text
    }
}

/// As Go's `%q`, for text without control characters.
func quoted(_ text: String) -> String { Value.string(text).description }

/// As Go's `%q` of several: `["a" "b"]`.
func quoted(_ texts: [String]) -> String { "[\(texts.map { quoted($0) }.joined(separator: " "))]" }
