import APIServer
import ClusterClient
import Controllers
import Identity
import Logging
import Scheduler
import ServiceLifecycle

/// The long-lived parts of a control plane, in the order in which they start.
enum ControlServices {
    static func all(_ control: ControlPlane, eventLifetime: Duration, _ logger: Logger) -> [any Service] {
        let server = control.server
        let now = Environment.system.now
        // One copy of each collection serves all controllers; each writes under its own service account.
        let informers = Informers(server.client(user: "system:kube-controller-manager", userAgent: "kube-controller-manager"), logger: logger)
        let queues = WorkQueueMetrics(control.metrics)
        let controllers = ControllerTable.all.map { account, make in
            make(
                ControllerContext(
                    client: control.client(controller: account), informers: informers, now: now, logger: logger, queues: queues), control)
        }
        let schedulerInformers = Informers(server.client(user: "system:kube-scheduler", userAgent: "kube-scheduler"), logger: logger)
        let scheduler = PodScheduler(
            client: server.client(user: "system:kube-scheduler", userAgent: "kube-scheduler"), informers: schedulerInformers, logger: logger,
            metrics: control.metrics)
        server.health.register("controller-manager") { informers.hasSynced ? nil : "some collections have not been listed yet" }
        server.health.register("scheduler") { schedulerInformers.hasSynced ? nil : "some collections have not been listed yet" }
        let expiry = EventExpiry(server, lifetime: eventLifetime, now: now)
        return [
            Component("certificate renewal") {
                await CredentialRenewal(control.renewals, logger: logger, now: now).run()
            },
            Component("compactor") { await control.compactor.run() },
            Component("listener") {
                await Component.untilCancelled()
                await control.listener.stop(within: .seconds(5))
            },
            Component("api server") { await server.server.run() },
            Component("event expiry") { await expiry.run() },
            Component("controllers' informers") { await informers.run() },
        ] + controllers.map { controller in Component("\(type(of: controller))") { await controller.run() } } + [
            Component("scheduler's informers") { await schedulerInformers.run() },
            Component("scheduler") { await scheduler.run() },
        ]
    }
}
