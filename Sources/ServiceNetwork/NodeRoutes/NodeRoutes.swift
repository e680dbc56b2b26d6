import ClusterClient
import HostNetwork
import Logging
import ObjectModel

/// Keeps a route to every other node's pods by way of that node: what makes one network of the pods of machines on one link.
///
/// Routes that someone else made stay as they are, for where nodes are further apart an administrator or a routing daemon knows the way.
public final class NodeRoutes: Sendable {
    private let nodes: Informer
    private let network: any NetworkStack
    private let nodeName: String
    private let logger: Logger
    private let pending = PendingKeys()

    /// How long to wait after a route could not be made; what is missing may come up without a node changing.
    private static let retryInterval = Duration.seconds(15)

    /// Takes its informer before it runs; `Informers.run` is the caller's.
    public init(informers: Informers, network: any NetworkStack, nodeName: String, logger: Logger) {
        nodes = informers.informer(.nodes)
        self.network = network
        self.nodeName = nodeName
        self.logger = logger
        // Every change, for a node's report every few minutes is the occasion to mend a route that was lost.
        nodes.onChange { [pending] _ in pending.insert("") }
    }

    /// Follows the nodes until the task is cancelled. The routes stay.
    public func run() async throws {
        await nodes.waitUntilSynced()
        pending.insert("")
        await withDiscardingTaskGroup { group in
            var known: Set<String> = []
            for await _ in pending.wakeUps {
                if Task.isCancelled { break }
                _ = pending.take()
                let failures = await reconcile()
                for failure in failures where !known.contains(failure) {
                    logger.warning("a node's pods cannot be reached from here", metadata: ["error": "\(failure)"])
                }
                known = Set(failures)
                if failures.isEmpty { continue }
                group.addTask { [pending] in
                    guard (try? await Task.sleep(for: Self.retryInterval)) != nil else { return }
                    pending.insert("")
                }
            }
            group.cancelAll()
        }
    }

    /// Removes the routes that were made here, for good.
    public static func remove(_ network: any NetworkStack) async throws {
        for family in IPAddress.Family.allCases {
            for route in try await network.routes(family) where route.leadsToNode {
                try await network.deleteRoute(route.destination, via: route.gateway, on: nil)
            }
        }
    }

    // MARK: Parts

    /// Other nodes' blocks, and by which address each is reached.
    static func wanted(_ nodes: [Value], on own: String) -> [CIDR: IPAddress] {
        var result: [CIDR: IPAddress] = [:]
        for node in nodes where node.name != own && !node.isBeingDeleted {
            let addresses = node.status["addresses"].array.filter { $0["type"].string == "InternalIP" }.compactMap {
                $0["address"].string.flatMap { IPAddress($0) }
            }
            for block in PodBlocks.held(by: node) {
                if let address = addresses.first(where: { $0.family == block.family }) { result[block] = address }
            }
        }
        return result
    }

    /// Makes what is missing and removes what is over; returns what failed.
    private func reconcile() async -> [String] {
        let all = nodes.list()
        let wanted = Self.wanted(all, on: nodeName)
        var failures: [String] = []
        for family in IPAddress.Family.allCases {
            let current: [NetworkRoute]
            do { current = try await network.routes(family) } catch {
                failures.append("\(error)")
                continue
            }
            let there = Dictionary(current.map { ($0.destination, $0) }) { first, second in first.leadsToNode ? second : first }
            for route in current where route.leadsToNode && wanted[route.destination] == nil {
                do { try await network.deleteRoute(route.destination, via: route.gateway, on: nil) } catch { failures.append("\(error)") }
            }
            for (block, gateway) in wanted where block.family == family {
                if let route = there[block], !route.leadsToNode || route.gateway == gateway { continue }
                do { try await network.ensureRoute(block, via: gateway, on: nil) } catch { failures.append("\(error) via \(gateway)") }
            }
        }
        return failures
    }
}
