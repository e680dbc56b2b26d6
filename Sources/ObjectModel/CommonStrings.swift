/// Strings too long to be held inline that most objects carry: parsed objects share them instead of each holding its own.
///
/// They are literals, so that sharing them does not even count references.
struct CommonStrings {
    /// A table with open addressing: every string stands at its hash, or behind it where that place was taken. Empty places hold "".
    private let slots: [String]
    private let mask: Int

    static let table = CommonStrings(fieldNames + values)

    /// Strings of up to this many bytes live inside of `String` itself.
    static let inlineMax = 15

    private init(_ strings: [String]) {
        var slots = Array(repeating: "", count: 1024)
        mask = slots.count - 1
        for string in strings where string.utf8.count > Self.inlineMax {
            var place = Array(string.utf8).withUnsafeBytes(Self.hash) & mask
            while !slots[place].isEmpty { place = (place + 1) & mask }
            slots[place] = string
        }
        self.slots = slots
    }

    /// The shared string with these bytes. `bytes` are more than `inlineMax`.
    @inline(__always) func find(_ bytes: UnsafeRawBufferPointer) -> String? {
        var place = Self.hash(bytes) & mask
        while true {
            let string = slots[place]
            if string.isEmpty { return nil }
            if string.utf8.count == bytes.count, Bytewise.equal(string, bytes) { return string }
            place = (place + 1) & mask
        }
    }

    /// From the length, the first eight and the last eight bytes.
    @inline(__always) private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
        let first = bytes.loadUnaligned(as: UInt64.self)
        let last = bytes.loadUnaligned(fromByteOffset: bytes.count - 8, as: UInt64.self)
        let mixed = (first ^ last.byteSwapped &+ UInt64(bytes.count)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 40)
    }

    /// Names of fields of the built-in kinds.
    private static let fieldNames = [
        "activeDeadlineSeconds", "allocateLoadBalancerNodePorts", "allocatedResourceStatuses", "allocatedResources",
        "allocatedResourcesStatus", "allowPrivilegeEscalation", "automountServiceAccountToken", "availableReplicas", "averageUtilization",
        "awsElasticBlockStore", "backoffLimitPerIndex", "blockOwnerDeletion", "certificateChainPath", "chapAuthDiscovery",
        "clusterTrustBundle", "completedIndexes", "concurrencyPolicy", "containerResource", "containerRuntimeVersion", "containerStatuses",
        "creationTimestamp", "credentialBundlePath", "currentCPUUtilizationPercentage", "currentNumberScheduled",
        "currentVolumeAttributesClassName", "declaredFeatures", "deletionGracePeriodSeconds", "deletionTimestamp", "deprecatedFirstTimestamp",
        "deprecatedLastTimestamp", "deprecatedSource", "deprecatedTopology", "desiredNumberScheduled", "disruptionsAllowed",
        "enableServiceLinks", "ephemeralContainerStatuses", "ephemeralContainers", "expirationSeconds", "extendedResourceClaimStatus",
        "externalTrafficPolicy", "failedJobsHistoryLimit", "failureThreshold", "fsGroupChangePolicy", "fullyLabeledReplicas",
        "gcePersistentDisk", "gmsaCredentialSpec", "gmsaCredentialSpecName", "healthCheckNodePort", "hostnameOverride", "imagePullSecrets",
        "ingressClassName", "initContainerStatuses", "initialDelaySeconds", "internalTrafficPolicy", "kubeProxyVersion", "kubeletConfigKey",
        "lastHeartbeatTime", "lastObservedTime", "lastScheduleTime", "lastSuccessfulTime", "lastTransitionTime", "leaseDurationSeconds",
        "leaseTransitions", "loadBalancerClass", "loadBalancerSourceRanges", "localhostProfile", "matchExpressions", "maxExpirationSeconds",
        "maxFailedIndexes", "mismatchLabelKeys", "modifyVolumeStatus", "mountPropagation", "namespaceSelector", "nodeAffinityPolicy",
        "nodeAllocatableResourceClaimStatuses", "nodePublishSecretRef", "nodeSelectorTerms", "nodeTaintsPolicy", "nominatedNodeName",
        "numberMisscheduled", "numberUnavailable", "observedGeneration", "persistentVolumeClaim", "persistentVolumeClaimRetentionPolicy",
        "photonPersistentDisk", "podFailurePolicy", "podManagementPolicy", "podReplacementPolicy", "preemptionPolicy",
        "preferredDuringSchedulingIgnoredDuringExecution", "priorityClassName", "progressDeadlineSeconds", "protectionDomain",
        "publishNotReadyAddresses", "readOnlyRootFilesystem", "recursiveReadOnly", "recursiveReadOnlyMounts", "reportingComponent",
        "reportingController", "reportingInstance", "requiredDuringSchedulingIgnoredDuringExecution", "resourceClaimName",
        "resourceClaimStatuses", "resourceClaimTemplateName", "resourceFieldRef", "restartPolicyRules", "revisionHistoryLimit",
        "runtimeClassName", "seLinuxChangePolicy", "serviceAccountName", "serviceAccountToken", "sessionAffinityConfig", "setHostnameAsFQDN",
        "shareProcessNamespace", "stabilizationWindowSeconds", "startingDeadlineSeconds", "storageClassName", "storagePolicyName",
        "succeededIndexes", "successThreshold", "successfulJobsHistoryLimit", "supplementalGroups", "supplementalGroupsPolicy",
        "targetCPUUtilizationPercentage", "targetContainerName", "targetVolumeAttributesClassName", "terminatingReplicas",
        "terminationGracePeriodSeconds", "terminationMessagePath", "terminationMessagePolicy", "tolerationSeconds",
        "topologySpreadConstraints", "trafficDistribution", "ttlSecondsAfterFinished", "unavailableReplicas", "uncountedTerminatedPods",
        "unhealthyPodEvictionPolicy", "updatedNumberScheduled", "volumeAttributes", "volumeAttributesClassName", "volumeClaimTemplate",
        "volumeClaimTemplates", "whenUnsatisfiable",
    ]

    /// Values, labels, annotations and conditions that recur.
    private static let values = [
        "/dev/termination-log", "/var/run/secrets/kubernetes.io/serviceaccount", "ContainersReady", "PodReadyToStartContainers",
        "PodReadyToStartContainers",
        "ReplicaFailure", "MinimumReplicasAvailable", "MinimumReplicasUnavailable", "NewReplicaSetAvailable", "ReplicaSetUpdated",
        "default-scheduler",
        "kube-root-ca.crt", "PreemptLowerPriority", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "pod-template-hash",
        "deployment.kubernetes.io/revision", "deployment.kubernetes.io/desired-replicas", "deployment.kubernetes.io/max-replicas",
        "kubectl.kubernetes.io/last-applied-configuration", "kubectl.kubernetes.io/restartedAt", "controller-revision-hash",
        "pod-template-generation",
        "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index", "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by",
        "endpointslice-controller.k8s.io", "kubernetes.io/metadata.name", "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os",
        "beta.kubernetes.io/arch", "beta.kubernetes.io/os", "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "app.kubernetes.io/name",
        "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/component", "app.kubernetes.io/part-of",
        "app.kubernetes.io/managed-by",
        "helm.sh/chart", "coordination.k8s.io/v1", "discovery.k8s.io/v1", "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io",
        "networking.k8s.io/v1",
        "kubernetes.io/service-account-token", "kubernetes.io/config.source", "kubernetes.io/config.seen", "kubernetes.io/config.hash",
        "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution", "ReplicationController",
        "KubeletHasSufficientMemory",
        "KubeletHasNoDiskPressure", "KubeletHasSufficientPID", "kube-controller-manager", "ephemeral-storage", "foregroundDeletion",
        "kubernetes.io/enforce-mountable-secrets",
    ]
}

extension String {
    /// The text with these UTF-8 bytes, shared with other objects where it is one that most of them carry. What isn't UTF-8 becomes U+FFFD.
    public init(sharing bytes: UnsafeRawBufferPointer) {
        if bytes.count > CommonStrings.inlineMax, let shared = CommonStrings.table.find(bytes) {
            self = shared
        } else {
            self = String(decoding: bytes, as: UTF8.self)
        }
    }
}
