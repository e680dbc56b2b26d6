import ClusterClient
import ObjectModel

/// Every pod runs as a service account that exists, and its containers find that account's token unless someone opted out.
public struct ServiceAccountAdmission: AdmissionPlugin {
    public let name = "ServiceAccount"

    static let volumePrefix = "kube-api-access-"
    static let mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"
    static let mirrorAnnotation = "kubernetes.io/config.mirror"

    private let randomSuffix: @Sendable () -> String

    public init(randomSuffix: @escaping @Sendable () -> String = NameSuffix.random) { self.randomSuffix = randomSuffix }

    // MARK: Mutation

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.pods), request.operation == .create else { return }
        if Self.isMirror(request.object) { return }

        // The deprecated `serviceAccount` is an alias that always shows the same name.
        let names = [request.object.spec["serviceAccountName"], request.object.spec["serviceAccount"]].compactMap(\.string)
        let accountName = names.first { !$0.isEmpty } ?? "default"
        request.object.spec["serviceAccountName"] = .string(accountName)
        request.object.spec["serviceAccount"] = .string(accountName)

        let account = try account(accountName, request, stored)
        if Self.automounts(request.object, account) { mountToken(&request.object) }
        if request.object.spec["imagePullSecrets"].isEmpty, !account["imagePullSecrets"].isEmpty {
            request.object.spec["imagePullSecrets"] = .array(account["imagePullSecrets"].array.map { ["name": $0["name"]] })
        }
    }

    /// The pod decides, then the account, then it is yes.
    private static func automounts(_ pod: Value, _ account: Value) -> Bool {
        pod.spec["automountServiceAccountToken"].bool ?? account["automountServiceAccountToken"].bool ?? true
    }

    private func mountToken(_ pod: inout Value) {
        let existing = pod.spec["volumes"].array.compactMap { $0["name"].string }.first { $0.hasPrefix(Self.volumePrefix) }
        let volume = existing ?? Self.volumePrefix + randomSuffix()
        var isMounted = false
        for list in ["initContainers", "containers"] {
            for index in pod.spec[list].array.indices {
                // Whoever mounts something of their own there does not get the token.
                if pod.spec[list][index]["volumeMounts"].array.contains(where: { $0["mountPath"].string == Self.mountPath }) { continue }
                pod.spec[list][index]["volumeMounts"].append(
                    ["name": .string(volume), "readOnly": true, "mountPath": .string(Self.mountPath)])
                isMounted = true
            }
        }
        if isMounted, existing == nil { pod.spec["volumes"].append(["name": .string(volume), "projected": Self.tokenVolume]) }
    }

    /// Token, the cluster's CA and the namespace, as every in-cluster client expects them.
    private static let tokenVolume: Value = [
        "defaultMode": 420,
        "sources": [
            ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
            ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
            ["downwardAPI": ["items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]]],
        ],
    ]

    // MARK: Validation

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.resource.plural == "pods", request.resource.group.isEmpty else { return }
        if request.operation == .update, request.subresource == "ephemeralcontainers" {
            return try limitEphemeralContainers(request, stored)
        }
        guard request.operation == .create, request.subresource.isEmpty else { return }
        if Self.isMirror(request.object) { return try validateMirror(request) }
        let accountName = request.object.spec["serviceAccountName"].string ?? ""
        guard !accountName.isEmpty else {
            throw request.forbidden("no service account specified for pod \(request.namespace)/\(request.object.name)")
        }
        let account = try account(accountName, request, stored)
        if Self.limitsSecrets(account) { try limitSecrets(request, account) }
    }

    private func account(_ name: String, _ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) -> Value {
        if let account = stored.object(.serviceAccounts, namespace: request.namespace, name: name) { return account }
        throw request.forbidden("error looking up service account \(request.namespace)/\(name): serviceaccount \"\(name)\" not found")
    }

    private static func isMirror(_ pod: Value) -> Bool { !pod.metadata["annotations"][mirrorAnnotation].isNull }

    /// A kubelet shows its static pods as they are: they can't use what the API holds.
    private func validateMirror(_ request: AdmissionRequest) throws(APIError) {
        let spec = request.object.spec
        if !spec["serviceAccountName"].isEmpty || !spec["serviceAccount"].isEmpty {
            throw request.forbidden("a mirror pod may not reference service accounts")
        }
        if !PodReferences(request.object).secrets.isEmpty { throw request.forbidden("a mirror pod may not reference secrets") }
        let sources = spec["volumes"].array.flatMap { $0["projected"]["sources"].array }
        if sources.contains(where: { !$0["serviceAccountToken"].isNull }) {
            throw request.forbidden("a mirror pod may not use ServiceAccountToken volume projections")
        }
    }

    // MARK: Limited secrets

    /// An account may insist that its pods use only the secrets that it lists.
    private static func limitsSecrets(_ account: Value) -> Bool {
        account.metadata["annotations"]["kubernetes.io/enforce-mountable-secrets"].string.map {
            ["true", "True", "TRUE", "1", "t", "T"].contains($0)
        }
            ?? false
    }

    private func limitSecrets(_ request: AdmissionRequest, _ account: Value) throws(APIError) {
        let mountable = Set(account["secrets"].array.compactMap { $0["name"].string })
        for volume in request.object.spec["volumes"].array {
            if let secret = volume["secret"]["secretName"].string, !mountable.contains(secret) {
                throw request.forbidden(
                    "volume with secret.secretName=\"\(secret)\" is not allowed because service account \(account.name) does not reference that secret"
                )
            }
        }
        for list in ["initContainers", "containers"] {
            try limitEnvironment(request, account, list, mountable)
        }
        let pullable = Set(account["imagePullSecrets"].array.compactMap { $0["name"].string })
        for (index, reference) in request.object.spec["imagePullSecrets"].array.enumerated() {
            if let secret = reference["name"].string, !pullable.contains(secret) {
                throw request.forbidden(
                    "imagePullSecrets[\(index)].name=\"\(secret)\" is not allowed because service account \(account.name) does not reference that imagePullSecret"
                )
            }
        }
    }

    private func limitEphemeralContainers(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        let account = try account(request.object.spec["serviceAccountName"].string ?? "", request, stored)
        guard Self.limitsSecrets(account) else { return }
        let mountable = Set(account["secrets"].array.compactMap { $0["name"].string })
        try limitEnvironment(request, account, "ephemeralContainers", mountable)
    }

    private func limitEnvironment(_ request: AdmissionRequest, _ account: Value, _ list: String, _ mountable: Set<String>) throws(APIError) {
        let word = ["initContainers": "init container", "ephemeralContainers": "ephemeral container"][list] ?? "container"
        for container in request.object.spec[list].array {
            for variable in container["env"].array {
                guard let secret = variable["valueFrom"]["secretKeyRef"]["name"].string, !mountable.contains(secret) else { continue }
                throw request.forbidden(
                    "\(word) \(container["name"].string ?? "") with envVar \(variable["name"].string ?? "") referencing secret.secretName=\"\(secret)\" is not allowed because service account \(account.name) does not reference that secret"
                )
            }
            for source in container["envFrom"].array {
                guard let secret = source["secretRef"]["name"].string, !mountable.contains(secret) else { continue }
                throw request.forbidden(
                    "\(word) \(container["name"].string ?? "") with envFrom referencing secret.secretName=\"\(secret)\" is not allowed because service account \(account.name) does not reference that secret"
                )
            }
        }
    }
}
