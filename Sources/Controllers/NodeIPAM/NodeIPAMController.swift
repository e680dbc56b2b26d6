import ClusterClient
import ObjectModel
import Synchronization

/// Gives every node a block of the cluster's pod addresses, and no two the same: upstream's `node-ipam-controller` with its range allocator.
///
/// One worker allots, and remembers what it allotted before the API shows it, so that nodes that join at once cannot get the same block. A node that
/// comes with a block keeps it.
public struct NodeIPAMController: Controller {
    private let context: ControllerContext
    private let clusterCIDR: CIDR
    private let nodes: Informer
    private let recorder: EventRecorder
    private let queue: WorkQueue
    private let state: Allotments

    public init(_ context: ControllerContext, clusterCIDR: CIDR) {
        self.context = context
        self.clusterCIDR = clusterCIDR
        nodes = context.informers.informer(.nodes)
        recorder = context.recorder("cidrAllocator")
        let (queue, state, nodes) = (WorkQueue(), Allotments(), nodes)
        (self.queue, self.state) = (queue, state)
        nodes.onChange { change in
            state.learn(change)
            if let node = change.new {
                if PodBlocks.held(by: node).isEmpty { queue.enqueue(node.name) }
            } else {
                // Its block may be what others wait for.
                for node in nodes.list() where PodBlocks.held(by: node).isEmpty { queue.enqueue(node.name) }
            }
        }
    }

    public func run() async {
        await context.loop("node-ipam-controller", queue: queue, workers: 1, reconcile: reconcile).run(after: [nodes])
    }

    private func reconcile(_ name: String) async throws -> Duration? {
        guard let node = nodes.get(name), PodBlocks.held(by: node).isEmpty, !state.holds(name) else { return nil }
        guard let block = state.allot(name, of: clusterCIDR) else {
            recorder.event(node, .warning, "CIDRNotAvailable", "Node \(name) status is now: CIDRNotAvailable")
            context.logger.warning("no block of pod addresses is left for a node", metadata: ["node": "\(name)", "cluster-cidr": "\(clusterCIDR)"])
            return nil
        }
        do {
            let text: Value = .string(block.description)
            let patch: Value = ["metadata": ["uid": .string(node.uid)], "spec": ["podCIDR": text, "podCIDRs": [text]]]
            try await context.client.patch(.nodes, name: name, .strategicMerge, patch)
        } catch {
            state.release(name)
            throw error
        }
        return nil
    }
}

/// Which node has which blocks: what the API shows, and what was allotted since.
private final class Allotments: Sendable {
    private struct State {
        var held: [String: [CIDR]] = [:]

        /// A block that was given back is not given to another at once: its last pods may still be heard of.
        var next = 0
    }

    private let state = Mutex(State())

    func learn(_ change: Informer.Change) {
        let name = change.object.name
        let blocks = change.new.map(PodBlocks.held(by:)) ?? []
        state.withLock { state in
            if change.new == nil || change.old.map({ $0.uid != change.object.uid }) ?? false { state.held[name] = nil }
            if !blocks.isEmpty { state.held[name] = blocks }
        }
    }

    func holds(_ name: String) -> Bool { state.withLock { $0.held[name] != nil } }

    func allot(_ name: String, of cluster: CIDR) -> CIDR? {
        state.withLock { state in
            guard let (block, number) = PodBlocks.free(of: cluster, taken: Array(state.held.values.joined()), from: state.next) else { return nil }
            state.held[name] = [block]
            state.next = number + 1
            return block
        }
    }

    func release(_ name: String) { state.withLock { $0.held[name] = nil } }
}
