import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// What the server adds to objects of a kind, or takes from them.
@Suite struct KindStrategyTests {
    private static let template: Value = ["metadata": ["labels": ["app": "a"]], "spec": ["containers": [["name": "c", "image": "i:1"]]]]

    @Test func `a local load balancer has a port for health checks, until it is none any more`() async throws {
        let server = try await TestServer()
        let path = "/api/v1/namespaces/default/services"
        let spec: Value = ["type": "LoadBalancer", "externalTrafficPolicy": "Local", "ports": [["port": 80]]]
        var (status, service) = try await server.post(path, ["metadata": ["name": "s"], "spec": spec])
        let port = try #require(service["spec"]["healthCheckNodePort"].int)
        #expect(status == 201 && (30000...32767).contains(port))
        let other: Value = ["type": "NodePort", "ports": [["port": 80, "nodePort": Value(port)]]]
        #expect(try await server.post(path, ["metadata": ["name": "taken"], "spec": other]).status == 422)

        // It stays where a client leaves it out, and goes with what it is for.
        var changed: Value = ["metadata": ["name": "s"], "spec": spec]
        (status, service) = try await server.send(APIRequest(.put, "\(path)/s", body: changed.json()))
        #expect(status == 200 && service["spec"]["healthCheckNodePort"].int == port)
        changed["spec"]["externalTrafficPolicy"] = "Cluster"
        (status, service) = try await server.send(APIRequest(.put, "\(path)/s", body: changed.json()))
        #expect(status == 200 && service["spec"]["healthCheckNodePort"].isNull)
        #expect(try await server.post(path, ["metadata": ["name": "free"], "spec": other]).status == 201)
    }

    @Test func `a dry run takes no port from others`() throws {
        let addresses = ServiceAddresses(range: try #require(IPv4Range("10.96.0.0/16")), nodePorts: 30000...30000)
        #expect(throws: Never.self) {
            try addresses.reserve(port: 30000, for: "a", isDryRun: true)
            try addresses.reserve("10.96.0.9", for: "a", isDryRun: true)
            #expect(try addresses.reserveAnyPort(for: "a", isDryRun: true) == 30000)
            try addresses.reserve("10.96.0.9", for: "b")
            #expect(try addresses.reserveAnyPort(for: "b") == 30000)
        }
        #expect(throws: ServiceAddresses.Refusal.taken) { try addresses.reserve(port: 30000, for: "a", isDryRun: true) }
    }

    @Test func `both fields of a claim say what it is filled from`() async throws {
        let server = try await TestServer()
        func claim(_ name: String, _ spec: Value) async throws -> Value {
            var spec = spec
            spec["accessModes"] = ["ReadWriteOnce"]
            spec["resources"] = ["requests": ["storage": "1Gi"]]
            let (status, claim) = try await server.post(
                "/api/v1/namespaces/default/persistentvolumeclaims", ["metadata": ["name": .string(name)], "spec": spec])
            #expect(status == 201, "\(claim)")
            return claim["spec"]
        }
        let snapshot: Value = ["apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"]
        let populator: Value = ["apiGroup": "example.com", "kind": "Populator", "name": "p"]
        #expect(try await claim("a", ["dataSource": snapshot])["dataSourceRef"] == snapshot)
        #expect(try await claim("b", ["dataSourceRef": snapshot])["dataSource"] == snapshot)
        #expect(try await claim("c", ["dataSourceRef": populator])["dataSource"] == populator)
        let dropped = try await claim("d", ["dataSource": populator])
        #expect(dropped["dataSource"].isNull && dropped["dataSourceRef"].isNull)
    }

    @Test func `limits need no name`() async throws {
        let server = try await TestServer()
        let (status, limits) = try await server.post("/api/v1/namespaces/default/limitranges", ["spec": ["limits": [["type": "Pod"]]]])
        #expect(status == 201 && limits.name.count == 36)
    }

    @Test func `an annotation counts a daemon set's templates`() async throws {
        let server = try await TestServer()
        let path = "/apis/apps/v1/namespaces/default/daemonsets"
        let annotation = "deprecated.daemonset.template.generation"
        var set: Value = ["metadata": ["name": "d"], "spec": ["selector": ["matchLabels": ["app": "a"]], "template": Self.template]]
        var (status, answer) = try await server.post(path, set)
        #expect(status == 201 && answer.annotations[annotation] == "1")
        set["spec"]["minReadySeconds"] = 5
        (status, answer) = try await server.send(APIRequest(.put, "\(path)/d", body: set.json()))
        #expect(status == 200 && answer.annotations[annotation] == "1" && answer.generation == 2)
        set["spec"]["template"]["spec"]["containers"][0]["image"] = "i:2"
        (status, answer) = try await server.send(APIRequest(.put, "\(path)/d", body: set.json()))
        #expect(status == 200 && answer.annotations[annotation] == "2" && answer.generation == 3)
    }

    @Test func `a job without labels has those of its template, also the generated ones`() async throws {
        let server = try await TestServer()
        var template = Self.template
        template["spec"]["restartPolicy"] = "Never"
        let (status, job) = try await server.post(
            "/apis/batch/v1/namespaces/default/jobs", ["metadata": ["name": "j"], "spec": ["template": template]])
        #expect(status == 201 && job.metadata["labels"] == job["spec"]["template"]["metadata"]["labels"])
        #expect(job.metadata["labels"]["app"] == "a" && job.metadata["labels"]["batch.kubernetes.io/job-name"] == "j")
    }

    @Test func `a stateful set that names its strategy says all of it`() async throws {
        let server = try await TestServer()
        let path = "/apis/apps/v1/namespaces/default/statefulsets"
        var spec: Value = ["serviceName": "s", "selector": ["matchLabels": ["app": "a"]], "template": Self.template]
        var (_, set) = try await server.post(path, ["metadata": ["name": "a"], "spec": spec])
        #expect(set["spec"]["updateStrategy"] == ["type": "RollingUpdate", "rollingUpdate": ["partition": 0]])
        spec["updateStrategy"] = ["type": "RollingUpdate"]
        (_, set) = try await server.post(path, ["metadata": ["name": "b"], "spec": spec])
        #expect(set["spec"]["updateStrategy"] == ["type": "RollingUpdate"])
    }
}
