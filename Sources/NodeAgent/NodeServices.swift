import ClusterClient
import ContainerRuntime
import Logging
import ObjectModel

/// What all pods of a node share.
struct NodeServices: Sendable {
    let configuration: NodeAgentConfiguration
    let client: Client
    let runtime: any ContainerRuntime
    let observer: PodObserver
    let recorder: EventRecorder
    let images: ImagePuller
    let objects: ReferencedObjects

    /// Services, for the variables that containers start with.
    let services: Informer
    let directories: PodDirectories
    let cgroups: PodCgroups?
    let dns: PodDNS.Cluster
    let capacity: NodeCapacity
    let allocatable: NodeCapacity

    /// What the pods were granted of it.
    let allocations: NodeAllocations

    /// Which pod a container or sandbox belongs to, for the runtime's events.
    let index: RuntimeIndex
    let metrics: NodeMetrics

    /// What the machine runs short of.
    let pressure: PressureMonitor
    let logger: Logger
    let now: @Sendable () -> Timestamp
}
