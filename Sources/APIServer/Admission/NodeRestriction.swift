import ClusterClient
import ObjectModel

/// What a node writes must be its own: its Node, its lease, its mirror pods, the status of its pods, tokens for its pods.
/// The node authorizer has let the request pass by its address; here the object counts.
public struct NodeRestriction: AdmissionPlugin {
    public let name = "NodeRestriction"

    public init() {}

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard let node = NodeAuthorizer.nodeName(request.user) else { return }
        switch (request.resource.group, request.resource.plural, request.subresource) {
        case ("", "pods", ""): try checkPod(request, node)
        case ("", "pods", "status"): try checkPodStatus(request, node)
        case ("", "pods", "eviction"): try checkEviction(request, node, stored)
        case ("", "nodes", ""), ("", "nodes", "status"): try checkNode(request, node)
        case ("", "serviceaccounts", "token"): try checkToken(request, node, stored)
        case ("coordination.k8s.io", "leases", ""): try checkLease(request, node)
        case ("storage.k8s.io", "csinodes", ""):
            if name(of: request) != node { throw request.forbidden("can only access CSINode with the same name as the requesting node") }
        case ("resource.k8s.io", "resourceslices", ""):
            let slice = request.operation == .delete ? request.oldObject : request.object
            if slice.spec["nodeName"].string != node {
                throw request.forbidden("can only create, update or delete ResourceSlices of the node itself")
            }
        default: return
        }
    }

    /// Upstream checks before it changes anything; nothing of ours changes what is checked here.
    private func name(of request: AdmissionRequest) -> String { request.name.isEmpty ? request.object.name : request.name }

    // MARK: Pods

    private func checkPod(_ request: AdmissionRequest, _ node: String) throws(APIError) {
        switch request.operation {
        case .create: try checkMirror(request, node)
        case .delete:
            if request.oldObject.spec["nodeName"].string != node {
                throw request.forbidden("node \(quoted(node)) can only delete pods with spec.nodeName set to itself")
            }
        case .update, .connect:
            throw request.forbidden(
                "unexpected operation \(quoted(request.operation.rawValue)), node \(quoted(node)) can only create and delete mirror pods")
        }
    }

    private func checkMirror(_ request: AdmissionRequest, _ node: String) throws(APIError) {
        let pod = request.object
        let shown = "node \(quoted(node))"
        if pod.metadata["annotations"][ServiceAccountAdmission.mirrorAnnotation].isNull {
            throw request.forbidden(
                "pod does not have \(quoted(ServiceAccountAdmission.mirrorAnnotation)) annotation, \(shown) can only create mirror pods")
        }
        if pod.spec["nodeName"].string != node { throw request.forbidden("\(shown) can only create pods with spec.nodeName set to itself") }
        if pod.ownerReferences.count > 1 { throw request.forbidden("\(shown) can only create pods with a single owner reference set to itself") }
        if let owner = pod.ownerReferences.first {
            guard owner["apiVersion"].string == "v1", owner["kind"].string == "Node", owner["name"].string == node else {
                throw request.forbidden("\(shown) can only create pods with an owner reference set to itself")
            }
            guard owner["controller"].bool == true else {
                throw request.forbidden("\(shown) can only create pods with a controller owner reference set to itself")
            }
        }
        let references = PodReferences(pod)
        if references.serviceAccount?.isEmpty == false { throw request.forbidden("\(shown) can not create pods that reference a service account") }
        for (what, names) in [
            ("secrets", references.secrets), ("configmaps", references.configMaps), ("persistentvolumeclaims", references.persistentVolumeClaims),
            ("resourceclaims", references.resourceClaims),
        ] where !names.isEmpty {
            throw request.forbidden("\(shown) can not create pods that reference \(what)")
        }
    }

    private func checkPodStatus(_ request: AdmissionRequest, _ node: String) throws(APIError) {
        guard request.operation == .update else { return }
        if request.oldObject.spec["nodeName"].string != node {
            throw request.forbidden("node \(quoted(node)) can only update pod status for pods with spec.nodeName set to itself")
        }
        if request.object.metadata["labels"] != request.oldObject.metadata["labels"] {
            throw request.forbidden("node \(quoted(node)) cannot update labels through pod status")
        }
    }

    private func checkEviction(_ request: AdmissionRequest, _ node: String, _ stored: any ObjectReader) throws(APIError) {
        guard let pod = stored.object(.pods, namespace: request.namespace, name: name(of: request)) else {
            throw .notFound(resource: "pods", group: "", name: name(of: request))
        }
        if pod.spec["nodeName"].string != node {
            throw request.forbidden("node \(node) can only evict pods with spec.nodeName set to itself")
        }
    }

    // MARK: Nodes

    private func checkNode(_ request: AdmissionRequest, _ node: String) throws(APIError) {
        let name = name(of: request)
        guard name == node else { throw request.forbidden("node \(quoted(node)) is not allowed to modify node \(quoted(name))") }
        let labels = request.object.labels
        switch request.operation {
        case .create:
            let forbidden = labels.keys.filter(Self.isReserved).sorted()
            if !forbidden.isEmpty {
                throw request.forbidden("node \(quoted(node)) is not allowed to set the following labels: \(forbidden.joined(separator: ", "))")
            }
        case .update:
            if !Self.sameTaints(request.object.spec["taints"].array, request.oldObject.spec["taints"].array) {
                throw request.forbidden("node \(quoted(node)) is not allowed to modify taints")
            }
            let old = request.oldObject.labels
            let changed = Set(labels.keys).union(old.keys).filter { labels[$0] != old[$0] && Self.isReserved($0) }.sorted()
            if !changed.isEmpty {
                throw request.forbidden("is not allowed to modify labels: \(changed.joined(separator: ", "))")
            }
            if request.object.metadata["ownerReferences"] != request.oldObject.metadata["ownerReferences"] {
                throw request.forbidden("node \(quoted(node)) is not allowed to modify ownerReferences")
            }
        case .delete, .connect: return
        }
    }

    private static func sameTaints(_ left: [Value], _ right: [Value]) -> Bool { left.count == right.count && Set(left) == Set(right) }

    /// Labels of `kubernetes.io` and `k8s.io` that a node may not give itself, because workloads are steered by them.
    static func isReserved(_ label: String) -> Bool {
        if kubeletLabels.contains(label) { return false }
        guard let slash = label.firstIndex(of: "/") else { return false }
        let domain = label[..<slash]
        func isWithin(_ parent: String) -> Bool { domain == parent || domain.hasSuffix(".\(parent)") }
        if isWithin("node-restriction.kubernetes.io") { return true }
        if isWithin("kubelet.kubernetes.io") || isWithin("node.kubernetes.io") { return false }
        return isWithin("kubernetes.io") || isWithin("k8s.io")
    }

    private static let kubeletLabels: Set<String> = [
        "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/arch", "beta.kubernetes.io/os",
        "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type", "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
    ]

    // MARK: Tokens and leases

    private func checkToken(_ request: AdmissionRequest, _ node: String, _ stored: any ObjectReader) throws(APIError) {
        guard request.operation == .create else { return }
        let reference = request.object.spec["boundObjectRef"]
        guard reference["kind"].string == "Pod", reference["apiVersion"].string == "v1", let name = reference["name"].string, !name.isEmpty else {
            throw request.forbidden("node requested token not bound to a pod")
        }
        guard let uid = reference["uid"].string, !uid.isEmpty else {
            throw request.forbidden("node requested token with a pod binding without a uid")
        }
        guard let pod = stored.object(.pods, namespace: request.namespace, name: name) else {
            throw .notFound(resource: "pods", group: "", name: name)
        }
        if pod.uid != uid {
            throw request.forbidden(
                "the UID in the bound object reference (\(uid)) does not match the UID in record. The object might have been deleted and then recreated"
            )
        }
        if pod.spec["nodeName"].string != node { throw request.forbidden("node requested token bound to a pod scheduled on a different node") }
    }

    private func checkLease(_ request: AdmissionRequest, _ node: String) throws(APIError) {
        if request.namespace != "kube-node-lease" {
            throw request.forbidden("can only access leases in the \"kube-node-lease\" system namespace")
        }
        if name(of: request) != node { throw request.forbidden("can only access node lease with the same name as the requesting node") }
    }
}
