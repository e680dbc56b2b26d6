/// What names a collection in the API: group, version and plural.
public struct Resource: Hashable, Sendable {
    /// Empty for the core group.
    public var group: String
    public var version: String
    public var plural: String
    public var kind: String
    public var isNamespaced: Bool

    public init(group: String, version: String, plural: String, kind: String, isNamespaced: Bool) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
    }

    /// `v1`, `apps/v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of the collection, of one object, or of its subresource. An empty namespace means all namespaces.
    public func path(namespace: String = "", name: String = "", subresource: String = "") -> String {
        var path = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        if isNamespaced, !namespace.isEmpty { path += "/namespaces/\(namespace)" }
        path += "/\(plural)"
        if !name.isEmpty { path += "/\(name)" }
        if !subresource.isEmpty { path += "/\(subresource)" }
        return path
    }
}

/// The resources that Apus's own components use.
extension Resource {
    public static let pods = core("pods", "Pod")
    public static let services = core("services", "Service")
    public static let endpoints = core("endpoints", "Endpoints")
    public static let configMaps = core("configmaps", "ConfigMap")
    public static let secrets = core("secrets", "Secret")
    public static let serviceAccounts = core("serviceaccounts", "ServiceAccount")
    public static let events = core("events", "Event")
    public static let replicationControllers = core("replicationcontrollers", "ReplicationController")
    public static let persistentVolumeClaims = core("persistentvolumeclaims", "PersistentVolumeClaim")
    public static let persistentVolumes = core("persistentvolumes", "PersistentVolume", isNamespaced: false)
    public static let resourceQuotas = core("resourcequotas", "ResourceQuota")
    public static let limitRanges = core("limitranges", "LimitRange")
    public static let podTemplates = core("podtemplates", "PodTemplate")
    public static let nodes = core("nodes", "Node", isNamespaced: false)
    public static let namespaces = core("namespaces", "Namespace", isNamespaced: false)

    public static let deployments = Resource(group: "apps", version: "v1", plural: "deployments", kind: "Deployment", isNamespaced: true)
    public static let replicaSets = Resource(group: "apps", version: "v1", plural: "replicasets", kind: "ReplicaSet", isNamespaced: true)
    public static let statefulSets = Resource(group: "apps", version: "v1", plural: "statefulsets", kind: "StatefulSet", isNamespaced: true)
    public static let daemonSets = Resource(group: "apps", version: "v1", plural: "daemonsets", kind: "DaemonSet", isNamespaced: true)
    public static let controllerRevisions = Resource(
        group: "apps", version: "v1", plural: "controllerrevisions", kind: "ControllerRevision", isNamespaced: true)
    public static let jobs = Resource(group: "batch", version: "v1", plural: "jobs", kind: "Job", isNamespaced: true)
    public static let cronJobs = Resource(group: "batch", version: "v1", plural: "cronjobs", kind: "CronJob", isNamespaced: true)
    public static let endpointSlices = Resource(
        group: "discovery.k8s.io", version: "v1", plural: "endpointslices", kind: "EndpointSlice", isNamespaced: true)
    public static let leases = Resource(group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true)
    public static let priorityClasses = Resource(
        group: "scheduling.k8s.io", version: "v1", plural: "priorityclasses", kind: "PriorityClass", isNamespaced: false)
    public static let podDisruptionBudgets = Resource(
        group: "policy", version: "v1", plural: "poddisruptionbudgets", kind: "PodDisruptionBudget", isNamespaced: true)
    public static let flowSchemas = Resource(
        group: "flowcontrol.apiserver.k8s.io", version: "v1", plural: "flowschemas", kind: "FlowSchema", isNamespaced: false)
    public static let priorityLevelConfigurations = Resource(
        group: "flowcontrol.apiserver.k8s.io", version: "v1", plural: "prioritylevelconfigurations", kind: "PriorityLevelConfiguration",
        isNamespaced: false)
    public static let clusterRoles = Resource(
        group: "rbac.authorization.k8s.io", version: "v1", plural: "clusterroles", kind: "ClusterRole", isNamespaced: false)
    public static let certificateSigningRequests = Resource(
        group: "certificates.k8s.io", version: "v1", plural: "certificatesigningrequests", kind: "CertificateSigningRequest", isNamespaced: false)
    public static let subjectAccessReviews = Resource(
        group: "authorization.k8s.io", version: "v1", plural: "subjectaccessreviews", kind: "SubjectAccessReview", isNamespaced: false)

    private static func core(_ plural: String, _ kind: String, isNamespaced: Bool = true) -> Resource {
        Resource(group: "", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }
}
