import ObjectModel

/// Objects as `meta.k8s.io` `Table`: what `kubectl get` shows.
public enum TableForm {
    /// - Parameters:
    ///   - objects: as they are stored.
    ///   - version: `v1` or `v1beta1`.
    ///   - metadata: of the list, or the object's resource version.
    ///   - includeObject: `None`, `Metadata` or `Object`: what each row carries of its object.
    ///   - now: what ages are counted from.
    ///   - served: makes of a stored object the one that is served.
    public static func table(
        _ objects: [Value], version: String, definition: ResourceDefinition, metadata: Value, includeObject: String, now: Timestamp,
        served: (Value) -> Value = { $0 }
    ) -> Value {
        let columns = definition.columns.isEmpty ? plainColumns : definition.columns.map { Self.column($0.name, $0.type, $0.format, $0.priority) }
        let rows = objects.map { row(cells($0, definition, now), of: $0, version, includeObject, served) }
        return table(columns, rows, version, metadata)
    }

    /// One `Scale` as a table.
    public static func scaleTable(_ scale: Value, version: String, includeObject: String, now: Timestamp) -> Value {
        let columns = [
            column("Name", "string", "", 0), column("Desired", "integer", "", 0), column("Available", "integer", "", 0),
            column("Age", "string", "", 0),
        ]
        let texts = TableRow(object: scale, now: now)
        let cells = [texts.name, texts.count(scale["spec"]["replicas"]), texts.count(scale["status"]["replicas"]), texts.age]
        return table(
            columns, [row(cells, of: scale, version, includeObject) { $0 }], version, ["resourceVersion": .string(scale.resourceVersion)])
    }

    private static func row(
        _ cells: [Value], of object: Value, _ version: String, _ includeObject: String, _ served: (Value) -> Value
    ) -> Value {
        var row: Value = ["cells": .array(cells)]
        switch includeObject {
        case "None": break
        case "Object": row["object"] = served(object)
        default:
            row["object"] = ["kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": object["metadata"]]
        }
        return row
    }

    private static func table(_ columns: [Value], _ rows: [Value], _ version: String, _ metadata: Value) -> Value {
        [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata, "columnDefinitions": .array(columns),
            "rows": .array(rows),
        ]
    }

    private static let plainColumns: [Value] = [column("Name", "string", "name", 0), column("Created At", "date", "", 0)]

    private static func column(_ name: String, _ type: String, _ format: String, _ priority: Int) -> Value {
        ["name": .string(name), "type": .string(type), "format": .string(format), "description": .string(name), "priority": Value(priority)]
    }

    private static func cells(_ object: Value, _ definition: ResourceDefinition, _ now: Timestamp) -> [Value] {
        let row = TableRow(object: object, now: now)
        let cells = row.cells(group: definition.group, plural: definition.plural)
        guard let cells, cells.count == max(definition.columns.count, 2) else { return row.plain(definition.columns.map(\.name)) }
        return cells
    }
}

/// One object's cells.
struct TableRow {
    let object: Value
    let now: Timestamp

    var spec: Value { object["spec"] }
    var status: Value { object["status"] }
    var name: Value { .string(object.name) }

    /// The age of the object, or `<unknown>`.
    var age: Value { .string(since(object.metadata["creationTimestamp"])) }

    var created: Value { object.metadata["creationTimestamp"] }

    func since(_ time: Value) -> String {
        guard let time = Timestamp(rfc3339: time.string ?? "") else { return "<unknown>" }
        return HumanDuration.text(now - time)
    }

    /// Name and age, for kinds that show nothing else.
    func plain(_ columns: [String]) -> [Value] {
        (columns.isEmpty ? ["Name", "Created At"] : columns).map { column in
            switch column {
            case "Name": name
            case "Age": age
            case "Created At": created
            default: "<none>"
            }
        }
    }

    // MARK: Texts that many kinds share

    func count(_ value: Value) -> Value { Value(value.int ?? 0) }

    func text(_ value: Value, or absent: String = "<none>") -> Value { .string(value.string.flatMap { $0.isEmpty ? nil : $0 } ?? absent) }

    func joined(_ texts: [String], or absent: String = "<none>") -> Value { .string(texts.isEmpty ? absent : texts.joined(separator: ",")) }

    func containers(_ podSpec: Value) -> Value { joined(podSpec["containers"].array.map { $0["name"].string ?? "" }) }

    func images(_ podSpec: Value) -> Value { joined(podSpec["containers"].array.map { $0["image"].string ?? "" }) }

    func selector(_ selector: Value) -> Value { .string((try? LabelSelector(selector))?.description ?? "<invalid>", or: "<none>") }

    func map(_ map: Value) -> Value { joined(map.fields.map { "\($0.key)=\($0.value.string ?? "")" }) }

    /// `ReadWriteOnce` is `RWO`.
    func accessModes(_ modes: Value) -> Value {
        let short = ["ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"]
        return .string(modes.strings.compactMap { short[$0] }.joined(separator: ","))
    }
}

extension Value {
    /// A text, or another one where it is empty.
    static func string(_ text: String, or other: String) -> Value { .string(text.isEmpty ? other : text) }
}
