import ObjectModel
import Schema

/// Fields that a write can't own: those that the server keeps itself, and those that the path written to leaves as they are.
enum ResetFields {
    /// What the server sets, whoever writes. The paths alone: what lies below `metadata` can be owned.
    static let serverOwned = FieldSet(
        paths: [["f:apiVersion"], ["f:kind"], ["f:metadata"]]
            + ["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"]
            .map { ["f:metadata", "f:\($0)"] })

    private static let status = FieldSet(paths: [["f:status"]])
    private static let spec = FieldSet(paths: [["f:spec"]])
    private static let specAndMetadata = FieldSet(paths: [["f:spec"], ["f:metadata"]])
    private static let statusOfPods = FieldSet(
        paths: [["f:spec"], ["f:metadata", "f:deletionTimestamp"], ["f:metadata", "f:ownerReferences"]])
    private static let statusOfDeployments = FieldSet(paths: [["f:spec"], ["f:metadata", "f:labels"]])

    /// What a write to a path of the resource leaves as it is, with all below it.
    static func of(_ resource: ServedResource, subresource: String) -> FieldSet {
        switch subresource {
        case "status":
            switch resource.plural {
            case "pods": return statusOfPods
            case "deployments": return statusOfDeployments
            case "customresourcedefinitions", "flowschemas", "prioritylevelconfigurations", "resourceclaims", "servicecidrs",
                "volumeattachments":
                return specAndMetadata
            default: return spec
            }
        case "approval": return spec
        default: return resource.definition.subresource("status") != nil ? status : FieldSet()
        }
    }
}
