import ObjectModel

/// Names, identities and claims of a StatefulSet's pods.
struct StatefulSetPods {
    let set: Value

    static let revisionLabel = "controller-revision-hash"
    static let nameLabel = "statefulset.kubernetes.io/pod-name"
    static let indexLabel = "apps.kubernetes.io/pod-index"

    var start: Int { self.set.spec["ordinals"]["start"].int ?? 0 }
    var replicas: Int { self.set.spec["replicas"].int ?? 1 }
    var ordinals: Range<Int> { start..<(start + replicas) }

    /// One after another, rather than all at once.
    var isOrdered: Bool { self.set.spec["podManagementPolicy"].string != "Parallel" }
    var isRolling: Bool { self.set.spec["updateStrategy"]["type"].string != "OnDelete" }
    var partition: Int { self.set.spec["updateStrategy"]["rollingUpdate"]["partition"].int ?? 0 }
    var minReadySeconds: Int { self.set.spec["minReadySeconds"].int ?? 0 }

    /// Pods that an update may take down at a time.
    var maxUnavailable: Int {
        let value = set.spec["updateStrategy"]["rollingUpdate"]["maxUnavailable"]
        return value.isNull ? 1 : max(1, DeploymentModel.scaled(value, of: replicas, roundsUp: true))
    }

    func name(_ ordinal: Int) -> String { "\(set.name)-\(ordinal)" }

    /// The ordinal of a pod of this set; nil where its name is another's.
    func ordinal(of pod: Value) -> Int? {
        guard pod.name.hasPrefix("\(set.name)-"), let ordinal = Int(pod.name.dropFirst(set.name.utf8.count + 1)), ordinal >= 0,
            name(ordinal) == pod.name
        else { return nil }
        return ordinal
    }

    /// The pod of an ordinal, of a template.
    func pod(_ ordinal: Int, template: Value, revision: String) -> Value {
        var pod = PodControl.pod(from: template, owner: set, as: .statefulSets)
        pod.metadata["generateName"] = .null
        pod.metadata["name"] = .string(name(ordinal))
        pod.metadata["labels"][Self.nameLabel] = .string(name(ordinal))
        pod.metadata["labels"][Self.indexLabel] = .string(String(ordinal))
        pod.metadata["labels"][Self.revisionLabel] = .string(revision)
        pod.spec["hostname"] = .string(name(ordinal))
        pod.spec["subdomain"] = set.spec["serviceName"]
        let claims = set.spec["volumeClaimTemplates"].array
        let names = Set(claims.map(\.name))
        var volumes = claims.map { claim -> Value in
            ["name": .string(claim.name), "persistentVolumeClaim": ["claimName": .string(claimName(claim, ordinal))]]
        }
        volumes += pod.spec["volumes"].array.filter { !names.contains($0["name"].string ?? "") }
        if !volumes.isEmpty { pod.spec["volumes"] = .array(volumes) }
        return pod
    }

    func claimName(_ template: Value, _ ordinal: Int) -> String { "\(template.name)-\(set.name)-\(ordinal)" }

    /// The claims of an ordinal, as they are made.
    func claims(_ ordinal: Int) -> [Value] {
        set.spec["volumeClaimTemplates"].array.map { template in
            var claim = template
            claim["apiVersion"] = "v1"
            claim["kind"] = "PersistentVolumeClaim"
            claim["status"] = .null
            claim.metadata["name"] = .string(claimName(template, ordinal))
            claim.metadata["namespace"] = .string(set.namespace)
            claim.metadata["creationTimestamp"] = .null
            let owners = owners(ofClaimWith: [], ordinal: ordinal, pod: nil)
            if !owners.isEmpty { claim.metadata["ownerReferences"] = .array(owners) }
            for (key, value) in set.spec["selector"]["matchLabels"].fields { claim.metadata["labels"][key] = value }
            return claim
        }
    }

    /// The owners that a claim should have, by `persistentVolumeClaimRetentionPolicy`: the set, where claims go with it; the pod, where it is one too
    /// many and claims go when the set is scaled down. References of others stay.
    func owners(ofClaimWith present: [Value], ordinal: Int, pod: Value?) -> [Value] {
        let policy = set.spec["persistentVolumeClaimRetentionPolicy"]
        let isCondemned = !ordinals.contains(ordinal)
        let goesWithPod = isCondemned && policy["whenScaled"].string == "Delete"
        var owners = present.filter { reference in
            reference["uid"].string != set.uid && !(reference["kind"].string == "Pod" && reference["name"].string == name(ordinal))
        }
        if goesWithPod {
            if let pod { owners.append(pod.controllerReference(as: .pods)) }
        } else if policy["whenDeleted"].string == "Delete" {
            owners.append(set.controllerReference(as: .statefulSets))
        }
        return owners
    }

    static func revision(_ pod: Value) -> String { pod.metadata["labels"][revisionLabel].string ?? "" }
}
