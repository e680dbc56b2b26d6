import ObjectModel

/// Namespaces: they end in two steps, with the finalizer `kubernetes` in between.
struct NamespaceStrategy: ResourceStrategy {
    func initialStatus(of object: Value) -> Value { ["phase": "Active"] }

    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        let finalizers = object["spec"]["finalizers"].strings
        if !finalizers.contains("kubernetes") { object["spec"]["finalizers"] = Value(finalizers + ["kubernetes"]) }
        object.metadata["labels"]["kubernetes.io/metadata.name"] = .string(object.name)
    }

    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {
        if context.request.subresource != "finalize" { object["spec"]["finalizers"] = old["spec"]["finalizers"] }
        object["status"] = old["status"]
        object.metadata["labels"]["kubernetes.io/metadata.name"] = .string(object.name)
    }

    var selectableFieldNames: Set<String> { ["status.phase", "name"] }

    var selectableFields: SelectableFields { { ["status.phase": $0["status"]["phase"].string ?? "", "name": $0.name] } }
}
