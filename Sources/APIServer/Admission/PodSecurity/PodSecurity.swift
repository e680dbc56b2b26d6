import ClusterClient
import ObjectModel

/// Pod Security Standards: what the namespace's `pod-security.kubernetes.io/enforce` label asks of its pods.
public struct PodSecurity: AdmissionPlugin {
    public let name = "PodSecurity"

    public init() {}

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.resource.group.isEmpty, request.operation == .create || request.operation == .update else { return }
        if request.concerns(.namespaces) { return try checkLabels(request) }
        guard request.resource.plural == "pods", Self.subresources.contains(request.subresource), Self.isSignificant(request),
            let namespace = stored.object(.namespaces, namespace: "", name: request.namespace)
        else { return }
        // What can't be read is taken in the strictest sense.
        let policy = PodSecurityPolicy(namespace.labels) ?? PodSecurityPolicy(level: .restricted, minor: nil)
        let violations = policy.violations(request.object)
        if !violations.isEmpty {
            throw request.forbidden("violates PodSecurity \(quoted(policy.description)): \(violations.map(\.description).joined(separator: ", "))")
        }
    }

    private static let subresources: Set<String> = ["", "ephemeralcontainers", "resize"]

    /// An update counts where it brings in containers or images; labels and tolerations may change on any pod.
    private static func isSignificant(_ request: AdmissionRequest) -> Bool {
        guard request.operation == .update else { return true }
        return ["containers", "initContainers", "ephemeralContainers"].contains { list in
            request.object.spec[list].array.map { $0["image"] } != request.oldObject.spec[list].array.map { $0["image"] }
        }
    }

    // MARK: Labels

    private func checkLabels(_ request: AdmissionRequest) throws(APIError) {
        let labels = request.object.labels
        if request.operation == .update, request.oldObject.labels == labels { return }
        var errors: [FieldError] = []
        for mode in ["enforce", "audit", "warn"] {
            let level = "pod-security.kubernetes.io/\(mode)"
            if let value = labels[level], PodSecurityPolicy.Level(rawValue: value) == nil {
                errors.append(.invalid("metadata.labels[\(level)]", .string(value), "must be one of privileged, baseline, restricted"))
            }
            if let value = labels["\(level)-version"], !PodSecurityPolicy.isVersion(value) {
                errors.append(.invalid("metadata.labels[\(level)-version]", .string(value), "must be \"latest\" or \"v1.x\""))
            }
        }
        if !errors.isEmpty { throw .invalid(kind: "Namespace", group: "", name: request.object.name, errors) }
    }
}

/// A level of the standards as of a version.
struct PodSecurityPolicy: CustomStringConvertible {
    enum Level: String, Sendable { case privileged, baseline, restricted }

    var level: Level

    /// Of `v1.MINOR`; nil for the latest.
    var minor: Int?

    init(level: Level, minor: Int?) {
        self.level = level
        self.minor = minor
    }

    /// What a namespace enforces; nil if its labels can't be read.
    init?(_ labels: [String: String]) {
        guard let level = Level(rawValue: labels["pod-security.kubernetes.io/enforce"] ?? "privileged") else { return nil }
        let version = labels["pod-security.kubernetes.io/enforce-version"] ?? "latest"
        guard Self.isVersion(version) else { return nil }
        self.init(level: level, minor: Int(version.dropFirst(3)))
    }

    static func isVersion(_ text: String) -> Bool {
        if text == "latest" { return true }
        let minor = text.dropFirst(3)
        return text.hasPrefix("v1.") && !minor.isEmpty && minor.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && (minor == "0" || minor.first != "0")
    }

    var description: String { "\(level.rawValue):\(minor.map { "v1.\($0)" } ?? "latest")" }

    /// Whether a rule that came with a version counts.
    func includes(_ version: Int) -> Bool { minor.map { $0 >= version } ?? true }

    /// Everything that the pod does against the level, in upstream's order: baseline's rules, then those of restricted.
    func violations(_ pod: Value) -> [PodSecurityViolation] {
        let checks: [BaselineChecks.Check]
        switch level {
        case .privileged: return []
        case .baseline: checks = BaselineChecks.all
        case .restricted: checks = BaselineChecks.keptByRestricted + RestrictedChecks.all
        }
        let subject = PodSecuritySubject(pod: pod, policy: self)
        return checks.compactMap { $0(subject) }
    }
}

/// One rule that a pod breaks: `host namespaces (hostNetwork=true)`.
struct PodSecurityViolation: CustomStringConvertible {
    var reason: String
    var detail: String

    init(_ reason: String, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    var description: String { detail.isEmpty ? reason : "\(reason) (\(detail))" }
}

/// A pod under examination.
struct PodSecuritySubject {
    let pod: Value
    let policy: PodSecurityPolicy
    let spec: Value

    /// All kinds, in the order in which upstream visits them.
    let containers: [Value]

    init(pod: Value, policy: PodSecurityPolicy) {
        self.pod = pod
        self.policy = policy
        spec = pod.spec
        containers = ["initContainers", "containers", "ephemeralContainers"].flatMap { pod.spec[$0].array }
    }

    var isWindows: Bool { spec["os"]["name"].string == "windows" }

    func names(where isBad: (Value) -> Bool) -> [String] { containers.filter(isBad).map { $0["name"].string ?? "" } }

    // MARK: Words

    static func plural(_ one: String, _ many: String, _ count: Int) -> String { count == 1 ? one : many }

    static func list(_ texts: [String]) -> String { texts.map { quoted($0) }.joined(separator: ", ") }

    /// `container "a"`, `containers "a", "b"`.
    static func containers(_ names: [String]) -> String { "\(plural("container", "containers", names.count)) \(list(names))" }

    /// `pod and container "a"`; nil where neither is to blame.
    static func setters(pod: Bool, _ names: [String], and: String = "and") -> String? {
        let parts = (pod ? ["pod"] : []) + (names.isEmpty ? [] : [containers(names)])
        return parts.isEmpty ? nil : parts.joined(separator: " \(and) ")
    }

    static func sorted(_ texts: some Sequence<String>) -> [String] { Set(texts).sorted() }
}
