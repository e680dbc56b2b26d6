import ObjectModel

/// What a list or watch asks for: a namespace, labels, fields.
struct Selection: Sendable {
    /// Empty for all namespaces.
    var namespace: String
    var labels: LabelSelector?
    var fields: FieldSelector?

    var isEverything: Bool { labels == nil && fields == nil }

    func matches(_ object: StoredObject) -> Bool {
        if !namespace.isEmpty, object.namespace != namespace[...] { return false }
        if isEverything { return true }
        let index = object.index
        if let labels, !labels.matches(index.labels) { return false }
        if let fields, !fields.matches({ index.fields[$0] }) { return false }
        return true
    }
}
