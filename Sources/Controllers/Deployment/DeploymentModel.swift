import ObjectModel

/// The annotations, reasons and arithmetic of Deployments (upstream's `deploymentutil`).
enum DeploymentModel {
    static let revision = "deployment.kubernetes.io/revision"
    static let revisionHistory = "deployment.kubernetes.io/revision-history"
    static let desiredReplicas = "deployment.kubernetes.io/desired-replicas"
    static let maxReplicas = "deployment.kubernetes.io/max-replicas"
    static let hashLabel = "pod-template-hash"

    /// Annotations that are the Deployment's own and do not go to its sets.
    static let ownAnnotations: Set<String> = [
        "kubectl.kubernetes.io/last-applied-configuration", revision, revisionHistory, desiredReplicas, maxReplicas,
        "deprecated.deployment.rollback.to",
    ]

    /// Longest revision history that an annotation keeps, in characters.
    static let historyMax = 2000

    /// A number, or a percentage of `total` (`GetScaledValueFromIntOrPercent`).
    static func scaled(_ value: Value, of total: Int, roundsUp: Bool) -> Int {
        if let number = value.int { return number }
        guard let text = value.string, text.utf8.last == UInt8(ascii: "%"), let percent = Int(text.dropLast()) else { return 0 }
        let product = percent * total
        return roundsUp ? (product + 99) / 100 : product / 100
    }

    /// The safe alphabet: no vowels, no look-alikes.
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// A stable name for a template. `collisions` tells templates apart that would get the same name.
    static func hash(_ template: Value, collisions: Int?) -> String {
        var hash: UInt32 = 2_166_136_261
        func add(_ bytes: some Sequence<UInt8>) { for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 } }
        add(template.json())
        if let collisions { add(String(collisions).utf8) }
        return String(decoding: String(hash).utf8.map { alphabet[Int($0) % alphabet.count] }, as: UTF8.self)
    }

    /// A template without the label that tells the sets apart.
    static func withoutHash(_ template: Value) -> Value {
        var template = template
        template["metadata"]["labels"][hashLabel] = .null
        return template
    }

    static func isSameTemplate(_ left: Value, _ right: Value) -> Bool { withoutHash(left).means(withoutHash(right)) }

    /// Oldest first; the name decides between equals.
    static func isOlder(_ left: Value, _ right: Value) -> Bool {
        let (first, second) = (left.creationTime, right.creationTime)
        guard first != second else { return left.name < right.name }
        return (first?.nanoseconds ?? 0) < (second?.nanoseconds ?? 0)
    }

    static func condition(_ type: String, _ status: String, _ reason: String, _ message: String, now: Timestamp) -> Value {
        [
            "type": .string(type), "status": .string(status), "reason": .string(reason), "message": .string(message),
            "lastUpdateTime": .string(now.rfc3339), "lastTransitionTime": .string(now.rfc3339),
        ]
    }
}

/// What a Deployment asks for.
struct DeploymentSpec {
    let replicas: Int
    let isPaused: Bool
    let isRolling: Bool
    let minReadySeconds: Int
    let historyLimit: Int?

    /// Nil where progress has no deadline.
    let progressDeadline: Duration?
    let maxSurge: Int
    let maxUnavailable: Int

    init(_ deployment: Value) {
        let spec = deployment.spec
        replicas = spec["replicas"].int ?? 1
        isPaused = spec["paused"].bool ?? false
        isRolling = spec["strategy"]["type"].string != "Recreate"
        minReadySeconds = spec["minReadySeconds"].int ?? 0
        historyLimit = spec["revisionHistoryLimit"].int.flatMap { $0 == Int(Int32.max) ? nil : $0 }
        progressDeadline = spec["progressDeadlineSeconds"].int.flatMap { $0 == Int(Int32.max) ? nil : .seconds($0) }
        let rolling = spec["strategy"]["rollingUpdate"]
        let surge = isRolling ? DeploymentModel.scaled(rolling["maxSurge"], of: replicas, roundsUp: true) : 0
        var unavailable = isRolling ? DeploymentModel.scaled(rolling["maxUnavailable"], of: replicas, roundsUp: false) : 0
        // Both zero would never move: validation forbids it, but percentages round.
        if isRolling, surge == 0, unavailable == 0 { unavailable = 1 }
        maxSurge = surge
        maxUnavailable = replicas == 0 ? 0 : min(unavailable, replicas)
    }

    /// The most pods that a rollout may have.
    var maxReplicas: Int { replicas + maxSurge }
}

/// What a Deployment's controller reads of a ReplicaSet.
extension Value {
    var replicas: Int { spec["replicas"].int ?? 0 }
    var actualReplicas: Int { status["replicas"].int ?? 0 }
    var readyReplicas: Int { status["readyReplicas"].int ?? 0 }
    var availableReplicas: Int { status["availableReplicas"].int ?? 0 }

    func annotation(_ name: String) -> String? { metadata["annotations"][name].string }

    var revisionNumber: Int { annotation(DeploymentModel.revision).flatMap { Int($0) } ?? 0 }
}

extension Sequence<Value> {
    func total(_ count: (Value) -> Int) -> Int { reduce(0) { $0 + count($1) } }
}
