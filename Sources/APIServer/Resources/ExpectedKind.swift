import KubernetesAPI
import ObjectModel

/// What kind of object an endpoint takes. Bodies of other kinds are refused in upstream's words, which are its decoder's.
struct ExpectedKind: Sendable {
    let group: String
    let version: String
    let kind: String

    private var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// Throws 400 unless an object is of the kind and of the endpoint's version.
    func check(_ object: Value) throws(APIError) {
        if object.kind == kind, object.apiVersion == apiVersion { return }
        guard isKnown(object) else { throw refusal(object, Self.notRegistered(object.kind, object.apiVersion)) }
        guard object.kind == kind else {
            let source = "\(Self.parts(object.apiVersion).version).\(object.kind)"
            throw refusal(object, "converting (\(source)) to (\(internalPackage).\(kind)): unknown conversion")
        }
        throw .badRequest("the API version in the data (\(object.apiVersion)) does not match the expected API version (\(apiVersion))")
    }

    static func notRegistered(_ kind: String, _ apiVersion: String) -> String {
        "no kind \"\(kind)\" is registered for version \"\(apiVersion)\" in scheme \"pkg/api/legacyscheme/scheme.go:30\""
    }

    private func refusal(_ object: Value, _ why: String) -> APIError {
        .badRequest("\(object.kind) in version \"\(Self.parts(object.apiVersion).version)\" cannot be handled as a \(kind): \(why)")
    }

    /// Whether upstream has a type for it: any that is served here, and the kind in versions that once were.
    private func isKnown(_ object: Value) -> Bool {
        let (group, version) = Self.parts(object.apiVersion)
        if object.kind == kind, Self.formerVersions[self.group]?.contains("\(group)/\(version)") == true { return true }
        return Catalog.builtIn.groupVersions.contains(.init(group: group, version: version))
            && Catalog.builtIn.type(group: group, version: version, kind: object.kind) != nil
    }

    /// Versions that upstream still reads, by the group that they came to be in.
    private static let formerVersions: [String: Set<String>] = [
        "apps": ["apps/v1beta1", "apps/v1beta2", "extensions/v1beta1"], "batch": ["batch/v1beta1"],
        "networking.k8s.io": ["networking.k8s.io/v1beta1", "extensions/v1beta1"], "policy": ["policy/v1beta1"],
        "autoscaling": ["autoscaling/v1", "autoscaling/v2", "autoscaling/v2beta1", "autoscaling/v2beta2"],
        "rbac.authorization.k8s.io": ["rbac.authorization.k8s.io/v1alpha1", "rbac.authorization.k8s.io/v1beta1"],
        "storage.k8s.io": ["storage.k8s.io/v1alpha1", "storage.k8s.io/v1beta1"], "": ["events.k8s.io/v1"], "events.k8s.io": ["/v1"],
        "scheduling.k8s.io": ["scheduling.k8s.io/v1alpha1", "scheduling.k8s.io/v1beta1"], "discovery.k8s.io": ["discovery.k8s.io/v1beta1"],
        "certificates.k8s.io": ["certificates.k8s.io/v1beta1"], "coordination.k8s.io": ["coordination.k8s.io/v1beta1"],
        "admissionregistration.k8s.io": ["admissionregistration.k8s.io/v1alpha1", "admissionregistration.k8s.io/v1beta1"],
    ]

    private static func parts(_ apiVersion: String) -> (group: String, version: String) {
        let parts = apiVersion.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return parts.count == 2 ? (parts[0], parts[1]) : ("", apiVersion)
    }

    /// The package of upstream's own form of the kind.
    private var internalPackage: String {
        switch group {
        case "", "events.k8s.io": "core"
        default: String(group.prefix { $0 != "." })
        }
    }
}
