/// What every object says of itself, read in place.
extension Value {
    public var apiVersion: String { self["apiVersion"].string ?? "" }
    public var kind: String { self["kind"].string ?? "" }

    public var metadata: Value {
        get { self["metadata"] }
        _modify { yield &self["metadata"] }
    }

    public var name: String { metadata["name"].string ?? "" }

    /// Empty for cluster-scoped objects.
    public var namespace: String { metadata["namespace"].string ?? "" }
    public var uid: String { metadata["uid"].string ?? "" }
    public var resourceVersion: String { metadata["resourceVersion"].string ?? "" }
    public var generation: Int { metadata["generation"].int ?? 0 }
    public var labels: [String: String] { metadata["labels"].stringMap }
    public var annotations: [String: String] { metadata["annotations"].stringMap }
    public var finalizers: [String] { metadata["finalizers"].strings }
    public var ownerReferences: [Value] { metadata["ownerReferences"].array }
    public var isBeingDeleted: Bool { !metadata["deletionTimestamp"].isNull }

    /// The owner whose `controller` is true, of which an object has at most one.
    public var controllerReference: Value? { ownerReferences.first { $0["controller"].bool == true } }

    /// `namespace/name`, or `name` for cluster-scoped objects: the key that informers and work queues use.
    public var key: String {
        let name = name
        var key = namespace
        if key.isEmpty { return name }
        key.reserveCapacity(key.utf8.count + 1 + name.utf8.count)
        key += "/"
        key += name
        return key
    }

    public var spec: Value {
        get { self["spec"] }
        _modify { yield &self["spec"] }
    }

    public var status: Value {
        get { self["status"] }
        _modify { yield &self["status"] }
    }
}
