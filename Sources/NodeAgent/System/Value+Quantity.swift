import ClusterClient
import ObjectModel

extension Value {
    /// The amount that a field holds, or nil where it holds none. (The server let no malformed one in.)
    var quantity: Quantity? { isNull ? nil : try? Quantity(self) }
}

extension Resource {
    static let runtimeClasses = Resource(
        group: "node.k8s.io", version: "v1", plural: "runtimeclasses", kind: "RuntimeClass", isNamespaced: false)
}
