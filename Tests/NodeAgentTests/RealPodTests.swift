import ClusterClient
import ContainerRuntime
import ObjectModel
import Testing

@testable import NodeAgent

@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: RealNode.obstacle == nil, RealNode.comment))
struct `A node agent with real containers` {
    @Test func `runs a pod with files, variables, an address and limits, and leaves nothing of it`() async throws {
        try await RealNode.run { node in
            try await node.running {
                let config: Value = [
                    "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c", "namespace": "default"], "data": ["color": "red"],
                ]
                try await node.cluster.admin.create(.configMaps, config)
                var container = RealNode.shell(
                    "main",
                    "cat /conf/color; echo; echo $IP; hostname; cat /sys/fs/cgroup/memory/memory.limit_in_bytes; id -u; echo done > /dev/termination-log; sleep 1000"
                )
                container["env"] = [["name": "IP", "valueFrom": ["fieldRef": ["fieldPath": "status.podIP"]]]]
                container["volumeMounts"] = [["name": "conf", "mountPath": "/conf"]]
                container["resources"] = ["limits": ["memory": "64Mi", "cpu": "500m"]]
                container["securityContext"] = ["runAsUser": 1000, "runAsNonRoot": true]
                let uid = try await node.create("web", ["containers": [container], "volumes": [["name": "conf", "configMap": ["name": "c"]]]])
                await node.wait("web") { $0.map(isReady) ?? false }
                let pod = try #require(node.cluster.object(.pods, "default/web"))
                let ip = try #require(pod.status["podIP"].string)
                #expect(ip.hasPrefix(node.addressBlock + "."))
                #expect(pod.status["qosClass"] == "Guaranteed")
                while !node.log("web", uid).contains("1000\n") { try await yieldOnce() }
                for line in ["red", ip, "web", "67108864"] { #expect(node.log("web", uid).contains(" F \(line)\n"), "\(node.log("web", uid))") }
                try await node.cluster.admin.delete(.pods, namespace: "default", name: "web")
                await node.wait("web") { $0 == nil }
                while try await !node.runtime.podSandboxes().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                while File.exists("\(node.directory)/node/pods/\(uid)") { try await yieldOnce() }
                while try !File.names(in: "\(node.directory)/node/logs").isEmpty { try await yieldOnce() }
            }
        }
    }

    @Test func `sees a crash at once, and tells what the container had to say`() async throws {
        try await RealNode.run { node in
            try await node.running {
                try await node.create(
                    "once", ["restartPolicy": "Never", "containers": [RealNode.shell("main", "echo goodbye > /dev/termination-log; exit 7")]])
                await node.wait("once") { $0?.status["phase"] == "Failed" }
                let ended = try #require(node.cluster.object(.pods, "default/once")).status["containerStatuses"][0]["state"]["terminated"]
                #expect(ended["exitCode"] == 7)
                #expect(ended["reason"] == "Error")
                #expect(ended["message"] == "goodbye\n")
                try await node.create("again", ["containers": [RealNode.shell("main", "exit 1")]])
                await node.wait("again") { $0?.status["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff" }
            }
        }
    }

    @Test func `takes running pods over without restarting them`() async throws {
        try await RealNode.run { node in
            try await node.running {
                try await node.create("web", ["containers": [RealNode.shell("main", "sleep 1000")]])
                await node.wait("web") { $0.map(isReady) ?? false }
            }
            let before = try #require(node.cluster.object(.pods, "default/web")).status["containerStatuses"][0]["containerID"]
            try await node.running {
                try await node.create("next", ["containers": [RealNode.shell("main", "sleep 1000")]])
                await node.wait("next") { $0.map(isReady) ?? false }
                let after = try #require(node.cluster.object(.pods, "default/web"))
                #expect(after.status["containerStatuses"][0]["containerID"] == before)
                #expect(isReady(after))
            }
        }
    }

    @Test func `probes and hooks real containers`() async throws {
        try await RealNode.run { node in
            try await node.running {
                var server = RealNode.shell("main", "echo hi > /tmp/index.html; httpd -f -p 8080 -h /tmp")
                server["readinessProbe"] = ["httpGet": ["port": 8080, "path": "/index.html"], "periodSeconds": 1]
                server["livenessProbe"] = ["exec": ["command": ["cat", "/tmp/index.html"]], "periodSeconds": 1]
                server["lifecycle"] = [
                    "postStart": ["exec": ["command": ["/bin/sh", "-c", "echo started > /tmp/started"]]],
                    "preStop": ["exec": ["command": ["/bin/sh", "-c", "echo bye > /shared/bye"]]],
                ]
                server["volumeMounts"] = [["name": "shared", "mountPath": "/shared"]]
                let volumes: Value = [["name": "shared", "hostPath": ["path": .string("\(node.directory)/shared"), "type": "DirectoryOrCreate"]]]
                try await node.create("web", ["containers": [server], "volumes": volumes])
                await node.wait("web") { $0.map(isReady) ?? false }
                try await node.cluster.admin.delete(.pods, namespace: "default", name: "web")
                await node.wait("web") { $0 == nil }
                #expect(File.exists("\(node.directory)/shared/bye"))
            }
        }
    }

    @Test func `starts thirty pods quickly`() async throws {
        try await RealNode.run { node in
            try await node.running {
                let clock = ContinuousClock()
                let start = clock.now
                for number in 0..<30 {
                    let container: Value = ["name": "main", "image": .string(PauseImage.name), "imagePullPolicy": "IfNotPresent"]
                    try await node.create("pause-\(number)", ["containers": [container]])
                }
                for number in 0..<30 { await node.wait("pause-\(number)") { $0.map(isReady) ?? false } }
                let ready = clock.now
                for number in 0..<30 { try await node.cluster.admin.delete(.pods, namespace: "default", name: "pause-\(number)") }
                for number in 0..<30 { await node.wait("pause-\(number)") { $0 == nil } }
                print("30 pause pods: ready after \((ready - start).goString), deleted after \((clock.now - ready).goString)")
            }
        }
    }

    @Test func `evicts who uses more than it asked for when memory runs short`() async throws {
        try await RealNode.run { node in
            var modest = RealNode.shell("main", "sleep 1000")
            modest["resources"] = ["requests": ["memory": "64Mi", "cpu": "10m"], "limits": ["memory": "64Mi", "cpu": "100m"]]
            try await node.running {
                try await node.create("modest", ["containers": [modest]])
                try await node.create("greedy", ["containers": [RealNode.shell("main", "sleep 1000")]])
                for name in ["modest", "greedy"] { await node.wait(name) { $0.map(isReady) ?? false } }
            }
            // No machine has as much as this.
            try await node.running({ $0.evictionHard = ["memory.available": "1000Ti"] }) {
                await node.wait("greedy") { $0?.status["phase"] == "Failed" }
                let greedy = try #require(node.cluster.object(.pods, "default/greedy")).status
                #expect(greedy["reason"] == "Evicted")
                #expect(greedy["message"].string?.hasPrefix("The node was low on resource: memory. Threshold quantity: 1000Ti, available: ") == true)
                #expect(greedy["message"].string?.contains("Container main was using") == true)
                #expect(greedy["conditions"].array.contains { $0["type"] == "DisruptionTarget" && $0["reason"] == "TerminationByKubelet" })
                #expect(isReady(try #require(node.cluster.object(.pods, "default/modest"))))
                await node.cluster.wait(.nodes, "n1") { node in
                    node?.status["conditions"].array.contains { $0["type"] == "MemoryPressure" && $0["status"] == "True" } ?? false
                }
                try await node.create("late", ["containers": [RealNode.shell("main", "sleep 1000")]])
                await node.wait("late") { $0?.status["phase"] == "Failed" }
                let late = try #require(node.cluster.object(.pods, "default/late")).status
                #expect(late["message"] == "Pod was rejected: The node had condition: [MemoryPressure]. ")
            }
        }
    }

    @Test func `removes images that nobody uses, and none that a pod runs`() async throws {
        try await RealNode.run { node in
            let folder = "\(node.directory)/unused"
            try File.makeDirectory(folder)
            try File.write(Array("never run".utf8), to: "\(folder)/file")
            _ = try await node.containerd.imageStore().pack(folder: folder, .init(names: ["example.com/unused:1"]))
            try File.write(Array("never run either".utf8), to: "\(folder)/file")
            _ = try await node.containerd.imageStore().pack(folder: folder, .init(names: ["apus.local/kept:1"]))
            try await node.running {
                try await node.create("web", ["containers": [RealNode.shell("main", "sleep 1000")]])
                await node.wait("web") { $0.map(isReady) ?? false }
                let collector = ImageCollector(
                    node.runtime, policy: .init(ageMin: .zero),
                    disk: { FilesystemUsage(totalBytes: 1 << 40, availableBytes: 1, inodes: 0, inodesFree: 0) }, now: Timestamp.now)
                let outcome = try #require(try await collector.collect())
                #expect(outcome.removed == ["example.com/unused:1"])
                let left = Set(try await node.runtime.images().flatMap(\.repoTags))
                #expect(left.isSuperset(of: [RealNode.image, PauseImage.name, "apus.local/kept:1"]) && !left.contains("example.com/unused:1"))
            }
        }
    }
}
