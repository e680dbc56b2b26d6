import APIServer
import ClusterClient
import Foundation
import Logging
import NodeAgent
import ObjectModel
import ServiceLifecycle

/// The composition root: wires the parts of a cluster, runs them, and stops them in order.
struct Cluster {
    let settings: Settings
    let console: Console

    init(data: DataOptions, server: ServerOptions, node: NodeOptions?, console: Console) throws {
        settings = try Settings(data: data, server: server, node: node)
        self.console = console
    }

    func run() async throws {
        let directory = try DataDirectory(settings.dataDirectory)
        let lock = try directory.lock()
        let file = try LogFile(path: directory.log)
        let level = settings.logLevel
        LoggingSystem.bootstrap { FileLog(label: $0, file: file, level: level, echoes: true) }
        let logger = Logger(label: "apus")
        console.say("Logging to \(directory.log)")

        let control = try await ControlPlane.start(settings, directory, logger)
        console.step("API server ready on port \(settings.port)")
        var services = ControlServices.all(control, logger)
        if let node = settings.node {
            services += try await NodeComposition(
                settings: settings, node: node, directory: directory, control: control, console: console, logger: logger
            )
            .services()
        }
        console.say("\n  export KUBECONFIG=\(directory.kubeconfig)\n")
        // Later ones use earlier ones, so they stop first.
        let group = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        await control.store.close()
        withExtendedLifetime(lock) {}
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

    /// Returns when the task is cancelled: for parts that run by themselves and only need to be stopped.
    static func untilCancelled() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        continuation.finish()
    }
}
