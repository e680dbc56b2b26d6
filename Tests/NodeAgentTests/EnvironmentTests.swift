import ObjectModel
import Testing

@testable import NodeAgent

@Suite struct `A container's environment` {
    func environment(_ container: Value, source: (inout EnvironmentSource) -> Void = { _ in }) throws -> [String: String] {
        let pod = testPod("web", ["containers": [container], "nodeName": "n1", "serviceAccountName": "robot"], labels: ["app": "x", "tier": "a\"b"])
        var from = EnvironmentSource(
            downwardAPI: DownwardAPI(pod: pod, podIPs: ["10.0.0.5"], hostIPs: ["192.0.2.1"], nodeAllocatable: ["cpu": "2", "memory": "1Gi"]))
        source(&from)
        let result = try from.environment(of: pod.containers[0])
        return Dictionary(result.variables.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    @Test func `expands what was defined before`() throws {
        let container: Value = [
            "name": "main", "env": [["name": "A", "value": "1"], ["name": "B", "value": "$(A)-$(C)-$$(A)"], ["name": "C", "value": "3"]],
        ]
        #expect(try environment(container)["B"] == "1-$(C)-$(A)")
    }

    @Test func `variables that double each other end in a refusal, not in all memory there is`() {
        let doubling = (0..<60).map { index -> Value in
            ["name": .string("V\(index)"), "value": .string(index == 0 ? "xxxxxxxx" : "$(V\(index - 1))$(V\(index - 1))")]
        }
        #expect(throws: ContainerConfigError("the variables in $(V17)$(V17) expand to more than 1 MiB")) {
            try environment(["name": "main", "env": .array(doubling)])
        }
    }

    @Test func `takes whole objects and single keys`() throws {
        let container: Value = [
            "name": "main", "envFrom": [["configMapRef": ["name": "all"], "prefix": "P_"], ["secretRef": ["name": "gone", "optional": true]]],
            "env": [
                ["name": "KEY", "valueFrom": ["configMapKeyRef": ["name": "all", "key": "x"]]],
                ["name": "PASSWORD", "valueFrom": ["secretKeyRef": ["name": "s", "key": "p"]]],
                ["name": "NONE", "valueFrom": ["secretKeyRef": ["name": "s", "key": "q", "optional": true]]],
            ],
        ]
        let result = try environment(container) {
            $0.configMaps["all"] = ["data": ["x": "1", "y": "2"]]
            $0.secrets["s"] = ["data": ["p": "aHVudGVyMg=="]]
        }
        #expect(result == ["P_x": "1", "P_y": "2", "KEY": "1", "PASSWORD": "hunter2"])
    }

    @Test func `says what is missing as upstream does`() {
        let absent: Value = ["name": "main", "envFrom": [["configMapRef": ["name": "all"]]]]
        #expect(throws: ContainerConfigError("configmap \"all\" not found")) { try environment(absent) }
        let key: Value = ["name": "main", "env": [["name": "X", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]]]
        #expect(throws: ContainerConfigError("couldn't find key k in Secret default/s")) { try environment(key) { $0.secrets["s"] = ["data": [:]] } }
    }

    @Test func `tells the pod of itself`() throws {
        func field(_ name: String, _ path: String) -> Value { ["name": .string(name), "valueFrom": ["fieldRef": ["fieldPath": .string(path)]]] }
        func resource(_ name: String, _ which: String, _ divisor: String) -> Value {
            ["name": .string(name), "valueFrom": ["resourceFieldRef": ["resource": .string(which), "divisor": .string(divisor)]]]
        }
        let container: Value = [
            "name": "main", "resources": ["limits": ["cpu": "1500m"], "requests": ["memory": "100Mi"]],
            "env": [
                field("NAME", "metadata.name"), field("APP", "metadata.labels['app']"), field("LABELS", "metadata.labels"),
                field("IP", "status.podIP"),
                field("NODE", "spec.nodeName"), field("SA", "spec.serviceAccountName"), resource("CPU", "limits.cpu", "0"),
                resource("MILLI", "limits.cpu", "1m"), resource("MEM", "requests.memory", "1Mi"), resource("ALL", "limits.memory", "0"),
            ],
        ]
        let result = try environment(container)
        #expect(result["NAME"] == "web")
        #expect(result["APP"] == "x")
        #expect(result["LABELS"] == "app=\"x\"\ntier=\"a\\\"b\"")
        #expect(result["IP"] == "10.0.0.5")
        #expect(result["NODE"] == "n1")
        #expect(result["SA"] == "robot")
        #expect(result["CPU"] == "2")
        #expect(result["MILLI"] == "1500")
        #expect(result["MEM"] == "100")
        #expect(result["ALL"] == "1073741824")
    }

    @Test func `names services`() {
        let service: Value = [
            "metadata": ["name": "my-db", "namespace": "default"],
            "spec": ["clusterIP": "10.96.0.9", "ports": [["name": "sql", "port": 5432, "protocol": "TCP"]]],
        ]
        let variables = ServiceEnvironment.variables([service], namespace: "default", enableServiceLinks: true)
        #expect(
            variables.map { "\($0.name)=\($0.value)" } == [
                "MY_DB_SERVICE_HOST=10.96.0.9", "MY_DB_SERVICE_PORT=5432", "MY_DB_SERVICE_PORT_SQL=5432", "MY_DB_PORT=tcp://10.96.0.9:5432",
                "MY_DB_PORT_5432_TCP=tcp://10.96.0.9:5432", "MY_DB_PORT_5432_TCP_PROTO=tcp", "MY_DB_PORT_5432_TCP_PORT=5432",
                "MY_DB_PORT_5432_TCP_ADDR=10.96.0.9",
            ])
        #expect(ServiceEnvironment.variables([service], namespace: "default", enableServiceLinks: false).isEmpty)
    }

    @Test(arguments: [("10s", 10_000), ("1m20s", 80_000), ("5m0s", 300_000), ("1.234s", 1_234), ("350ms", 350), ("1h0m1s", 3_601_000)])
    func `writes durations as Go does`(text: String, milliseconds: Int) { #expect(Duration.milliseconds(milliseconds).goString == text) }
}
