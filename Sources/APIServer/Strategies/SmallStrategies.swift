import ObjectModel

/// Nodes: the agent registers its node with the status it has.
struct NodeStrategy: ResourceStrategy {
    func initialStatus(of object: Value) -> Value { object["status"] }

    var selectableFieldNames: Set<String> { ["spec.unschedulable"] }

    var selectableFields: SelectableFields { { ["spec.unschedulable": $0["spec"]["unschedulable"].bool == true ? "true" : "false"] } }
}

/// Secrets: `stringData` is a way to write `data`, never stored.
struct SecretStrategy: ResourceStrategy {
    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) { encode(&object) }

    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) { encode(&object) }

    private func encode(_ object: inout Value) {
        for (key, value) in object["stringData"].fields {
            object["data"][key] = .string(Base64.encode((value.string ?? "").utf8))
        }
        object["stringData"] = .null
    }

    var selectableFieldNames: Set<String> { ["type"] }

    var selectableFields: SelectableFields { { ["type": $0["type"].string ?? ""] } }
}

/// Events: selected by what they are about.
struct EventStrategy: ResourceStrategy {
    var allowsCreateOnUpdate: Bool { true }

    private static let involved = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"]

    var selectableFieldNames: Set<String> {
        Set(Self.involved.map { "involvedObject.\($0)" } + ["reason", "reportingComponent", "source", "type"])
    }

    var selectableFields: SelectableFields {
        { event in
            var fields: [String: String] = [:]
            for name in Self.involved { fields["involvedObject.\(name)"] = event["involvedObject"][name].string ?? "" }
            fields["reason"] = event["reason"].string ?? ""
            fields["type"] = event["type"].string ?? ""
            let component = event["reportingComponent"].string ?? ""
            fields["reportingComponent"] = component
            fields["source"] = event["source"]["component"].string ?? component
            return fields
        }
    }
}

/// Persistent volumes: they begin in a phase.
struct InitialPhaseStrategy: ResourceStrategy {
    let phase: String

    func initialStatus(of object: Value) -> Value { ["phase": .string(phase)] }
}

/// Claims: what a volume is to be filled from stands in two fields, of which the old one takes claims and snapshots only.
struct PersistentVolumeClaimStrategy: ResourceStrategy {
    func initialStatus(of object: Value) -> Value { ["phase": "Pending"] }

    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        dropOtherSources(&object)
        unite(&object)
    }

    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {
        // What was there before this rule stays.
        if old["spec"]["dataSource"].isEmpty, old["spec"]["dataSourceRef"].isEmpty { dropOtherSources(&object) }
        unite(&object)
    }

    private func dropOtherSources(_ claim: inout Value) {
        let source = claim["spec"]["dataSource"]
        guard !source.isEmpty else { return }
        switch (source["kind"].string ?? "", source["apiGroup"].string ?? "") {
        case ("PersistentVolumeClaim", ""), ("VolumeSnapshot", "snapshot.storage.k8s.io"): return
        default: claim["spec"]["dataSource"] = .null
        }
    }

    /// Each field says what the other one does, but for sources in other namespaces.
    private func unite(_ claim: inout Value) {
        let (source, reference) = (claim["spec"]["dataSource"], claim["spec"]["dataSourceRef"])
        if reference.isEmpty, !source.isEmpty {
            claim["spec"]["dataSourceRef"] = source
        } else if source.isEmpty, !reference.isEmpty, reference["namespace"].isEmpty {
            claim["spec"]["dataSource"] = reference
        }
    }
}

/// Limit ranges: whoever has no name for one gets one.
struct LimitRangeStrategy: ResourceStrategy {
    var allowsCreateOnUpdate: Bool { true }

    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        if object.name.isEmpty { object.metadata["name"] = .string(object.uid) }
    }
}

/// ReplicaSets and ReplicationControllers.
struct ReplicaSetStrategy: ResourceStrategy {
    var hasGeneration: Bool { true }

    func initialStatus(of object: Value) -> Value { ["replicas": 0] }

    var selectableFieldNames: Set<String> { ["status.replicas"] }

    var selectableFields: SelectableFields { { ["status.replicas": String($0["status"]["replicas"].int ?? 0)] } }
}

/// Daemon sets: an annotation counts their templates, as a field did before there were revisions.
struct DaemonSetStrategy: ResourceStrategy {
    private static let annotation = "deprecated.daemonset.template.generation"

    var hasGeneration: Bool { true }

    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        if Self.count(object) < 1 { object.metadata["annotations"][Self.annotation] = "1" }
    }

    func prepareForUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {
        let isChanged = object["spec"]["template"] != old["spec"]["template"]
        object.metadata["annotations"][Self.annotation] = .string(String(Self.count(old) + (isChanged ? 1 : 0)))
    }

    private static func count(_ set: Value) -> Int64 { set.metadata["annotations"][annotation].string.flatMap { Int64($0) } ?? 0 }
}

/// Jobs: unless told otherwise, a job selects its pods by its own uid.
struct JobStrategy: ResourceStrategy {
    var hasGeneration: Bool { true }

    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        let template = object["spec"]["template"]["metadata"]["labels"]
        if object["spec"]["manualSelector"].bool != true { generateSelector(&object, template) }
        // A job without labels has its template's, also those that it was just given.
        if object.metadata["labels"].isEmpty { object.metadata["labels"] = object["spec"]["template"]["metadata"]["labels"] }
    }

    private func generateSelector(_ object: inout Value, _ template: Value) {
        let (name, uid) = (object.name, object.uid)
        let own: [String: String] = [
            "controller-uid": uid, "batch.kubernetes.io/controller-uid": uid, "job-name": name, "batch.kubernetes.io/job-name": name,
        ]
        // What is there already is refused by validation, unless it is the same.
        for (label, value) in own where template[label].isNull { object["spec"]["template"]["metadata"]["labels"][label] = .string(value) }
        let selector = "batch.kubernetes.io/controller-uid"
        if object["spec"]["selector"]["matchLabels"][selector].isNull { object["spec"]["selector"]["matchLabels"][selector] = .string(uid) }
    }

    var selectableFieldNames: Set<String> { ["status.successful"] }

    var selectableFields: SelectableFields { { ["status.successful": String($0["status"]["succeeded"].int ?? 0)] } }
}
