import ObjectModel

/// `metadata.managedFields`: who set which fields of an object, and when.
public struct ManagedFields: Sendable, Equatable {
    /// Who wrote: one entry each. An applier is the same whatever version it applies in.
    public struct Manager: Sendable, Hashable {
        public var name: String
        public var operation: Operation
        public var apiVersion: String

        /// Empty for the object itself.
        public var subresource: String

        public init(name: String, operation: Operation, apiVersion: String, subresource: String = "") {
            self.name = name
            self.operation = operation
            self.apiVersion = apiVersion
            self.subresource = subresource
        }

        func isSame(as other: Manager) -> Bool {
            operation == other.operation && name == other.name && subresource == other.subresource
                && (operation == .apply || apiVersion == other.apiVersion)
        }

        /// As a conflict names it: `"kubectl" with subresource "scale" using apps/v1`.
        public var description: String {
            var text = "\"\(name)\""
            if !subresource.isEmpty { text += " with subresource \"\(subresource)\"" }
            return operation == .update ? "\(text) using \(apiVersion)" : text
        }
    }

    public enum Operation: String, Sendable {
        case apply = "Apply"
        case update = "Update"
    }

    public struct Entry: Sendable, Equatable {
        public var manager: Manager

        /// RFC 3339; when the manager last changed something.
        public var time: String?
        public var fields: FieldSet

        public init(manager: Manager, time: String?, fields: FieldSet) {
            self.manager = manager
            self.time = time
            self.fields = fields
        }
    }

    public var entries: [Entry]

    public init(entries: [Entry] = []) { self.entries = entries }

    public var isEmpty: Bool { entries.isEmpty }

    // MARK: Reading and writing

    /// Reads what this program stored.
    public init(stored: Value) { entries = stored.array.compactMap { try? Entry($0) { FieldSet(stored: $0) } } }

    /// Reads what a client sent; throws where it isn't well-formed.
    public init(json: Value) throws(FieldSetError) {
        var entries: [Entry] = []
        for value in json.array {
            let entry = try Entry(value) { fields throws(FieldSetError) in try FieldSet(json: fields) }
            entries.removeAll { $0.manager.isSame(as: entry.manager) }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// The entries as the object holds them: appliers first, then by time.
    public var json: Value {
        let sorted = entries.sorted { left, right in
            let (one, other) = (left.manager, right.manager)
            return (one.operation.rawValue, left.time ?? "", one.name, one.apiVersion, one.subresource)
                < (other.operation.rawValue, right.time ?? "", other.name, other.apiVersion, other.subresource)
        }
        return .array(sorted.map(\.json))
    }

    public func entry(of manager: Manager) -> Entry? { entries.first { $0.manager.isSame(as: manager) } }

    // MARK: Comparing

    /// Whether two states of `metadata.managedFields` say the same, times aside. Both are as `json` writes them: what means the same is written in the
    /// same way, so that nothing has to be read.
    public static func isSame(_ left: Value, exceptTimes right: Value) -> Bool {
        let (left, right) = (left.array, right.array)
        guard left.count == right.count else { return false }
        return left.indices.allSatisfy { index in
            isSame(left[index], exceptTime: right[index]) || right.contains { isSame(left[index], exceptTime: $0) }
        }
    }

    private static func isSame(_ left: Value, exceptTime right: Value) -> Bool { membersButTime.allSatisfy { left[$0] == right[$0] } }

    /// What tells most entries apart comes first.
    private static let membersButTime = ["manager", "operation", "subresource", "apiVersion", "fieldsType", "fieldsV1"]
}

extension ManagedFields.Entry {
    fileprivate init(_ value: Value, _ readFields: (Value) throws(FieldSetError) -> FieldSet) throws(FieldSetError) {
        guard let operation = ManagedFields.Operation(rawValue: value["operation"].string ?? ""), let version = value["apiVersion"].string,
            !version.isEmpty, value["fieldsType"].string == "FieldsV1"
        else { throw .notAnObject }
        self.init(
            manager: .init(
                name: value["manager"].string ?? "", operation: operation, apiVersion: version, subresource: value["subresource"].string ?? ""),
            time: value["time"].string, fields: value["fieldsV1"].isNull ? FieldSet() : try readFields(value["fieldsV1"]))
    }

    public var json: Value {
        var members: [(String, Value)] = [("apiVersion", .string(manager.apiVersion)), ("fieldsType", "FieldsV1"), ("fieldsV1", fields.json)]
        if !manager.name.isEmpty { members.append(("manager", .string(manager.name))) }
        members.append(("operation", .string(manager.operation.rawValue)))
        if !manager.subresource.isEmpty { members.append(("subresource", .string(manager.subresource))) }
        if let time { members.append(("time", .string(time))) }
        return .object(Fields(members))
    }
}
