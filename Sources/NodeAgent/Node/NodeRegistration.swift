import ClusterClient
import ContainerRuntime
import ObjectModel

/// Tells the cluster of this machine: registers the node, renews its lease, and writes its status when it changed or every five minutes.
struct NodeRegistration: Sendable {
    private let services: NodeServices
    private let name: String

    /// How often the status is written though nothing changed.
    private static let reportInterval: Duration = .seconds(300)

    init(_ services: NodeServices) {
        self.services = services
        name = services.configuration.nodeName
    }

    /// The node, for events about it: upstream takes its name for its uid.
    var reference: Value { ["apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name), "uid": .string(name)]] }

    /// Works until cancelled.
    func run() async {
        var info = NodeInfo.read()
        let owner = await register(&info)
        guard !Task.isCancelled else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.heartbeat(owner: owner) }
            group.addTask { [info] in await self.report(info) }
        }
    }

    // MARK: Registration

    private func register(_ info: inout NodeInfo) async -> (name: String, uid: String)? {
        var backoff = Backoff(initial: .milliseconds(200), max: .seconds(7))
        while !Task.isCancelled {
            do {
                if info.containerRuntimeVersion.isEmpty {
                    let version = try await services.runtime.version()
                    info.containerRuntimeVersion = "\(version.runtimeName)://\(version.runtimeVersion)"
                }
                if let range = services.configuration.podCIDRs.first { try? await services.runtime.updateRuntimeConfig(podCIDR: range) }
                let status = await self.status(info, previous: .null)
                let node = try await create(status)
                return (node.name, node.uid)
            } catch {
                if Task.isCancelled { return nil }
                services.logger.warning("registering the node failed", metadata: ["node": "\(name)", "error": "\(error)"])
                try? await Task.sleep(for: backoff.next())
            }
        }
        return nil
    }

    private func create(_ status: Value) async throws -> Value {
        var spec: Value = [:]
        if let first = services.configuration.podCIDRs.first {
            spec["podCIDR"] = .string(first)
            spec["podCIDRs"] = Value(services.configuration.podCIDRs)
        }
        if !services.configuration.taints.isEmpty { spec["taints"] = .array(services.configuration.taints) }
        let node: Value = [
            "apiVersion": "v1", "kind": "Node",
            "metadata": [
                "name": .string(name), "labels": Value(labels), "annotations": ["volumes.kubernetes.io/controller-managed-attach-detach": "true"],
            ],
            "spec": spec, "status": status,
        ]
        do {
            return try await services.client.create(.nodes, node)
        } catch let error as APIError where error.reason == .alreadyExists {
            return try await adopt(status)
        }
    }

    /// The node was here before: its labels and status are brought up to date, everything else is the cluster's.
    private func adopt(_ status: Value) async throws -> Value {
        let existing = try await services.client.get(.nodes, name: name)
        let missing = labels.filter { existing.labels[$0.key] != $0.value }
        if !missing.isEmpty { try await services.client.patch(.nodes, name: name, .merge, ["metadata": ["labels": Value(missing)]]) }
        if existing.spec["podCIDR"].isNull, let first = services.configuration.podCIDRs.first {
            let spec: Value = ["podCIDR": .string(first), "podCIDRs": Value(services.configuration.podCIDRs)]
            try await services.client.patch(.nodes, name: name, .merge, ["spec": spec])
        }
        return try await write(status, over: existing)
    }

    private var labels: [String: String] {
        var labels = [
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": NodeInfo.architecture,
            "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": NodeInfo.architecture,
        ]
        labels.merge(services.configuration.labels) { $1 }
        return labels
    }

    // MARK: Status

    private func status(_ info: NodeInfo, previous: Value, listsImages: Bool = true) async -> Value {
        let now = services.now()
        let configuration = services.configuration
        var addresses: [Value] = configuration.internalIPs.map { ["type": "InternalIP", "address": .string($0)] }
        addresses += configuration.externalIPs.map { ["type": "ExternalIP", "address": .string($0)] }
        addresses.append(["type": "Hostname", "address": .string(name)])
        let conditions = NodeConditions(
            pressures: services.pressure.pressures(), notReady: await runtimeFailure())
        return [
            "addresses": .array(addresses), "capacity": services.capacity.value, "allocatable": services.allocatable.value,
            "conditions": .array(conditions.values(previous: previous["conditions"].array, now: now)), "nodeInfo": info.value,
            "daemonEndpoints": ["kubeletEndpoint": ["Port": Value(configuration.port)]],
            "images": listsImages ? .array(await images()) : previous["images"],
        ]
    }

    /// Why pods can't run here for now, or nil.
    private func runtimeFailure() async -> String? {
        do {
            let status = try await services.runtime.status(verbose: false).status
            for condition in status.conditions where !condition.status {
                let subject = condition.type == "NetworkReady" ? "container runtime network not ready" : "container runtime not ready"
                return "\(subject): \(condition.type)=false reason:\(condition.reason) message:\(condition.message)"
            }
            return nil
        } catch {
            return "container runtime status check may not have completed yet: \(error.message)"
        }
    }

    /// Images listed at most, the largest first.
    private static let imagesMax = 50
    private static let namesMax = 5

    private func images() async -> [Value] {
        let all = ((try? await services.runtime.images()) ?? []).sorted { $0.size > $1.size }
        return all.prefix(Self.imagesMax).map { image in
            ["names": Value(Array((image.repoDigests + image.repoTags).prefix(Self.namesMax))), "sizeBytes": .integer(Int64(clamping: image.size))]
        }
    }

    private func write(_ status: Value, over existing: Value) async throws -> Value {
        var changed = status
        for field in ["capacity", "allocatable", "nodeInfo", "daemonEndpoints", "images"] where existing.status[field] == status[field] {
            changed[field] = .null
        }
        if existing.status["addresses"] == status["addresses"] {
            changed["addresses"] = .null
        } else {
            changed["addresses"] = .array([["$patch": "replace"]] + status["addresses"].array)
        }
        return try await services.client.patch(.nodes, name: name, subresource: "status", .strategicMerge, ["status": changed])
    }

    // MARK: Staying alive

    private func heartbeat(owner: (name: String, uid: String)?) async {
        let lease = NodeLease(node: name, duration: services.configuration.leaseInterval * 4, owner: owner)
        let clock = ContinuousClock()
        while !Task.isCancelled {
            var pause = services.configuration.leaseInterval
            do {
                try await lease.renew(services.client, at: services.now())
            } catch {
                if Task.isCancelled { return }
                services.logger.debug("renewing the lease failed", metadata: ["node": "\(name)", "error": "\(error)"])
                pause = .seconds(1)
            }
            try? await clock.sleep(for: pause, tolerance: .milliseconds(100))
        }
    }

    /// Looks every ten seconds, which costs one small call, and writes when something other than the time changed.
    private func report(_ info: NodeInfo) async {
        var last: Value?
        var seenPulls = 0
        var written = ContinuousClock.now
        while !Task.isCancelled {
            do {
                let previous: Value
                if let last { previous = last } else { previous = try await services.client.get(.nodes, name: name).status }
                let pulls = await services.images.pullCount
                let isImageNews = pulls != seenPulls || ContinuousClock.now - written >= Self.reportInterval
                let status = await self.status(info, previous: previous, listsImages: last == nil || isImageNews)
                seenPulls = pulls
                let isDue = ContinuousClock.now - written >= Self.reportInterval
                if last == nil || isDue || Self.differs(previous, status) {
                    let existing: Value = ["status": previous]
                    last = try await write(status, over: existing).status
                    written = .now
                }
            } catch let error as APIError where error.reason == .notFound {
                // Somebody deleted the node: it registers again.
                var info = info
                _ = await register(&info)
                last = nil
            } catch {
                services.logger.debug("writing the node's status failed", metadata: ["node": "\(name)", "error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(10), tolerance: .seconds(1))
        }
    }

    private static func differs(_ old: Value, _ new: Value) -> Bool {
        for field in ["addresses", "capacity", "allocatable", "nodeInfo", "daemonEndpoints", "images"] where old[field] != new[field] { return true }
        return new["conditions"].array.contains { condition in
            let before = old["conditions"].array.first { $0["type"] == condition["type"] }
            return ["status", "reason", "message"].contains { before?[$0] != condition[$0] }
        }
    }
}
