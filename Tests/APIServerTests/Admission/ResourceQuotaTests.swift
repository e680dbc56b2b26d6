import APIServer
import ClusterClient
import ObjectModel
import Testing

@Suite struct ResourceQuotaTests {
    let plugin = ResourceQuotaAdmission(clock: { Timestamp(seconds: 1_767_323_045) })

    func quota(_ hard: [String: String], used: [String: String]? = nil, _ spec: Value = [:]) -> StoredObjects {
        let used = used ?? hard.mapValues { _ in "0" }
        return StoredObjects(
            (
                .resourceQuotas,
                [
                    "metadata": ["name": "team", "namespace": "default", "resourceVersion": "7"], "spec": spec,
                    "status": ["hard": Value(hard), "used": Value(used)],
                ]
            ))
    }

    func charge(_ request: AdmissionRequest, _ stored: StoredObjects) throws(APIError) -> Value? {
        try plugin.companionWrites(request, stored).first?.object.status["used"]
    }

    func worker(_ cpu: String) -> Value { pod(["containers": [["name": "c", "resources": ["requests": ["cpu": .string(cpu)]]]]]) }

    @Test func `a pod is charged`() throws {
        let stored = quota(["pods": "3", "requests.cpu": "1", "count/pods": "5"], used: ["pods": "1", "requests.cpu": "200m", "count/pods": "1"])
        #expect(try charge(creating(worker("500m")), stored) == ["pods": "2", "requests.cpu": "700m", "count/pods": "2"])
    }

    @Test func `too much is refused, with the figures`() {
        let stored = quota(["pods": "3", "requests.cpu": "1"], used: ["pods": "3", "requests.cpu": "900m"])
        let error = #expect(throws: APIError.self) { try charge(creating(worker("500m")), stored) }
        #expect(
            error?.message
                == "pods \"web\" is forbidden: exceeded quota: team, requested: pods=1,requests.cpu=500m, used: pods=3,requests.cpu=900m, limited: pods=3,requests.cpu=1"
        )
        #expect(error?.code == 403)
    }

    @Test func `a quota on CPU wants it named`() {
        let error = #expect(throws: APIError.self) {
            try charge(creating(pod(["containers": [["name": "b"], ["name": "a"]]])), quota(["limits.cpu": "1", "requests.memory": "1Gi"]))
        }
        #expect(
            error?.message
                == "pods \"web\" is forbidden: failed quota: team: must specify limits.cpu for: a,b; requests.memory for: a,b")
    }

    @Test func `usage that is not known yet refuses`() {
        let error = #expect(throws: APIError.self) { try charge(creating(worker("1m")), quota(["pods": "3"], used: [:])) }
        #expect(error?.message == "pods \"web\" is forbidden: status unknown for quota: team, resources: pods")
    }

    @Test func `scopes say which pods count`() throws {
        let besteffort = quota(["pods": "0"], ["scopes": ["BestEffort"]])
        #expect(try charge(creating(worker("1m")), besteffort) == nil)
        #expect(throws: APIError.self) { try charge(creating(pod(["containers": [["name": "c"]]])), besteffort) }
        let terminating = quota(["pods": "0"], ["scopes": ["Terminating"]])
        #expect(try charge(creating(pod([:])), terminating) == nil)
        #expect(throws: APIError.self) { try charge(creating(pod(["activeDeadlineSeconds": 5])), terminating) }
        let high = quota(
            ["pods": "0"],
            ["scopeSelector": ["matchExpressions": [["scopeName": "PriorityClass", "operator": "In", "values": ["high"]]]]])
        #expect(try charge(creating(pod(["priorityClassName": "low"])), high) == nil)
        #expect(throws: APIError.self) { try charge(creating(pod(["priorityClassName": "high"])), high) }
    }

    @Test func `an update is charged for what it adds, and may always give back`() throws {
        func service(_ type: String, _ ports: Int) -> Value {
            [
                "metadata": ["name": "s", "resourceVersion": "3"],
                "spec": ["type": .string(type), "ports": .array((0..<ports).map { ["port": Value($0 + 1)] })],
            ]
        }
        let stored = quota(
            ["services": "1", "services.nodeports": "2", "services.loadbalancers": "0"],
            used: ["services": "1", "services.nodeports": "2", "services.loadbalancers": "0"])
        #expect(try charge(updating(service("NodePort", 2), to: service("NodePort", 1), .services), stored)?["services.nodeports"] == "1")
        #expect(try charge(updating(service("NodePort", 2), to: service("NodePort", 2), .services), stored) == nil)
        #expect(throws: APIError.self) { try charge(updating(service("NodePort", 2), to: service("NodePort", 3), .services), stored) }
        #expect(throws: APIError.self) { try charge(updating(service("ClusterIP", 1), to: service("LoadBalancer", 1), .services), stored) }
    }

    @Test func `anything can be counted, custom resources too`() throws {
        let widgets = Resource(group: "example.com", version: "v1", plural: "widgets", kind: "Widget", isNamespaced: true)
        let stored = quota(["count/widgets.example.com": "1", "configmaps": "1"])
        #expect(try charge(creating(["metadata": ["name": "w"]], widgets), stored)?["count/widgets.example.com"] == "1")
        #expect(try charge(creating(["metadata": ["name": "w"]], .configMaps), stored)?["configmaps"] == "1")
        #expect(try charge(creating(["metadata": ["name": "w"]], .secrets), stored) == nil)
    }

    @Test func `claims count by storage class`() throws {
        let claim: Value = ["metadata": ["name": "d"], "spec": ["storageClassName": "fast", "resources": ["requests": ["storage": "2Gi"]]]]
        let stored = quota(["requests.storage": "5Gi", "fast.storageclass.storage.k8s.io/requests.storage": "1Gi"])
        let error = #expect(throws: APIError.self) { try charge(creating(claim, .persistentVolumeClaims), stored) }
        #expect(
            error?.message
                == "persistentvolumeclaims \"d\" is forbidden: exceeded quota: team, requested: fast.storageclass.storage.k8s.io/requests.storage=2Gi, used: fast.storageclass.storage.k8s.io/requests.storage=0, limited: fast.storageclass.storage.k8s.io/requests.storage=1Gi"
        )
    }

    @Test func `a pod needs what its containers need at the busiest moment`() {
        func container(_ cpu: String, _ more: Value = [:]) -> Value {
            var container = more
            container["resources"]["requests"]["cpu"] = .string(cpu)
            return container
        }
        let object = pod([
            "containers": [container("100m"), container("100m")],
            "initContainers": [container("50m", ["restartPolicy": "Always"]), container("400m")], "overhead": ["cpu": "10m"],
        ])
        #expect(PodResources.requests(of: object)["cpu"] == (try? Quantity("460m")))
        #expect(PodResources.requests(of: object, includingOverhead: false)["cpu"] == (try? Quantity("450m")))
    }
}
