import ObjectModel

/// What `apus status` found out about a cluster: plain values, from which both the screen and the JSON are made.
struct ClusterStatus: Sendable {
    var version: String
    var dataDirectory: String
    var diskBytes: Int64

    /// The process that holds the data directory, and since when.
    var process: (pid: Int, since: Timestamp)?
    var server: String

    /// What the API said of its version; nil where it did not answer, and then why.
    var serverVersion: String?
    var failure: String?
    var components: [Component] = []
    var nodes: [Node] = []
    var workloads = Workloads()
    var certificates: [Certificate] = []
    var now: Timestamp

    struct Component: Sendable {
        var name: String

        /// Nil where it is well.
        var failure: String?
    }

    struct Node: Sendable {
        var name: String
        var isReady: Bool
        var pods: Int
        var podsMax: String
        var cpu: String
        var memory: String
    }

    struct Workloads: Sendable {
        var count = 0

        /// Those that are not as desired: what it is, and what is wrong.
        var wanting: [(name: String, problem: String)] = []
    }

    struct Certificate: Sendable {
        var name: String
        var notAfter: Timestamp
    }

    /// The cluster's own health. What runs on it may be half done, for it is what people change.
    var isHealthy: Bool {
        process != nil && serverVersion != nil && components.allSatisfy { $0.failure == nil } && nodes.allSatisfy(\.isReady)
            && certificates.allSatisfy { $0.notAfter > now }
    }

    var value: Value {
        var value: Value = [
            "version": .string(version), "healthy": .bool(isHealthy), "running": .bool(process != nil),
            "dataDirectory": ["path": .string(dataDirectory), "bytes": .integer(diskBytes)],
            "components": .array(
                components.map {
                    ["name": .string($0.name), "healthy": .bool($0.failure == nil), "message": .string($0.failure ?? "ok")]
                }),
            "nodes": .array(
                nodes.map {
                    [
                        "name": .string($0.name), "ready": .bool($0.isReady), "pods": Value($0.pods),
                        "capacity": ["pods": .string($0.podsMax), "cpu": .string($0.cpu), "memory": .string($0.memory)],
                    ]
                }),
            "workloads": [
                "count": Value(workloads.count),
                "wanting": .array(workloads.wanting.map { ["name": .string($0.name), "problem": .string($0.problem)] }),
            ],
            "certificates": .array(certificates.map { ["name": .string($0.name), "notAfter": .string($0.notAfter.rfc3339)] }),
        ]
        if let process { value["process"] = ["pid": Value(process.pid), "since": .string(process.since.rfc3339)] }
        var api: Value = ["server": .string(server)]
        if let serverVersion { api["version"] = .string(serverVersion) }
        if let failure { api["failure"] = .string(failure) }
        value["api"] = api
        return value
    }
}
