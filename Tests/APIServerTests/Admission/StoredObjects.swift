import APIServer
import ClusterClient
import ObjectModel

/// What is stored, held in memory.
struct StoredObjects: ObjectReader {
    private var held: [String: [Value]] = [:]

    init(_ objects: (Resource, Value)...) { for (resource, object) in objects { add(resource, object) } }

    mutating func add(_ resource: Resource, _ object: Value) { held[resource.plural, default: []].append(object) }

    func object(_ resource: Resource, namespace: String, name: String) -> Value? {
        held[resource.plural]?.first { $0.namespace == namespace && $0.name == name }
    }

    func objects(_ resource: Resource, namespace: String) -> [Value] {
        (held[resource.plural] ?? []).filter { namespace.isEmpty || $0.namespace == namespace }
    }
}

let alice = UserInfo(name: "alice", groups: ["system:authenticated"])

func namespace(_ name: String, phase: String = "Active", labels: [String: String] = [:]) -> (Resource, Value) {
    (.namespaces, ["metadata": ["name": .string(name), "labels": Value(labels)], "status": ["phase": .string(phase)]])
}

func serviceAccount(_ name: String = "default", _ namespace: String = "default", _ more: Value = [:]) -> (Resource, Value) {
    var account = more
    account.metadata["name"] = .string(name)
    account.metadata["namespace"] = .string(namespace)
    return (.serviceAccounts, account)
}

func pod(_ spec: Value, name: String = "web") -> Value {
    ["apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "namespace": "default"], "spec": spec]
}

func creating(_ object: Value, _ resource: Resource = .pods, namespace: String = "default", user: UserInfo = alice) -> AdmissionRequest {
    AdmissionRequest(operation: .create, resource: resource, namespace: namespace, name: object.name, user: user, object: object)
}

func updating(_ old: Value, to object: Value, _ resource: Resource = .pods, namespace: String = "default", user: UserInfo = alice) -> AdmissionRequest
{
    AdmissionRequest(
        operation: .update, resource: resource, namespace: namespace, name: object.name, user: user, object: object, oldObject: old)
}

extension AdmissionPlugin {
    /// Both steps, as the pipeline takes them.
    func admit(_ request: AdmissionRequest, _ stored: StoredObjects) throws(APIError) -> Value {
        var request = request
        try mutate(&request, stored)
        try validate(request, stored)
        return request.object
    }
}
