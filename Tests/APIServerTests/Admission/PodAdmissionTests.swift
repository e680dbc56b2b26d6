import APIServer
import ClusterClient
import ObjectModel
import Testing

@Suite struct ServiceAccountAdmissionTests {
    let plugin = ServiceAccountAdmission(randomSuffix: { "j9p5s" })

    @Test func `a pod gets the default account and its token, as upstream lays them out`() throws {
        let admitted = try plugin.admit(creating(pod(["containers": [["name": "c", "image": "repo/i:1"]]])), StoredObjects(serviceAccount()))
        #expect(
            admitted.spec == [
                "volumes": [
                    [
                        "name": "kube-api-access-j9p5s",
                        "projected": [
                            "sources": [
                                ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
                                ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
                                [
                                    "downwardAPI": [
                                        "items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]
                                    ]
                                ],
                            ], "defaultMode": 420,
                        ],
                    ]
                ],
                "containers": [
                    [
                        "name": "c", "image": "repo/i:1",
                        "volumeMounts": [
                            ["name": "kube-api-access-j9p5s", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"]
                        ],
                    ]
                ], "serviceAccountName": "default", "serviceAccount": "default",
            ])
    }

    @Test func `an account that is not there is named`() {
        let error = #expect(throws: APIError.self) { try plugin.admit(creating(pod([:])), StoredObjects()) }
        #expect(
            error?.message
                == "pods \"web\" is forbidden: error looking up service account default/default: serviceaccount \"default\" not found")
    }

    @Test func `the name to be generated stands for the name`() {
        var object = pod([:], name: "")
        object.metadata["generateName"] = "web-"
        let error = #expect(throws: APIError.self) { try plugin.admit(creating(object), StoredObjects()) }
        #expect(error?.message.hasPrefix("pods \"web-\" is forbidden: ") == true)
    }

    @Test func `pod or account opt out of the token, and the pod has the last word`() throws {
        let stored = StoredObjects(serviceAccount(), serviceAccount("quiet", "default", ["automountServiceAccountToken": false]))
        let containers: Value = [["name": "c"]]
        let out = try plugin.admit(creating(pod(["containers": containers, "automountServiceAccountToken": false])), stored)
        #expect(out.spec["volumes"].isNull)
        let quiet = try plugin.admit(creating(pod(["containers": containers, "serviceAccountName": "quiet"])), stored)
        #expect(quiet.spec["volumes"].isNull)
        let loud = try plugin.admit(
            creating(pod(["containers": containers, "serviceAccountName": "quiet", "automountServiceAccountToken": true])), stored)
        #expect(loud.spec["volumes"].array.count == 1)
    }

    @Test func `a container with a mount of its own at that path does not get the token`() throws {
        let own: Value = ["name": "mine", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"]
        let admitted = try plugin.admit(
            creating(pod(["initContainers": [["name": "i"]], "containers": [["name": "c", "volumeMounts": [own]]]])), StoredObjects(serviceAccount()))
        #expect(admitted.spec["containers"][0]["volumeMounts"] == [own])
        #expect(admitted.spec["initContainers"][0]["volumeMounts"][0]["name"] == "kube-api-access-j9p5s")
    }

    @Test func `the deprecated field names the account too`() throws {
        let stored = StoredObjects(serviceAccount("builder"))
        let admitted = try plugin.admit(creating(pod(["serviceAccount": "builder"])), stored)
        #expect(admitted.spec["serviceAccountName"] == "builder")
    }

    @Test func `pull secrets come from the account unless the pod has its own`() throws {
        let stored = StoredObjects(serviceAccount("default", "default", ["imagePullSecrets": [["name": "registry"]]]))
        let admitted = try plugin.admit(creating(pod([:])), stored)
        #expect(admitted.spec["imagePullSecrets"] == [["name": "registry"]])
        let own = try plugin.admit(creating(pod(["imagePullSecrets": [["name": "own"]]])), stored)
        #expect(own.spec["imagePullSecrets"] == [["name": "own"]])
    }

    @Test func `a mirror pod stays as it is and may not use what the API holds`() throws {
        var mirror = pod(["containers": [["name": "c"]]])
        mirror.metadata["annotations"]["kubernetes.io/config.mirror"] = "hash"
        #expect(try plugin.admit(creating(mirror), StoredObjects()) == mirror)
        mirror.spec["volumes"] = [["name": "v", "secret": ["secretName": "s"]]]
        let error = #expect(throws: APIError.self) { try plugin.admit(creating(mirror), StoredObjects()) }
        #expect(error?.message == "pods \"web\" is forbidden: a mirror pod may not reference secrets")
    }

    @Test func `an account can limit the secrets of its pods`() throws {
        let stored = StoredObjects(
            serviceAccount(
                "default", "default",
                ["metadata": ["annotations": ["kubernetes.io/enforce-mountable-secrets": "true"]], "secrets": [["name": "mine"]]]))
        _ = try plugin.admit(creating(pod(["volumes": [["name": "v", "secret": ["secretName": "mine"]]]])), stored)
        let error = #expect(throws: APIError.self) {
            try plugin.admit(creating(pod(["volumes": [["name": "v", "secret": ["secretName": "yours"]]]])), stored)
        }
        #expect(
            error?.message
                == "pods \"web\" is forbidden: volume with secret.secretName=\"yours\" is not allowed because service account default does not reference that secret"
        )
    }
}

@Suite struct DefaultTolerationSecondsTests {
    let plugin = DefaultTolerationSeconds()

    @Test func `a pod tolerates a lost node for five minutes`() throws {
        let admitted = try plugin.admit(creating(pod([:])), StoredObjects())
        #expect(
            admitted.spec["tolerations"] == [
                ["key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300],
                ["key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300],
            ])
    }

    @Test func `a pod's own tolerations come first and count`() throws {
        let own: Value = ["key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"]
        let admitted = try plugin.admit(creating(pod(["tolerations": [own]])), StoredObjects())
        #expect(admitted.spec["tolerations"].array.map { $0["key"].string } == ["node.kubernetes.io/unreachable", "node.kubernetes.io/not-ready"])
        let everything = try plugin.admit(creating(pod(["tolerations": [["operator": "Exists"]]])), StoredObjects())
        #expect(everything.spec["tolerations"] == [["operator": "Exists"]])
    }
}

@Suite struct PriorityAdmissionTests {
    let plugin = PriorityAdmission()

    func priorityClass(_ name: String, _ value: Int, isDefault: Bool = false, policy: String? = nil) -> (Resource, Value) {
        (
            .priorityClasses,
            [
                "metadata": ["name": .string(name)], "value": Value(value), "globalDefault": .bool(isDefault),
                "preemptionPolicy": policy.map(Value.string) ?? nil,
            ]
        )
    }

    @Test func `a pod without a class has priority 0`() throws {
        let admitted = try plugin.admit(creating(pod([:])), StoredObjects())
        #expect(admitted.spec == ["priority": 0, "preemptionPolicy": "PreemptLowerPriority"])
    }

    @Test func `the class gives number and policy`() throws {
        let stored = StoredObjects(priorityClass("high", 1000, policy: "Never"))
        let admitted = try plugin.admit(creating(pod(["priorityClassName": "high"])), stored)
        #expect(admitted.spec == ["priority": 1000, "preemptionPolicy": "Never", "priorityClassName": "high"])
    }

    @Test func `the default class is for pods without one`() throws {
        let stored = StoredObjects(priorityClass("usual", 10, isDefault: true), priorityClass("high", 1000))
        let admitted = try plugin.admit(creating(pod([:])), stored)
        #expect(admitted.spec == ["priority": 10, "preemptionPolicy": "PreemptLowerPriority", "priorityClassName": "usual"])
    }

    @Test func `an unknown class and a number of one's own are refused`() {
        let unknown = #expect(throws: APIError.self) { try plugin.admit(creating(pod(["priorityClassName": "x"])), StoredObjects()) }
        #expect(unknown?.message == "pods \"web\" is forbidden: no PriorityClass with name x was found")
        let number = #expect(throws: APIError.self) { try plugin.admit(creating(pod(["priority": 7])), StoredObjects()) }
        #expect(
            number?.message
                == "pods \"web\" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name"
        )
    }

    @Test func `an update keeps what the client left out`() throws {
        let admitted = try plugin.admit(updating(pod(["priority": 5, "preemptionPolicy": "Never"]), to: pod([:])), StoredObjects())
        #expect(admitted.spec == ["priority": 5, "preemptionPolicy": "Never"])
    }

    @Test func `there is one default class`() throws {
        let (_, second) = priorityClass("second", 1, isDefault: true)
        let stored = StoredObjects(priorityClass("first", 1, isDefault: true))
        let error = #expect(throws: APIError.self) { try plugin.admit(creating(second, .priorityClasses, namespace: ""), stored) }
        #expect(
            error?.message
                == "priorityclasses.scheduling.k8s.io \"second\" is forbidden: PriorityClass first is already marked as default. Only one default can exist"
        )
        let (_, first) = priorityClass("first", 1, isDefault: true)
        _ = try plugin.admit(updating(first, to: first, .priorityClasses, namespace: ""), stored)
    }
}

@Suite struct TaintNodesByConditionTests {
    @Test func `a new node takes no pods yet`() throws {
        let node: Value = ["metadata": ["name": "n1"], "spec": [:]]
        let admitted = try TaintNodesByCondition().admit(creating(node, .nodes, namespace: ""), StoredObjects())
        #expect(admitted.spec["taints"] == [["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"]])
        let again = try TaintNodesByCondition().admit(creating(admitted, .nodes, namespace: ""), StoredObjects())
        #expect(again == admitted)
    }

    @Test func `random suffixes are of five unambiguous characters`() {
        for _ in 0..<100 { #expect(NameSuffix.random().wholeMatch(of: /[bcdfghjklmnpqrstvwxz2456789]{5}/) != nil) }
    }
}
