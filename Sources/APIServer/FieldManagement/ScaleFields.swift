import ObjectModel
import Schema

/// A scale's fields and its object's are the same ones: the number of replicas.
enum ScaleFields {
    private static let apiVersion = "autoscaling/v1"
    private static let replicas = FieldSet(paths: [["f:spec", "f:replicas"]])

    /// Who set the replicas, as the scale shows it.
    static func managedFields(of object: Value) -> ManagedFields {
        let owners = ManagedFields(stored: object.metadata["managedFields"]).entries.filter { !$0.fields.isDisjoint(with: replicas) }
        return ManagedFields(
            entries: owners.map { entry in
                var entry = entry
                entry.manager.apiVersion = apiVersion
                entry.fields = replicas
                return entry
            })
    }
}

extension ApplyPatch {
    /// What an applied `Scale` says of the object that it scales.
    func ofObject(_ resource: ServedResource) throws(APIError) -> ApplyPatch {
        guard configuration.apiVersion == "autoscaling/v1", configuration.kind == "Scale" else {
            throw .badRequest(
                "Incorrect version specified in apply patch. Specified patch version: \(configuration.apiVersion), expected: autoscaling/v1")
        }
        let replicas = configuration["spec"]["replicas"]
        guard replicas.isNull || replicas.integer != nil else {
            throw .badRequest("failed to create typed patch object: .spec.replicas: expected numeric (int or float), got \(replicas)")
        }
        if let number = replicas.integer, number < 0 {
            throw .invalid(
                kind: "Scale", group: "autoscaling", name: configuration.name,
                [.invalid("spec.replicas", replicas, "must be greater than or equal to 0")])
        }
        var metadata: Value = [:]
        for field in ["name", "namespace", "uid", "resourceVersion"] { metadata[field] = configuration.metadata[field] }
        var object: Value = ["apiVersion": .string(resource.apiVersion), "kind": .string(resource.definition.kind), "metadata": metadata]
        if !replicas.isNull { object["spec"]["replicas"] = replicas }
        return ApplyPatch(configuration: object, isForced: isForced)
    }
}
