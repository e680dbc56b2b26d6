import APIServer
import ClusterClient
import Foundation
import Logging
import NodeAgent
import ObjectModel
import ServiceLifecycle
import Storage

/// The composition root: wires the parts of a cluster, runs them, and stops them in order.
struct Cluster {
    let settings: Settings
    let console: Console

    private let setsDamagedAside: Bool

    init(
        data: DataOptions, server: ServerOptions, pods: PodNetworkOptions, node: NodeOptions?, simulatedNodes: Int?, console: Console
    ) throws {
        settings = try Settings(data: data, server: server, pods: pods, node: node, simulatedNodes: simulatedNodes)
        self.console = console
        setsDamagedAside = server.setDamagedAside
    }

    func run() async throws {
        // All that can be known to go wrong is found before anything is written.
        if let node = settings.node, node.simulated == nil { try Prerequisites.check(usesOwnRuntime: node.runtimeEndpoint == nil) }
        try FileLock.checkIsFree("\(settings.dataDirectory)/lock", owner: settings.dataDirectory)
        try PortCheck.check(settings.port, on: settings.bindAddress, option: "choose another with --port")
        if let node = settings.node, node.simulated == nil {
            try PortCheck.check(NodeStreamingServer.standardPort, on: "0.0.0.0", option: "run the control plane alone with `apus server`")
        }
        let directory = try DataDirectory(settings.dataDirectory)
        let lock = try directory.lock()
        let file = try LogFile(path: directory.log)
        let level = settings.logLevel
        LoggingSystem.bootstrap { FileLog(label: $0, file: file, level: level, echoes: true) }
        let logger = Logger(label: "apus")
        console.say("Logging to \(directory.log)")

        let control = try await startControlPlane(directory, logger)
        console.step("API server ready on port \(settings.port)")
        var services = ControlServices.all(control, eventLifetime: settings.eventLifetime, logger)
        if let node = settings.node {
            if let count = node.simulated {
                services.append(SimulatedComposition.nodes(count, control, logger))
                console.step("\(count) simulated nodes")
            } else {
                let access = NodeAccess(control, node: node.name)
                // Nobody else gives out blocks yet: the controllers run later.
                let block = try await NodeClaim(access.node, node).takeFree()
                services += try await NodeComposition(
                    node: node, podCIDR: block, address: settings.advertiseAddress, serviceCIDR: settings.serviceCIDR, directory: directory,
                    access: access, console: console, logger: logger
                )
                .services()
            }
        }
        console.say("\n  export KUBECONFIG=\(directory.kubeconfig)\n")
        try await Component.runAll(services, logger)
        await control.store.close()
        console.step("stopped")
        withExtendedLifetime(lock) {}
    }

    private func startControlPlane(_ directory: DataDirectory, _ logger: Logger) async throws -> ControlPlane {
        do {
            return try await ControlPlane.start(settings, directory, logger)
        } catch StoreError.cannotOpen(let path, .damaged(let what)) {
            guard setsDamagedAside else {
                throw Failure(
                    "the store \(path) is damaged (\(what)); it was left as it is: restore it from a backup, or start with an empty cluster and keep the "
                        + "damaged file beside it with --set-damaged-aside")
            }
            let time = Environment.system.now()
            let aside = try directory.setStoreAside(suffix: time.rfc3339.filter { $0.isNumber })
            console.warn("the store was damaged (\(what)); it is kept as \(aside), and the cluster starts empty")
            return try await ControlPlane.start(settings, directory, logger)
        } catch StoreError.cannotOpen(let path, .noSpace) {
            throw Failure("cannot open the store \(path): no space is left on the disk; free some, or choose another directory with --data-dir")
        } catch let error as APIError where error.message.contains("no space is left on the disk") {
            throw Failure(
                "the store \(directory.store) cannot write: no space is left on the disk; free some, or choose another directory with --data-dir")
        } catch StoreError.cannotOpen(let path, .foreign) {
            throw Failure("\(path) belongs to another application; choose another directory with --data-dir")
        }
    }
}

/// A part that works until it is told to stop, as the service group sees it.
struct Component: Service {
    let name: String
    let work: @Sendable () async throws -> Void

    init(_ name: String, _ work: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.work = work
    }

    func run() async throws {
        let work = work
        try await cancelWhenGracefulShutdown {
            do {
                try await work()
            } catch is CancellationError {
                return
            }
        }
    }

    /// Runs all parts until a signal or the end of one; later ones use earlier ones, so they stop first. Parts that take longer to stop than this are
    /// cancelled.
    static func runAll(_ services: [any Service], _ logger: Logger) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        configuration.maximumGracefulShutdownDuration = .seconds(8)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Returns when the task is cancelled: for parts that run by themselves and only need to be stopped.
    static func untilCancelled() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        continuation.finish()
    }
}
