import ClusterClient
import EmbeddedDefinitions
import ObjectModel

/// The objects that a fresh API server holds: namespaces, priority classes, priority levels, flow schemas, default roles and bindings.
public enum BootstrapObjects {
    /// All of them, in an order in which they can be created: what others need comes first.
    ///
    /// The rules of aggregated roles (`admin`, `edit`, `view`) are filled in, so that they count before a controller has run.
    public static func objects() -> [(resource: Resource, object: Value)] {
        var objects = embedded().compactMap { object in resources[object.kind].map { (resource: $0, object: object) } }
        // Twice: `admin` aggregates `edit`, whose rules are aggregated themselves.
        for _ in 0..<2 {
            let clusterRoles = objects.map(\.object).filter { $0.kind == "ClusterRole" }
            for index in objects.indices {
                if let rules = RoleAggregation.rules(for: objects[index].object, among: clusterRoles) {
                    objects[index].object["rules"] = rules
                }
            }
        }
        return objects
    }

    /// One object in JSON per line, as the program was built with.
    private static func embedded() -> [Value] {
        let file = embedded_bootstrap_objects()
        return UnsafeRawBufferPointer(start: file.bytes, count: file.length).split(separator: UInt8(ascii: "\n")).map { line in
            do {
                return try Value(json: UnsafeRawBufferPointer(rebasing: line))
            } catch {
                preconditionFailure("the embedded bootstrap objects are damaged: \(error)")
            }
        }
    }

    private static let resources: [String: Resource] = [
        "Namespace": .namespaces, "PriorityClass": .priorityClasses,
        "PriorityLevelConfiguration": .priorityLevelConfigurations, "FlowSchema": .flowSchemas,
        "ClusterRole": rbac("clusterroles", "ClusterRole", isNamespaced: false),
        "ClusterRoleBinding": rbac("clusterrolebindings", "ClusterRoleBinding", isNamespaced: false),
        "Role": rbac("roles", "Role", isNamespaced: true), "RoleBinding": rbac("rolebindings", "RoleBinding", isNamespaced: true),
    ]

    private static func rbac(_ plural: String, _ kind: String, isNamespaced: Bool) -> Resource {
        Resource(group: "rbac.authorization.k8s.io", version: "v1", plural: plural, kind: kind, isNamespaced: isNamespaced)
    }
}
