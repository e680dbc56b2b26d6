import ObjectModel
import Testing

@Suite struct PodResizeValidationTests {
    static let pod: Value = [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "web", "namespace": "default"],
        "spec": [
            "containers": [
                ["name": "a", "image": "i:1", "resources": ["requests": ["cpu": "1", "memory": "1Gi"], "limits": ["cpu": "2"]]],
                ["name": "b", "image": "i:1"],
            ],
            "initContainers": [
                [
                    "name": "early", "image": "i:1", "resources": ["requests": ["cpu": "1"]],
                    "resizePolicy": [["resourceName": "cpu", "restartPolicy": "RestartContainer"]],
                ],
                ["name": "side", "image": "i:1", "restartPolicy": "Always", "resources": ["requests": ["cpu": "1"]]],
            ],
        ],
        "status": ["qosClass": "Burstable"],
    ]

    private func problems(_ change: (inout Value) -> Void, old: Value = pod) throws -> [String] {
        var changed = old
        change(&changed)
        return try Rule.problems(changed, old: old, subresource: "resize")
    }

    @Test func `cpu and memory may change`() throws {
        let found = try problems {
            $0["spec"]["containers"][0]["resources"] = ["requests": ["cpu": "500m", "memory": "2Gi"], "limits": ["cpu": "3", "memory": "4Gi"]]
            $0["spec"]["initContainers"][1]["resources"]["requests"]["cpu"] = "2"
        }
        #expect(found == [])
    }

    @Test func `nothing else may change`() throws {
        let only = "only cpu and memory resources"
        #expect(
            try problems { $0["spec"]["containers"][0]["resources"]["limits"]["ephemeral-storage"] = "1Gi" } == [
                "spec: Forbidden: \(only) are mutable"
            ])
        #expect(
            try problems {
                $0["spec"]["containers"][1]["resizePolicy"] = [["resourceName": "cpu", "restartPolicy": "NotRequired"]]
            } == ["spec: Forbidden: \(only) are mutable"])
        #expect(
            try problems { $0["spec"]["initContainers"][1]["resources"]["requests"]["ephemeral-storage"] = "1Gi" } == [
                "spec.initContainers[1]: Forbidden: \(only) for init or sidecar containers are mutable"
            ])
    }

    @Test func `what was asked for can't go`() throws {
        #expect(
            try problems { $0["spec"]["containers"][0]["resources"] = ["requests": ["cpu": "1"]] } == [
                "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
                "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
            ])
    }

    @Test func `the quality of service stays`() throws {
        let found = try problems {
            for index in 0..<2 {
                for list in ["containers", "initContainers"] {
                    let all: Value = ["cpu": "1", "memory": "1Gi"]
                    $0["spec"][list][index]["resources"] = ["requests": all, "limits": all]
                }
            }
        }
        #expect(found.first == #"spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing"#)
    }

    @Test func `containers keep their order`() throws {
        let found = try problems { pod in
            pod["spec"]["containers"] = .array(pod["spec"]["containers"].array.reversed())
            pod["spec"]["initContainers"] = .array([pod["spec"]["initContainers"][0]])
        }
        #expect(
            found == [
                "spec.initContainers: Forbidden: initContainers may not be added or removed on resize",
                "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize",
                "spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize",
            ])
    }

    @Test func `an init container that would be restarted is not resized`() throws {
        #expect(
            try problems { $0["spec"]["initContainers"][0]["resources"]["requests"]["cpu"] = "2" } == [
                "spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
            ])
    }

    @Test func `the pod's own resources may change but not go`() throws {
        var old = Self.pod
        old["spec"]["resources"] = ["requests": ["cpu": "4", "memory": "4Gi"]]
        #expect(try problems({ $0["spec"]["resources"]["requests"]["cpu"] = "5" }, old: old) == [])
        #expect(
            try problems({ $0["spec"]["resources"] = nil }, old: old) == ["spec.resources: Forbidden: pod-level resources cannot be removed"])
        #expect(
            try problems({ $0["spec"]["resources"]["requests"]["memory"] = nil }, old: old) == [
                "spec.resources.requests: Forbidden: pod-level resource requests cannot be removed"
            ])
    }

    @Test func `some pods are not resized at all`() throws {
        func double(_ pod: inout Value) { pod["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "2" }
        var mirror = Self.pod
        mirror["metadata"]["annotations"] = ["kubernetes.io/config.mirror": "x"]
        #expect(try problems(double, old: mirror) == [": Forbidden: static pods cannot be resized"])
        var running = Self.pod
        running["status"]["containerStatuses"] = [["name": "a", "state": ["running": ["startedAt": "2026-01-01T00:00:00Z"]]]]
        #expect(try problems(double, old: running) == ["spec: Forbidden: Pod running on node without support for resize"])
        running["status"]["containerStatuses"][0]["resources"] = ["requests": ["cpu": "1"]]
        #expect(try problems(double, old: running) == [])
    }
}
