import APIServer
import ClusterClient
import ObjectModel
import Testing

@Suite struct LimitRangerTests {
    let plugin = LimitRanger()

    func limits(_ items: Value...) -> StoredObjects {
        StoredObjects((.limitRanges, ["metadata": ["name": "limits", "namespace": "default"], "spec": ["limits": .array(items)]]))
    }

    func container(_ name: String, requests: Value? = nil, limits: Value? = nil) -> Value {
        ["name": .string(name), "resources": ["requests": requests ?? nil, "limits": limits ?? nil]]
    }

    @Test func `containers get what they don't name, and a note says so`() throws {
        let stored = limits(["type": "Container", "default": ["cpu": "1", "memory": "1Gi"], "defaultRequest": ["cpu": "100m", "memory": "1Gi"]])
        let admitted = try plugin.admit(
            creating(
                pod([
                    "containers": [container("a"), container("b", requests: ["cpu": "200m"])],
                    "initContainers": [container("i", limits: ["cpu": "2", "memory": "1Gi"])],
                ])),
            stored)
        #expect(
            admitted.spec["containers"][0]["resources"] == ["requests": ["cpu": "100m", "memory": "1Gi"], "limits": ["cpu": "1", "memory": "1Gi"]])
        #expect(admitted.spec["containers"][1]["resources"]["requests"] == ["cpu": "200m", "memory": "1Gi"])
        // A limit of one's own is the request, as defaulting has it.
        #expect(admitted.spec["initContainers"][0]["resources"]["requests"] == ["cpu": "2", "memory": "1Gi"])
        #expect(
            admitted.annotations["kubernetes.io/limit-ranger"]
                == "LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit for container a; memory request for container b; cpu, memory limit for container b"
        )
    }

    @Test func `bounds of containers`() throws {
        let stored = limits(["type": "Container", "min": ["cpu": "100m"], "max": ["cpu": "1"]])
        _ = try plugin.admit(creating(pod(["containers": [container("a", requests: ["cpu": "500m"], limits: ["cpu": "1"])]])), stored)
        func refused(_ requests: Value?, _ limits: Value?) -> String? {
            #expect(throws: APIError.self) {
                try plugin.admit(creating(pod(["containers": [container("a", requests: requests, limits: limits)]])), stored)
            }?.message
        }
        #expect(refused(["cpu": "50m"], ["cpu": "1"]) == "pods \"web\" is forbidden: minimum cpu usage per Container is 100m, but request is 50m")
        #expect(refused(["cpu": "1"], ["cpu": "2"]) == "pods \"web\" is forbidden: maximum cpu usage per Container is 1, but limit is 2")
        #expect(
            refused(nil, nil)
                == "pods \"web\" is forbidden: [minimum cpu usage per Container is 100m.  No request is specified, maximum cpu usage per Container is 1.  No limit is specified]"
        )
    }

    @Test func `bounds of whole pods, and the ratio`() throws {
        let stored = limits(["type": "Pod", "max": ["memory": "1Gi"], "maxLimitRequestRatio": ["memory": "2"]])
        let half = container("a", requests: ["memory": "512Mi"], limits: ["memory": "512Mi"])
        _ = try plugin.admit(creating(pod(["containers": [half, half]])), stored)
        let error = #expect(throws: APIError.self) { try plugin.admit(creating(pod(["containers": [half, half, half]])), stored) }
        #expect(error?.message == "pods \"web\" is forbidden: maximum memory usage per Pod is 1Gi, but limit is 1536Mi")
        let wide = container("a", requests: ["memory": "100Mi"], limits: ["memory": "512Mi"])
        let ratio = #expect(throws: APIError.self) { try plugin.admit(creating(pod(["containers": [wide]])), stored) }
        #expect(
            ratio?.message == "pods \"web\" is forbidden: memory max limit to request ratio per Pod is 2, but provided ratio is 5.120000")
    }

    @Test func `bounds of claims`() throws {
        let stored = limits(["type": "PersistentVolumeClaim", "min": ["storage": "1Gi"], "max": ["storage": "10Gi"]])
        func claim(_ size: String) -> AdmissionRequest {
            creating(["metadata": ["name": "data"], "spec": ["resources": ["requests": ["storage": .string(size)]]]], .persistentVolumeClaims)
        }
        _ = try plugin.admit(claim("5Gi"), stored)
        let error = #expect(throws: APIError.self) { try plugin.admit(claim("11Gi"), stored) }
        #expect(
            error?.message
                == "persistentvolumeclaims \"data\" is forbidden: maximum storage usage per PersistentVolumeClaim is 10Gi, but request is 11Gi")
    }

    @Test func `updates of pods pass`() throws {
        let stored = limits(["type": "Container", "max": ["cpu": "1"]])
        _ = try plugin.admit(updating(pod([:]), to: pod(["containers": [container("a")]])), stored)
    }
}
