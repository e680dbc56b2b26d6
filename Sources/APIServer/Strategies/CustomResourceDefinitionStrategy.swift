import ObjectModel

/// Custom resource definitions: the server remembers each version that objects may have been stored in.
struct CustomResourceDefinitionStrategy: ResourceStrategy {
    var hasGeneration: Bool { true }
    var allowsUnconditionalUpdate: Bool { false }

    func initialStatus(of object: Value) -> Value {
        ["acceptedNames": ["kind": "", "plural": ""], "conditions": [], "storedVersions": Value(Self.storage(object))]
    }

    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {
        let stored = object["status"]["storedVersions"].strings
        let added = Self.storage(object).filter { !stored.contains($0) }
        if !added.isEmpty { object["status"]["storedVersions"] = Value(stored + added) }
    }

    private static func storage(_ object: Value) -> [String] {
        object["spec"]["versions"].array.filter { $0["storage"].bool == true }.prefix(1).compactMap { $0["name"].string }
    }
}
