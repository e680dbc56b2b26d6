import ObjectModel

/// What may change in a pod once it is there: very little.
enum PodUpdateValidation {
    private static let updatable = [
        "`spec.containers[*].image`", "`spec.initContainers[*].image`", "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    ].joined(separator: ",")

    static func check(_ pod: Field, _ oldPod: Field) {
        let (spec, old) = (pod["spec"], oldPod["spec"])
        if spec.value == old.value { return }
        for list in ["containers", "initContainers"] {
            guard spec.value[list].array.count == old.value[list].array.count else {
                spec[list].forbid("pod updates may not add or remove containers")
                return
            }
            for container in spec.elements(list) { ContainerValidation.noSpaceAround(container["image"]) }
        }
        guard deadline(spec, old) else { return }
        onlyAddedTolerations(spec, old)
        let isGated = !old.value["schedulingGates"].isEmpty
        onlyDeletedGates(spec, old)
        let allowed = withAllowedChanges(spec.value, old.value, isGated: isGated)
        if allowed != old.value {
            let changed = Set(allowed.fields.keys + old.value.fields.keys).filter { allowed[$0] != old.value[$0] }.sorted()
            let difference = changed.map { "- \($0): \(old.value[$0])\n+ \($0): \(allowed[$0])" }.joined(separator: "\n")
            spec.forbid("pod updates may not change fields other than \(updatable)\n\(difference)\n")
        }
    }

    /// A deadline may come or get shorter.
    private static func deadline(_ spec: Field, _ old: Field) -> Bool {
        let (now, before) = (spec["activeDeadlineSeconds"], old.value["activeDeadlineSeconds"].integer)
        if let deadline = now.value.integer {
            if !(0...Words.int32Max).contains(deadline) {
                now.inRange(0...Words.int32Max)
                return false
            }
            if let before, before < deadline {
                now.refuse("must be less than or equal to previous value")
                return false
            }
        } else if before != nil {
            now.refuse("must not update from a positive integer to nil value")
        }
        return true
    }

    private static func onlyAddedTolerations(_ spec: Field, _ old: Field) {
        func without(_ toleration: Value) -> Value {
            var toleration = toleration
            toleration["tolerationSeconds"] = nil
            return toleration
        }
        let now = spec.value["tolerations"].array.map(without)
        for toleration in old.value["tolerations"].array where !now.contains(without(toleration)) {
            spec["tolerations"].forbid("existing toleration can not be modified except its tolerationSeconds")
            return
        }
    }

    private static func onlyDeletedGates(_ spec: Field, _ old: Field) {
        let before = old.value["schedulingGates"].array.map { $0["name"] }
        for gate in spec.elements("schedulingGates") where !before.contains(gate.value["name"]) {
            gate["name"].forbid("only deletion is allowed, but found new scheduling gate '\(gate.text("name"))'")
        }
    }

    /// The new spec with everything put back that is allowed to differ.
    private static func withAllowedChanges(_ spec: Value, _ old: Value, isGated: Bool) -> Value {
        var spec = spec
        for list in ["containers", "initContainers"] {
            for index in old[list].array.indices { spec[list][index]["image"] = old[list][index]["image"] }
        }
        for field in ["activeDeadlineSeconds", "tolerations", "schedulingGates"] { spec[field] = old[field] }
        if let before = old["terminationGracePeriodSeconds"].integer, before < 0, spec["terminationGracePeriodSeconds"].integer == 1 {
            spec["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
        }
        guard isGated else { return spec }
        // Until a pod may be scheduled, where it may go can be narrowed.
        if old["nodeSelector"].fields.allSatisfy({ spec["nodeSelector"][$0.key] == $0.value }) { spec["nodeSelector"] = old["nodeSelector"] }
        if narrows(spec["affinity"]["nodeAffinity"], old["affinity"]["nodeAffinity"]) {
            if old["affinity"].isNull, spec["affinity"].fields.count <= 1 {
                spec["affinity"] = nil
            } else {
                spec["affinity"]["nodeAffinity"] = old["affinity"]["nodeAffinity"]
            }
        }
        return spec
    }

    /// Whether every node that the new affinity allows was allowed before: each term keeps its requirements, and may have more.
    private static func narrows(_ affinity: Value, _ old: Value) -> Bool {
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        guard old[required].isObject else { return true }
        let (now, before) = (affinity[required]["nodeSelectorTerms"].array, old[required]["nodeSelectorTerms"].array)
        guard now.count == before.count else { return false }
        return zip(now, before).allSatisfy { now, before in
            ["matchExpressions", "matchFields"].allSatisfy { list in before[list].array.allSatisfy(now[list].array.contains) }
        }
    }
}
