import ClusterClient
import Controllers

/// Every controller of a control plane: the service account that it acts as, and how it is made. A new controller is one line here.
enum ControllerTable {
    typealias Make = @Sendable (ControllerContext, ControlPlane) -> any Controller

    static let all: [(account: String, make: Make)] = [
        ("replicaset-controller", { context, _ in ReplicaSetController(.replicaSet, context) }),
        ("replication-controller", { context, _ in ReplicaSetController(.replicationController, context) }),
        ("deployment-controller", { context, _ in DeploymentController(context) }),
        ("statefulset-controller", { context, _ in StatefulSetController(context) }),
        ("daemon-set-controller", { context, _ in DaemonSetController(context) }),
        ("job-controller", { context, _ in JobController(context) }),
        ("cronjob-controller", { context, _ in CronJobController(context) }),
        ("ttl-after-finished-controller", { context, _ in FinishedJobController(context) }),
        ("endpointslice-controller", { context, _ in EndpointSliceController(context) }),
        ("endpoint-controller", { context, _ in EndpointsController(context) }),
        ("service-account-controller", { context, _ in ServiceAccountController(context) }),
        ("root-ca-cert-publisher", { context, control in RootCAController(context, certificatePEM: control.authority.certificatePEM) }),
        ("node-controller", { context, _ in NodeLifecycleController(context) }),
        ("node-controller", { context, _ in TaintEvictionController(context) }),
        ("namespace-controller", { context, control in NamespaceController(context, contents: control.server.deletableResources) }),
        ("generic-garbage-collector", { context, control in GarbageCollector(context, resources: control.ownedResources) }),
        ("disruption-controller", { context, _ in DisruptionController(context) }),
        ("disruption-controller", { context, _ in StaleDisruptionController(context) }),
        ("resourcequota-controller", { context, control in ResourceQuotaController(context, resources: control.ownedResources) }),
        ("clusterrole-aggregation-controller", { context, _ in ClusterRoleAggregationController(context) }),
        ("certificate-controller", { context, control in CertificateController(context, authority: control.authority) }),
        ("flow-schema-controller", { context, _ in FlowSchemaController(context) }),
        ("token-cleaner", { context, _ in BootstrapTokenCleaner(context) }),
        ("pvc-protection-controller", { context, _ in ClaimProtectionController(context) }),
        ("pv-protection-controller", { context, _ in VolumeProtectionController(context) }),
        (
            "node-controller",
            { context, control in
                control.clusterCIDR.map { NodeIPAMController(context, clusterCIDR: $0) as any Controller } ?? NoController()
            }
        ),
        ("pod-garbage-collector", { context, _ in PodCollector(context) }),
    ]
}

/// In place of one that this control plane has no use for.
private struct NoController: Controller {
    func run() async { await Component.untilCancelled() }
}

extension ControlPlane {
    /// What owners may own: everything but events, of which there are many and which end by themselves.
    fileprivate var ownedResources: [Resource] { server.deletableResources.filter { $0.plural != "events" } }
}
