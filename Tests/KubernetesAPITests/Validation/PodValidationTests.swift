import ObjectModel
import Testing

@Suite struct PodValidationTests {
    static let pod: Value = [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": "web", "namespace": "default"],
        "spec": [
            "containers": [["name": "c", "image": "i:1"]], "nodeSelector": ["disk": "ssd"],
            "tolerations": [["key": "a", "operator": "Exists", "effect": "NoExecute"]],
            "volumes": [["name": "v", "emptyDir": [:]]],
        ],
    ]

    @Test func `a plain pod is right`() throws { #expect(try Rule.problems(Self.pod).isEmpty) }

    /// Patches of the pod's spec.
    static let specs: [Rule] = [
        Rule(#"{"containers":[]}"#, "spec.containers: Required value"),
        Rule(
            #"{"restartPolicy":"Sometimes"}"#,
            #"spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never""#),
        Rule(
            #"{"dnsPolicy":"X"}"#,
            #"spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None""#),
        Rule(#"{"dnsPolicy":"None"}"#, "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
        Rule(
            #"{"dnsPolicy":"None","dnsConfig":{"nameservers":["x"]}}"#,
            #"spec.dnsConfig.nameservers[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#),
        Rule(#"{"activeDeadlineSeconds":0}"#, "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"),
        Rule(#"{"hostname":"a.b"}"#, #"spec.hostname: Invalid value: "a.b": must not contain dots"#),
        Rule(
            #"{"tolerations":[{"key":"a","operator":"Exists","value":"x"}]}"#,
            #"spec.tolerations[0].operator: Invalid value: "x": value must be empty when `operator` is 'Exists'"#
        ),
        Rule(
            #"{"tolerations":[{"key":"a","effect":"X"}]}"#,
            #"spec.tolerations[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute""#),
        Rule(
            #"{"nodeName":"n","schedulingGates":[{"name":"g"}]}"#,
            "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"),
        Rule(#"{"schedulingGates":[{"name":"g"},{"name":"g"}]}"#, #"spec.schedulingGates[1]: Duplicate value: "g""#),
        Rule(
            #"{"topologySpreadConstraints":[{"maxSkew":0,"topologyKey":"z","whenUnsatisfiable":"Never"}]}"#,
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            #"spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway""#),
        Rule(
            #"{"affinity":{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":[{"labelSelector":{}}]}}}"#,
            "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
            #"spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty"#,
            #"spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"#
        ),
        Rule(
            #"{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":0,"preference":{"matchExpressions":[{"key":"a","operator":"In"}]}}]}}}"#,
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
        ),
        Rule(#"{"ephemeralContainers":[{"name":"e","image":"i"}]}"#, "spec.ephemeralContainers: Forbidden: cannot be set on create"),
        Rule(#"{"initContainers":[{"name":"c","image":"i"}]}"#, #"spec.initContainers[0].name: Duplicate value: "c""#),
        Rule(
            #"{"initContainers":[{"name":"i","image":"i","readinessProbe":{"exec":{"command":["a"]}}}]}"#,
            "spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always"),
        Rule(#"{"volumes":[{"name":"v"}]}"#),
        Rule(#"{"volumes":[{"name":"v","emptyDir":{}},{"name":"v","emptyDir":{}}]}"#, #"spec.volumes[1].name: Duplicate value: "v""#),
        Rule(
            #"{"volumes":[{"name":"v","emptyDir":{},"secret":{"secretName":"s"}}]}"#,
            "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type"),
        Rule(#"{"volumes":[{"name":"v","secret":{}}]}"#, "spec.volumes[0].secret.secretName: Required value"),
        Rule(
            #"{"volumes":[{"name":"v","configMap":{"name":"c","defaultMode":512,"items":[{"key":"k","path":"../x"}]}}]}"#,
            "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
            #"spec.volumes[0].configMap.items[0].path: Invalid value: "../x": must not contain '..'"#),
        Rule(
            #"{"securityContext":{"runAsUser":-1,"seccompProfile":{"type":"Localhost"}}}"#,
            "spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"),
        Rule(
            #"{"hostAliases":[{"ip":"1.2.3"}]}"#,
            #"spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"#),
        Rule(#"{"os":{"name":"dos"}}"#, #"spec.os: Unsupported value: "dos": supported values: "linux", "windows""#),
        Rule(
            #"{"hostUsers":false,"hostPID":true,"hostNetwork":true}"#,
            "spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false", "spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false"),
        Rule(
            #"{"hostNetwork":true,"securityContext":{"sysctls":[{"name":"net.core.somaxconn","value":"1"}]}}"#,
            #"spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when 'hostNetwork' is true"#),
        Rule(
            #"{"securityContext":{"appArmorProfile":{"type":"Localhost","localhostProfile":" a"}}}"#,
            #"spec.securityContext.appArmorProfile.localhostProfile: Invalid value: " a": must not be padded with whitespace"#),
        Rule(
            #"{"os":{"name":"windows"},"securityContext":{"fsGroup":1,"windowsOptions":{"runAsUserName":"a\\b\\c"}}}"#,
            #"spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\b\\c": runAsUserName cannot contain more than one backslash"#,
            "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod"),
        Rule(
            #"{"securityContext":{"windowsOptions":{"hostProcess":true}}}"#,
            "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers"),
        Rule(#"{"overhead":{"cpu":"-1"}}"#, #"spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0"#),
        Rule(
            #"{"resources":{"requests":{"cpu":"1"},"limits":{"cpu":"1"}},"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"2"}}}]}"#,
            #"spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2"#,
            #"spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1"#),
        Rule(
            #"{"volumes":[{"name":"v","iscsi":{"targetPortal":"1.2.3.4","iqn":"iqn.2001-04.example:x","chapAuthSession":true}},{"name":"w","iscsi":{"targetPortal":"1.2.3.4","iqn":"nqn"}}]}"#,
            "spec.volumes[0].iscsi.secretRef: Required value",
            #"spec.volumes[1].iscsi.iqn: Invalid value: "nqn": must be valid format starting with iqn, eui, or naa"#),
        Rule(
            #"{"volumes":[{"name":"v","downwardAPI":{"items":[{"path":"a","fieldRef":{"fieldPath":"spec.nodeName"}}]}}]}"#,
            #"spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid""#
        ),
        Rule(
            #"{"volumes":[{"name":"v","projected":{"sources":[{"secret":{"name":"s","items":[{"key":"a","path":"x"}]}},{"configMap":{"name":"c","items":[{"key":"a","path":"x"}]}}]}}]}"#,
            #"spec.volumes[0].projected: Invalid value: "c": conflicting duplicate paths"#),
        Rule(
            #"{"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"web-w"}},{"name":"w","ephemeral":{"volumeClaimTemplate":{"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1"}}}}}}]}"#,
            #"spec.volumes[0].persistentVolumeClaim.claimName: Invalid value: "web-w": must not reference a PVC that gets created for an ephemeral volume"#
        ),
        Rule(
            #"{"volumes":[{"name":"v","flexVolume":{"driver":"a/b","options":{"kubernetes.io/x":"1"}}},{"name":"w","nfs":{"server":"s"}}]}"#,
            #"spec.volumes[0].flexVolume.options[kubernetes.io/x]: Invalid value: "kubernetes.io/x": kubernetes.io and k8s.io namespaces are reserved"#,
            "spec.volumes[1].nfs.path: Required value", #"spec.volumes[1].nfs.path: Invalid value: "": must be an absolute path"#),
    ]

    @Test(arguments: specs) func `a pod's spec keeps its rules`(_ rule: Rule) throws {
        try rule.inSpec.check(Self.pod)
    }

    /// Patches of the pod's one container; paths are within it.
    static let containers: [Rule] = [
        Rule(
            #"{"name":"C"}"#,
            #".name: Invalid value: "C": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"#
        ),
        Rule(#"{"image":null}"#, ".image: Required value"),
        Rule(#"{"image":" i"}"#, #".image: Invalid value: " i": must not have leading or trailing whitespace"#),
        Rule(#"{"imagePullPolicy":"Maybe"}"#, #".imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never""#),
        Rule(
            #"{"terminationMessagePolicy":"X"}"#,
            #".terminationMessagePolicy: Unsupported value: "X": supported values: "File", "FallbackToLogsOnError""#),
        Rule(#"{"ports":[{"containerPort":0}]}"#, ".ports[0].containerPort: Required value"),
        Rule(#"{"ports":[{"containerPort":65536}]}"#, ".ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive"),
        Rule(
            #"{"ports":[{"containerPort":80,"protocol":"HTTP"}]}"#,
            #".ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP""#),
        Rule(#"{"ports":[{"containerPort":80,"name":"a"},{"containerPort":81,"name":"a"}]}"#, #".ports[1].name: Duplicate value: "a""#),
        Rule(
            #"{"ports":[{"containerPort":80,"hostPort":80},{"containerPort":81,"hostPort":80}]}"#, #".ports[1].hostPort: Duplicate value: "TCP//80""#),
        Rule(#"{"env":[{"name":""}]}"#, ".env[0].name: Required value"),
        Rule(
            #"{"env":[{"name":"a","valueFrom":{}}]}"#,
            #".env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"#
        ),
        Rule(
            #"{"env":[{"name":"a","value":"b","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]}"#,
            #".env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty"#),
        Rule(
            #"{"env":[{"name":"a","valueFrom":{"fieldRef":{"fieldPath":"status.x"}}}]}"#,
            #".env[0].valueFrom.fieldRef.fieldPath: Invalid value: "status.x": error converting fieldPath: field label not supported: status.x"#),
        Rule(#"{"env":[{"name":"a","valueFrom":{"fieldRef":{"fieldPath":"metadata.labels['app']"}}}]}"#),
        Rule(#"{"env":[{"name":"a","valueFrom":{"secretKeyRef":{"name":"s"}}}]}"#, ".env[0].valueFrom.secretKeyRef.key: Required value"),
        Rule(#"{"envFrom":[{}]}"#, #".envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`"#),
        Rule(
            #"{"resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}}}"#,
            #".resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1"#),
        Rule(
            #"{"resources":{"limits":{"cpu":"-1"}}}"#, #".resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0"#,
            #".resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0"#),
        Rule(
            #"{"resources":{"requests":{"tea":"1"}}}"#,
            #".resources.requests[tea]: Invalid value: "tea": must be a standard resource type or fully qualified"#,
            #".resources.requests[tea]: Invalid value: "tea": must be a standard resource for containers"#),
        Rule(
            #"{"resources":{"requests":{"example.com/gpu":"1"}}}"#,
            ".resources.limits: Required value: Limit must be set for non overcommitable resources"),
        Rule(#"{"volumeMounts":[{"name":"none","mountPath":"/x"}]}"#, #".volumeMounts[0].name: Not found: "none""#),
        Rule(
            #"{"volumeMounts":[{"name":"v","mountPath":"/x"},{"name":"v","mountPath":"/x"}]}"#,
            #".volumeMounts[1].mountPath: Invalid value: "/x": must be unique"#),
        Rule(
            #"{"volumeMounts":[{"name":"v","mountPath":"/x","subPath":"/a"}]}"#,
            #".volumeMounts.subPath: Invalid value: "/a": must be a relative path"#),
        Rule(#"{"livenessProbe":{}}"#, ".livenessProbe: Required value: must specify a handler type"),
        Rule(#"{"livenessProbe":{"exec":{"command":["a"]},"successThreshold":2}}"#, ".livenessProbe.successThreshold: Invalid value: 2: must be 1"),
        Rule(
            #"{"readinessProbe":{"httpGet":{"path":"/","port":0}}}"#,
            ".readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        Rule(#"{"lifecycle":{"preStop":{"exec":{}}}}"#, ".lifecycle.preStop.exec.command: Required value"),
        Rule(
            #"{"securityContext":{"privileged":true,"allowPrivilegeEscalation":false}}"#,
            #".securityContext: Invalid value: {"allowPrivilegeEscalation":false,"privileged":true}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true"#
        ),
        Rule(
            #"{"resizePolicy":[{"resourceName":"disk","restartPolicy":"NotRequired"}]}"#,
            #".resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory""#),
        Rule(
            #"{"resources":{"claims":[{"name":"gpu"}]}}"#,
            #".resources.claims[0]: Not found: "gpu": must be one of the names in pod.spec.resourceClaims which is empty"#),
        Rule(
            #"{"resources":{"limits":{"cpu":"1","hugepages-2Mi":"3Mi"}}}"#,
            #".resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi"#,
            #".resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi"#),
        Rule(
            #"{"lifecycle":{"preStop":{"sleep":{"seconds":31}}}}"#,
            ".lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)"),
        Rule(
            #"{"env":[{"name":"a","valueFrom":{"resourceFieldRef":{"resource":"limits.cpu","divisor":"2"}}}]}"#,
            #".env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource"#
        ),
    ]

    @Test(arguments: containers) func `a container keeps its rules`(_ rule: Rule) throws {
        var pod = Self.pod
        pod["spec"]["containers"][0] = pod["spec"]["containers"][0].applying(mergePatch: try Value(json: rule.patch))
        #expect(try Rule.problems(pod) == rule.problems.map { "spec.containers[0]\($0)" })
    }

    static let updates: [Rule] = [
        Rule(#"{"spec":{"containers":[{"name":"c","image":"i:2"}]}}"#),
        Rule(#"{"spec":{"activeDeadlineSeconds":5}}"#),
        Rule(
            #"{"spec":{"containers":[{"name":"c","image":"i:1"},{"name":"d","image":"i"}]}}"#,
            "spec.containers: Forbidden: pod updates may not add or remove containers"),
        Rule(#"{"spec":{"tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":3},{"operator":"Exists"}]}}"#),
        Rule(#"{"spec":{"tolerations":null}}"#, "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"),
    ]

    @Test(arguments: updates) func `few things of a pod may change`(_ rule: Rule) throws { try rule.check(updating: Self.pod) }

    @Test func `whatever else changes is refused with upstream's list of what may`() throws {
        var pod = Self.pod
        pod["spec"]["hostname"] = "other"
        let problems = try Rule.problems(pod, old: Self.pod)
        #expect(problems.count == 1)
        #expect(
            problems[0].hasPrefix(
                "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n"
            ))
    }

    @Test func `a gated pod's node selector may grow`() throws {
        var gated = Self.pod
        gated["spec"]["schedulingGates"] = [["name": "example.com/quota"]]
        var narrowed = gated
        narrowed["spec"]["nodeSelector"]["zone"] = "a"
        #expect(try Rule.problems(narrowed, old: gated).isEmpty)
        narrowed["spec"]["nodeSelector"]["disk"] = nil
        #expect(try Rule.problems(narrowed, old: gated).count == 1)
    }
}
