import ClusterClient
import ContainerRuntime
import ObjectModel
import Testing

@testable import NodeAgent

@Suite(.timeLimit(.minutes(1))) struct `A node agent` {
    @Test func `runs a pod and tells of it`() async throws {
        try await TestNode.run { node in
            try await node.create("web")
            await node.waitUntilReady("web")
            let pod = try #require(node.cluster.object(.pods, "default/web"))
            #expect(pod.status["phase"] == "Running")
            #expect(pod.status["hostIP"] == "192.0.2.1")
            #expect(pod.status["podIP"].string?.hasPrefix("10.0.") == true)
            #expect(pod.status["containerStatuses"][0]["restartCount"] == 0)
            #expect(try await node.cluster.event("Started") == "Container started")
            #expect(
                try await node.cluster.events("Pulled") == ["Container image \"hello:1\" already present on machine and can be accessed by the pod"])
        }
    }

    @Test func `deletes a pod cleanly`() async throws {
        try await TestNode.run { node in
            let uid = try await node.create("web")
            await node.waitUntilReady("web")
            try await node.cluster.admin.delete(.pods, namespace: "default", name: "web")
            await node.wait("web") { $0 == nil }
            while try await !node.runtime.podSandboxes().isEmpty { try await yieldOnce() }
            while File.exists("\(node.directory)/pods/\(uid)") { try await yieldOnce() }
        }
    }

    @Test func `gives containers files and variables from the API's objects`() async throws {
        try await TestNode.run { node in
            try await node.cluster.admin.create(
                .configMaps, ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c", "namespace": "default"], "data": ["color": "red"]])
            try await node.cluster.admin.create(
                .secrets, ["apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s", "namespace": "default"], "data": ["p": "aHVudGVyMg=="]])
            let projected: Value = [
                "sources": [
                    ["serviceAccountToken": ["path": "token"]],
                    ["downwardAPI": ["items": [["path": "labels", "fieldRef": ["fieldPath": "metadata.labels"]]]]],
                ]
            ]
            let container: Value = [
                "name": "main", "image": "hello:1", "args": ["--color=$(COLOR)"],
                "env": [["name": "COLOR", "valueFrom": ["configMapKeyRef": ["name": "c", "key": "color"]]]],
                "volumeMounts": [
                    ["name": "conf", "mountPath": "/conf"], ["name": "sec", "mountPath": "/sec", "readOnly": true],
                    ["name": "api", "mountPath": "/api"],
                    ["name": "scratch", "mountPath": "/scratch", "subPath": "a/b"],
                ],
            ]
            let volumes: Value = [
                ["name": "conf", "configMap": ["name": "c"]], ["name": "sec", "secret": ["secretName": "s", "defaultMode": 256]],
                ["name": "api", "projected": projected], ["name": "scratch", "emptyDir": [:]],
            ]
            let uid = try await node.create("web", ["containers": [container], "volumes": volumes], labels: ["app": "web"])
            await node.waitUntilReady("web")
            let config = try #require(node.runtime.containerConfigs(ofPod: uid).first)
            #expect(config.args == ["--color=red"])
            func host(_ path: String) -> String { config.mounts.first { $0.containerPath == path }?.hostPath ?? "" }
            func text(_ path: String) throws -> String { String(decoding: try File.read(path), as: UTF8.self) }
            #expect(try text(host("/conf") + "/color") == "red")
            #expect(try text(host("/sec") + "/p") == "hunter2")
            #expect(try text(host("/api") + "/labels") == "app=\"web\"")
            #expect(try text(host("/api") + "/token").split(separator: ".").count == 3)
            #expect(Mount.isMountPoint(host("/sec")))
            #expect(try text(host("/etc/hosts")).contains("\tweb\n"))
            #expect(File.exists("\(node.directory)/pods/\(uid)/volumes/kubernetes.io~empty-dir/scratch/a/b"))
            // A change of the object reaches the files of the running pod.
            try await node.cluster.admin.patch(.configMaps, namespace: "default", name: "c", .merge, ["data": ["color": "blue"]])
            while try text(host("/conf") + "/color") != "blue" { try await yieldOnce() }
        }
    }

    @Test func `has a pod wait for a config map that is not there yet`() async throws {
        try await TestNode.run { node in
            let volumes: Value = [["name": "conf", "configMap": ["name": "late"]]]
            try await node.create("web", ["containers": [["name": "main", "image": "hello:1"]], "volumes": volumes])
            #expect(try await node.cluster.event("FailedMount") == "MountVolume.SetUp failed for volume \"conf\" : configmap \"late\" not found")
            try await node.cluster.admin.create(
                .configMaps, ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "late", "namespace": "default"], "data": [:]])
            await node.waitUntilReady("web")
        }
    }

    @Test func `starts a container again that crashed, and counts`() async throws {
        try await TestNode.run { node in
            let uid = try await node.create("web")
            await node.waitUntilReady("web")
            let first = try #require(node.containerIDs("main").first)
            await node.runtime.exit(container: first, code: 3)
            await node.wait("web") { $0?.status["containerStatuses"][0]["restartCount"] == 1 && $0.map(isReady) == true }
            let status = try #require(node.cluster.object(.pods, "default/web")).status["containerStatuses"][0]
            #expect(status["lastState"]["terminated"]["exitCode"] == 3)
            let second = try #require(node.containerIDs("main").last)
            await node.runtime.exit(container: second, code: 3)
            await node.wait("web") { $0?.status["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff" }
            let waiting = try #require(node.cluster.object(.pods, "default/web")).status["containerStatuses"][0]["state"]["waiting"]
            #expect(waiting["message"] == "back-off 10s restarting failed container=main pod=web_default(\(uid))")
        }
    }

    @Test func `believes the kernel that a container ran out of memory`() async throws {
        try await TestNode.run { node in
            let containers: Value = [["name": "main", "image": "hello:1"], ["name": "other", "image": "hello:1"]]
            try await node.create("hungry", ["restartPolicy": "Never", "containers": containers])
            await node.waitUntilReady("hungry")
            let id = try #require(node.containerIDs("main").first)
            await node.runtime.exit(container: id, code: 137)
            let terminated: @Sendable (Value?) -> String? = { $0?.status["containerStatuses"][0]["state"]["terminated"]["reason"].string }
            await node.wait("hungry") { terminated($0) == "Error" }
            try node.tellOfKill(inCgroup: "/kubepods/burstable/poduid/\(id)")
            await node.wait("hungry") { terminated($0) == "OOMKilled" }
            try node.tellOfKill(inCgroup: "/system.slice", isSystemWide: true)
            #expect(try await node.cluster.event("SystemOOM") == "System OOM encountered, victim process: dd, pid: 7")
        }
    }

    @Test func `lets a job's pod succeed`() async throws {
        try await TestNode.run { node in
            node.runtime.onStart { _ in 0 }
            try await node.create("job", ["restartPolicy": "Never", "containers": [["name": "main", "image": "hello:1"]]])
            await node.wait("job") { $0?.status["phase"] == "Succeeded" }
            #expect(node.cluster.object(.pods, "default/job")?.status["containerStatuses"][0]["state"]["terminated"]["reason"] == "Completed")
        }
    }

    @Test func `runs init containers before the others`() async throws {
        try await TestNode.run { node in
            node.runtime.onStart { $0.metadata.name == "main" ? nil : 0 }
            let initial: Value = [["name": "one", "image": "hello:1"], ["name": "two", "image": "hello:1"]]
            let uid = try await node.create("web", ["initContainers": initial, "containers": [["name": "main", "image": "hello:1"]]])
            await node.waitUntilReady("web")
            #expect(node.runtime.containerConfigs(ofPod: uid).map(\.metadata.name) == ["one", "two", "main"])
        }
    }

    @Test func `takes running pods over when it starts again`() async throws {
        try await withTemporaryDirectory { directory in
            let node = try await TestNode(directory: directory)
            try await node.running {
                try await node.create("web")
                await node.waitUntilReady("web")
                try await node.create("gone")
                await node.waitUntilReady("gone")
            }
            // While the agent is away one pod is deleted by force, another comes.
            try await node.cluster.admin.delete(.pods, namespace: "default", name: "gone", gracePeriod: .zero)
            try await node.running {
                try await node.create("next")
                await node.waitUntilReady("next")
                while try await node.runtime.podSandboxes().contains(where: { $0.metadata.name == "gone" }) { try await yieldOnce() }
            }
            #expect(node.runtime.calls.filter { $0.call == .startContainer }.count == 3)
            #expect(node.cluster.object(.pods, "default/web").map(isReady) == true)
        }
    }

    @Test func `says why an image can't be had`() async throws {
        try await TestNode.run { node in
            try await node.create("web", ["containers": [["name": "main", "image": "absent:1"]]])
            await node.wait("web") { $0?.status["containerStatuses"][0]["state"]["waiting"]["reason"] == "ErrImagePull" }
            try await node.create("bad", ["containers": [["name": "main", "image": "NOT AN IMAGE"]]])
            await node.wait("bad") { $0?.status["containerStatuses"][0]["state"]["waiting"]["reason"] == "InvalidImageName" }
            try await node.create("never", ["containers": [["name": "main", "image": "absent:1", "imagePullPolicy": "Never"]]])
            await node.wait("never") { $0?.status["containerStatuses"][0]["state"]["waiting"]["reason"] == "ErrImageNeverPull" }
        }
    }

    @Test func `uses a pull secret`() async throws {
        try await TestNode.run { node in
            node.runtime.publish(image: "registry.example/private:1", for: "ada")
            let config: Value = ["auths": ["https://registry.example/v2/": ["auth": .string(Base64.encode(Array("ada:lovelace".utf8)))]]]
            try await node.cluster.admin.create(
                .secrets,
                [
                    "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "pull", "namespace": "default"],
                    "type": "kubernetes.io/dockerconfigjson",
                    "data": [".dockerconfigjson": .string(Base64.encode(config.json()))],
                ])
            try await node.create(
                "web", ["imagePullSecrets": [["name": "pull"]], "containers": [["name": "main", "image": "registry.example/private:1"]]])
            await node.waitUntilReady("web")
            #expect(try await node.cluster.event("Pulled").hasPrefix("Successfully pulled image"))
        }
    }

    @Test func `makes a new sandbox when the old one dies`() async throws {
        try await TestNode.run { node in
            try await node.create("web")
            await node.waitUntilReady("web")
            await node.runtime.kill(sandbox: "sandbox-1")
            await node.wait("web") { $0?.status["containerStatuses"][0]["restartCount"] == 1 && $0.map(isReady) == true }
            #expect(node.runtime.sandboxConfigs.map(\.metadata.attempt) == [0, 1])
        }
    }

    @Test func `registers its node and renews its lease`() async throws {
        try await TestNode.run { node in
            await node.cluster.wait(.nodes, "n1") {
                $0?.status["conditions"].array.contains { $0["type"] == "Ready" && $0["status"] == "True" } == true
            }
            await node.cluster.wait(.leases, "kube-node-lease/n1") { $0 != nil }
            let status = try #require(node.cluster.object(.nodes, "n1")).status
            #expect(status["nodeInfo"]["kubeletVersion"] == "v1.36.2")
            #expect(status["addresses"][0]["address"] == "192.0.2.1")
        }
    }
}
