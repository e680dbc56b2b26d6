import ClusterClient
import ObjectModel

/// Keeps the EndpointSlices of services that select pods.
public struct EndpointSliceController: Controller {
    private let context: ControllerContext
    private let services: Informer
    private let pods: Informer
    private let slices: Informer
    private let nodes: Informer
    private let recorder: EventRecorder
    private let written = WrittenObjects()
    private let queue = WorkQueue()
    private static let byService = "service"

    public init(_ context: ControllerContext) {
        self.context = context
        services = context.informers.informer(.services)
        pods = context.informers.informer(.pods)
        slices = context.informers.informer(.endpointSlices)
        nodes = context.informers.informer(.nodes)
        recorder = context.recorder("endpoint-slice-controller")
        EndpointIndex.add(to: pods, services: services)
        slices.addIndex(Self.byService) { Self.serviceKey($0).map { [$0] } ?? [] }
        observe()
    }

    public func run() async {
        await context.loop("endpointslice-controller", queue: queue, workers: 8, reconcile: reconcile).run(after: [services, pods, slices, nodes])
    }

    /// The service of a slice that this controller manages.
    private static func serviceKey(_ slice: Value) -> String? {
        let labels = slice.metadata["labels"]
        guard labels[EndpointSlicePlan.managedBy].string == EndpointSlicePlan.manager, let name = labels[EndpointSlicePlan.serviceName].string else {
            return nil
        }
        return "\(slice.namespace)/\(name)"
    }

    private func observe() {
        services.onChange { [queue] in queue.enqueue($0.object.key) }
        pods.onChange { [queue, services] change in
            for key in EndpointIndex.affected(by: change, in: services) { queue.enqueue(key) }
        }
        slices.onChange { [queue, written] change in
            guard let key = Self.serviceKey(change.object) else {
                // Taken from us by a change of labels.
                if let old = change.old, let key = Self.serviceKey(old) { queue.enqueue(key) }
                return
            }
            if change.new == nil { written.sawDeletion(of: change.object, for: key) }
            queue.enqueue(key)
        }
        nodes.onChange { [queue, services, pods] change in
            let label = "topology.kubernetes.io/zone"
            guard change.old?.metadata["labels"][label] != change.new?.metadata["labels"][label] || change.old == nil || change.new == nil else {
                return
            }
            for pod in pods.indexed(EndpointIndex.podNode, change.object.name) {
                for key in EndpointIndex.services(of: pod, in: services) { queue.enqueue(key) }
            }
        }
    }

    @Sendable private func reconcile(_ key: String) async throws -> Duration? {
        // The slices of a service that is gone go with it: it owns them.
        guard let service = services.get(key), !service.isBeingDeleted, service.spec["type"].string != "ExternalName",
            !service.spec["selector"].isNull
        else { return nil }
        guard written.isVisible(key, in: slices) else { return .seconds(1) }
        let plan = EndpointSlicePlan(
            service: service, pods: EndpointIndex.pods(of: service, in: pods), existing: slices.indexed(Self.byService, key), node: { nodes.get($0) })
        do {
            for slice in plan.creates { written.wrote(try await context.client.create(.endpointSlices, slice), for: key) }
            for slice in plan.updates { written.wrote(try await context.client.update(.endpointSlices, slice), for: key) }
            for slice in plan.deletes {
                try await context.client.delete(.endpointSlices, namespace: slice.namespace, name: slice.name, uid: slice.uid)
                written.deleted(slice, for: key)
            }
        } catch let error as APIError where isNamespaceTerminating(error) {
            return nil
        } catch let error as APIError where error.reason == .conflict || error.reason == .notFound {
            throw error
        } catch {
            recorder.event(
                service, .warning, "FailedToUpdateEndpointSlices", "Error updating Endpoint Slices for Service \(key): \(error)")
            throw error
        }
        return plan.missesNode ? .seconds(5) : nil
    }
}
