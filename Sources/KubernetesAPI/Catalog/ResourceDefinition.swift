import ObjectModel
import Schema

/// A resource that the API serves: where it is, what may be done with it, and the kind of its objects.
public final class ResourceDefinition: Sendable {
    /// Empty for the core group.
    public let group: String
    public let version: String
    public let kind: String

    /// The kind of a list of them: `PodList`.
    public let listKind: String

    /// The name in the path: `pods`.
    public let plural: String
    public let singular: String
    public let shortNames: [String]
    public let categories: [String]
    public let isNamespaced: Bool

    /// `create`, `delete`, `deletecollection`, `get`, `list`, `patch`, `update`, `watch`: those that the resource has, by name.
    public let verbs: [String]
    public let subresources: [KindDefinition.Subresource]
    public let columns: [KindDefinition.Column]

    /// The type of its objects.
    public let type: TypeDefinition

    /// What every client is told that still uses it, in upstream's words.
    public let deprecation: String?

    public init(_ definition: KindDefinition, listKind: String? = nil, type: TypeDefinition) {
        group = definition.group
        version = definition.version
        kind = definition.kind
        self.listKind = listKind ?? "\(definition.kind)List"
        plural = definition.plural
        singular = definition.singular
        shortNames = definition.shortNames
        categories = definition.categories
        isNamespaced = definition.isNamespaced
        verbs = definition.verbs
        subresources = definition.subresources
        columns = definition.columns
        self.type = type
        deprecation = Self.deprecations[definition.kind].flatMap { definition.group.isEmpty ? $0 : nil }
    }

    /// Of the core group, by kind.
    private static let deprecations = [
        "ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
        "Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ]

    /// `v1`, `apps/v1`: what an object's `apiVersion` says.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    public func subresource(_ name: String) -> KindDefinition.Subresource? { subresources.first { $0.name == name } }

    /// Whether a deletion that is done is answered with the object as it was, not with a `Status`.
    public var isShownWhenDeleted: Bool { Self.shownWhenDeleted[group]?.contains(plural) ?? false }

    private static let shownWhenDeleted: [String: Set<String>] = [
        "": ["persistentvolumeclaims", "persistentvolumes", "pods", "podtemplates", "resourcequotas", "serviceaccounts", "services"],
        "resource.k8s.io": ["deviceclasses", "resourceclaims", "resourceclaimtemplates", "resourceslices"],
        "storage.k8s.io": ["csidrivers", "csinodes", "storageclasses", "volumeattachments", "volumeattributesclasses"],
    ]

    /// Whether its objects are kept, as those of `pods` are and those of `tokenreviews` aren't.
    public var isStored: Bool { verbs.contains("list") && verbs.contains("create") }
}
