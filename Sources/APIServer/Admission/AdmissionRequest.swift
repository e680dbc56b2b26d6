import ClusterClient
import ObjectModel

/// A write as admission sees it: `admission.k8s.io/v1 AdmissionRequest`, less what only webhooks need.
public struct AdmissionRequest: Sendable {
    public enum Operation: String, Sendable { case create = "CREATE", update = "UPDATE", delete = "DELETE", connect = "CONNECT" }

    public var operation: Operation
    public var resource: Resource

    /// `status`, `ephemeralcontainers`, …; empty for the object itself.
    public var subresource: String

    /// Of the request; empty for cluster-scoped resources.
    public var namespace: String

    /// Of the request's path, or of the object on a create; empty where the server will generate it.
    public var name: String
    public var user: UserInfo

    /// The object to be stored; the options object of a connect; null for a delete.
    public var object: Value

    /// The object as it is stored; null for a create.
    public var oldObject: Value
    public var isDryRun: Bool

    public init(
        operation: Operation, resource: Resource, subresource: String = "", namespace: String = "", name: String = "", user: UserInfo,
        object: Value = .null, oldObject: Value = .null, isDryRun: Bool = false
    ) {
        self.operation = operation
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
        self.user = user
        self.object = object
        self.oldObject = oldObject
        self.isDryRun = isDryRun
    }

    /// Whether this is about objects of the resource themselves, in any version, not about a subresource of theirs.
    func concerns(_ resource: Resource) -> Bool {
        subresource.isEmpty && self.resource.plural == resource.plural && self.resource.group == resource.group
    }

    /// 403 as every plugin says it. Before a name is generated, what it will start with stands for it.
    func forbidden(_ why: String) -> APIError {
        let name =
            [self.name, object.name, object.metadata["generateName"].string ?? ""].first { !$0.isEmpty } ?? (object.isObject ? "Unknown" : "")
        return .forbidden(resource: resource.plural, group: resource.group, name: name, why)
    }
}

/// The stored objects, as plugins may read them: from snapshots, without waiting.
public protocol ObjectReader: Sendable {
    func object(_ resource: Resource, namespace: String, name: String) -> Value?

    /// Of one namespace; of all where `namespace` is empty.
    func objects(_ resource: Resource, namespace: String) -> [Value]
}
