import APIServer
import ClusterClient
import Controllers
import Logging
import Scheduler
import ServiceLifecycle

/// The long-lived parts of a control plane, in the order in which they start.
enum ControlServices {
    static func all(_ control: ControlPlane, _ logger: Logger) -> [any Service] {
        let server = control.server
        return [
            Component("compactor") { await control.compactor.run() },
            Component("listener") {
                try await Self.untilCancelled()
                await control.listener.stop(within: .seconds(5))
            },
            Component("api server") { await server.server.run() },
        ]
    }

    private static func untilCancelled() async throws {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(86_400)) }
    }
}
