import KubernetesAPI
import ObjectModel

/// The strategy of each resource: a name here is a rule that the schema cannot say.
enum Strategies {
    static func strategy(for definition: ResourceDefinition, _ addresses: ServiceAddresses) -> any ResourceStrategy {
        switch (definition.group, definition.plural) {
        case ("", "pods"): PodStrategy()
        case ("", "services"): ServiceStrategy(addresses: addresses)
        case ("", "namespaces"): NamespaceStrategy()
        case ("", "nodes"): NodeStrategy()
        case ("", "secrets"): SecretStrategy()
        case ("", "events"), ("events.k8s.io", "events"): EventStrategy()
        case ("", "persistentvolumes"): InitialPhaseStrategy(phase: "Pending")
        case ("", "persistentvolumeclaims"): PersistentVolumeClaimStrategy()
        case ("", "limitranges"): LimitRangeStrategy()
        case ("", "replicationcontrollers"), ("apps", "replicasets"): ReplicaSetStrategy()
        case ("apps", "daemonsets"): DaemonSetStrategy()
        case ("batch", "jobs"): JobStrategy()
        case ("certificates.k8s.io", "certificatesigningrequests"): CertificateSigningRequestStrategy()
        case ("apiextensions.k8s.io", "customresourcedefinitions"): CustomResourceDefinitionStrategy()
        default: plain(definition)
        }
    }

    private static func plain(_ definition: ResourceDefinition) -> PlainStrategy {
        PlainStrategy(
            hasGeneration: counted.contains(definition.plural), countedMetadata: countedMetadata[definition.plural],
            allowsUnconditionalUpdate: !conditional.contains(definition.plural),
            allowsCreateOnUpdate: createdOnUpdate.contains(definition.plural))
    }

    /// Kinds whose `metadata.generation` counts changes.
    private static let counted: Set<String> = [
        "podtemplates", "deployments", "statefulsets", "cronjobs", "poddisruptionbudgets", "ingresses", "networkpolicies",
        "ingressclasses", "endpointslices", "priorityclasses", "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
        "validatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
        "flowschemas", "prioritylevelconfigurations", "deviceclasses", "resourceslices",
    ]

    private static let countedMetadata = ["deployments": "annotations", "endpointslices": "labels"]

    private static let conditional: Set<String> = [
        "leases", "poddisruptionbudgets", "apiservices", "runtimeclasses", "csidrivers", "csinodes", "volumeattachments", "csistoragecapacities",
        "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
    ]

    private static let createdOnUpdate: Set<String> = [
        "leases", "endpoints", "roles", "rolebindings", "clusterroles", "clusterrolebindings",
    ]
}
