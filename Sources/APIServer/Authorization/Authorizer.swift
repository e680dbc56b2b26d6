import ObjectModel

/// What a request wants to do: the input of every authorizer.
public struct RequestAttributes: Sendable, Hashable {
    public var user: UserInfo

    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or the lower-case HTTP method for non-resource paths.
    public var verb: String
    public var group: String
    public var version: String

    /// The plural; empty for non-resource requests.
    public var resource: String
    public var subresource: String
    public var namespace: String
    public var name: String
    public var path: String

    /// The `fieldSelector` of a list, watch or deletecollection, if it can be read: a node may list the pods of `spec.nodeName=` itself only.
    public var fieldSelector: FieldSelector?

    public var isResourceRequest: Bool { !resource.isEmpty }

    public init(
        user: UserInfo, verb: String, group: String = "", version: String = "", resource: String = "", subresource: String = "",
        namespace: String = "",
        name: String = "", path: String = "", fieldSelector: FieldSelector? = nil
    ) {
        self.user = user
        self.verb = verb
        self.group = group
        self.version = version
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
        self.path = path
        self.fieldSelector = fieldSelector
    }
}

public enum Decision: Sendable, Equatable {
    case allow(reason: String)
    case deny(reason: String)

    /// Nothing to say: the next authorizer is asked; after the last one it is a denial.
    case noOpinion(reason: String)
}

/// Decides on the event loop from what it has in memory.
public protocol Authorizer: Sendable {
    func authorize(_ attributes: RequestAttributes) -> Decision

    /// The roles that it decides by, if it does: what nobody may grant beyond.
    var roles: RoleBasedAuthorizer? { get }
}

extension Authorizer {
    public var roles: RoleBasedAuthorizer? { nil }
}
