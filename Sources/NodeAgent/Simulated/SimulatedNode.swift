import ObjectModel

/// What one stand-in says of itself.
struct SimulatedNode: Sendable {
    let number: Int
    let name: String
    private let capacity: Value
    private let labels: [String: String]

    init(number: Int, configuration: SimulatedNodes.Configuration) {
        self.number = number
        name = configuration.names.indices.contains(number) ? configuration.names[number] : "\(configuration.namePrefix)-\(number)"
        capacity = configuration.capacity
        labels = configuration.labels(number)
    }

    /// An address of the range set aside for benchmarks (RFC 2544), one per node.
    var address: String { "198.18.\((number / 254) % 256).\(number % 254 + 1)" }

    func object(at now: Timestamp) -> Value {
        var labels = labels
        labels["kubernetes.io/hostname"] = name
        labels["kubernetes.io/os"] = "linux"
        labels["kubernetes.io/arch"] = NodeInfo.architecture
        labels["node.apus.dev/simulated"] = "true"
        return [
            "apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name), "labels": Value(labels)], "spec": [:], "status": status(at: now),
        ]
    }

    func status(at now: Timestamp) -> Value {
        [
            "capacity": capacity, "allocatable": capacity,
            "addresses": [["type": "InternalIP", "address": .string(address)], ["type": "Hostname", "address": .string(name)]],
            "conditions": .array(NodeConditions(pressures: []).values(previous: [], now: now)),
            "daemonEndpoints": ["kubeletEndpoint": ["Port": 10250]],
            "nodeInfo": [
                "machineID": .string(name), "systemUUID": .string(name), "bootID": .string(name), "kernelVersion": "simulated",
                "osImage": "simulated",
                "containerRuntimeVersion": "simulated://1", "kubeletVersion": .string(NodeInfo.kubeletVersion), "kubeProxyVersion": "",
                "operatingSystem": "linux", "architecture": .string(NodeInfo.architecture),
            ],
        ]
    }
}
