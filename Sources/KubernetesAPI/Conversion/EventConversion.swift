import ObjectModel

/// `events.k8s.io/v1` and the core group's `v1` are two spellings of one event.
enum EventConversion {
    /// Core's name, and the other.
    private static let names: KeyValuePairs = [
        "count": "deprecatedCount", "firstTimestamp": "deprecatedFirstTimestamp", "lastTimestamp": "deprecatedLastTimestamp",
        "involvedObject": "regarding", "message": "note", "reportingComponent": "reportingController", "source": "deprecatedSource",
    ]

    /// What core writes also where it is empty.
    private static let alwaysInCore = ["reportingComponent", "reportingInstance"]

    @Sendable static func fromCore(_ event: Value) -> Value {
        var fields = event.fields
        for name in alwaysInCore where fields[name]?.isEmpty == true { fields[name] = nil }
        for (core, other) in names { rename(core, other, &fields) }
        fields["apiVersion"] = "events.k8s.io/v1"
        return .object(fields)
    }

    @Sendable static func toCore(_ event: Value) -> Value {
        var fields = event.fields
        for (core, other) in names { rename(other, core, &fields) }
        for name in alwaysInCore where fields[name] == nil { fields[name] = "" }
        fields["apiVersion"] = "v1"
        return .object(fields)
    }

    /// Keeps a null.
    private static func rename(_ old: String, _ new: String, _ fields: inout Fields) {
        guard let value = fields[old] else { return }
        fields[old] = nil
        fields[new] = value
    }

    static let selectableFields: [String: String] = {
        var fields = ["reason": "reason", "type": "type", "reportingController": "reportingComponent"]
        for name in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] {
            fields["regarding.\(name)"] = "involvedObject.\(name)"
        }
        return fields
    }()
}
