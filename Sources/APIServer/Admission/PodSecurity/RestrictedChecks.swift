import ObjectModel

/// The rules that the restricted level adds: best practice for hardened pods.
enum RestrictedChecks {
    private typealias Subject = PodSecuritySubject

    static let all: [BaselineChecks.Check] = [allowPrivilegeEscalation, capabilities, volumes, runAsNonRoot, runAsUser, seccomp]

    @Sendable private static func allowPrivilegeEscalation(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        if subject.isWindows, subject.policy.includes(25) { return nil }
        let names = subject.names { $0["securityContext"]["allowPrivilegeEscalation"].bool != false }
        guard subject.policy.includes(8), !names.isEmpty else { return nil }
        return PodSecurityViolation(
            "allowPrivilegeEscalation != false", "\(Subject.containers(names)) must set securityContext.allowPrivilegeEscalation=false")
    }

    @Sendable private static func capabilities(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        if (subject.isWindows && subject.policy.includes(25)) || !subject.policy.includes(22) { return nil }
        func added(_ container: Value) -> [String] { container["securityContext"]["capabilities"]["add"].strings.filter { $0 != "NET_BIND_SERVICE" } }
        let keeping = subject.names { !$0["securityContext"]["capabilities"]["drop"].strings.contains("ALL") }
        let adding = subject.names { !added($0).isEmpty }
        var details: [String] = []
        if !keeping.isEmpty { details.append("\(Subject.containers(keeping)) must set securityContext.capabilities.drop=[\"ALL\"]") }
        if !adding.isEmpty {
            let values = Subject.sorted(subject.containers.flatMap(added))
            details.append("\(Subject.containers(adding)) must not include \(Subject.list(values)) in securityContext.capabilities.add")
        }
        return details.isEmpty ? nil : PodSecurityViolation("unrestricted capabilities", details.joined(separator: "; "))
    }

    private static let allowedVolumes: Set<String> = [
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image",
    ]

    @Sendable private static func volumes(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        var names: [String] = []
        var types: [String] = []
        for volume in subject.spec["volumes"].array {
            let sources = volume.fields.filter { $0.key != "name" && !$0.value.isNull }.map(\.key)
            if sources.contains(where: allowedVolumes.contains) { continue }
            names.append(volume["name"].string ?? "")
            types.append(sources.first ?? "unknown")
        }
        guard !names.isEmpty else { return nil }
        let kinds = Subject.sorted(types)
        return PodSecurityViolation(
            "restricted volume types",
            "\(Subject.plural("volume", "volumes", names.count)) \(Subject.list(names)) \(Subject.plural("uses", "use", names.count)) restricted volume \(Subject.plural("type", "types", kinds.count)) \(Subject.list(kinds))"
        )
    }

    /// A pod in a user namespace of its own may be root there.
    private static func mayBeRoot(_ subject: PodSecuritySubject) -> Bool { subject.policy.includes(35) && subject.spec["hostUsers"].bool == false }

    @Sendable private static func runAsNonRoot(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        if mayBeRoot(subject) { return nil }
        func value(_ holder: Value) -> Bool? { holder["securityContext"]["runAsNonRoot"].bool }
        let ofPod = value(subject.spec)
        // Said outright, at either place.
        if let setters = Subject.setters(pod: ofPod == false, subject.names { value($0) == false }) {
            return PodSecurityViolation("runAsNonRoot != true", "\(setters) must not set securityContext.runAsNonRoot=false")
        }
        let silent = subject.names { value($0) == nil }
        if ofPod == true || silent.isEmpty { return nil }
        return PodSecurityViolation("runAsNonRoot != true", "pod or \(Subject.containers(silent)) must set securityContext.runAsNonRoot=true")
    }

    @Sendable private static func runAsUser(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        func isBad(_ holder: Value) -> Bool { holder["securityContext"]["runAsUser"].integer == 0 }
        guard subject.policy.includes(23), !mayBeRoot(subject),
            let setters = Subject.setters(pod: isBad(subject.spec), subject.names(where: isBad))
        else { return nil }
        return PodSecurityViolation("runAsUser=0", "\(setters) must not set runAsUser=0")
    }

    @Sendable private static func seccomp(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        if (subject.isWindows && subject.policy.includes(25)) || !subject.policy.includes(19) { return nil }
        func type(_ holder: Value) -> String? { holder["securityContext"]["seccompProfile"]["type"].string }
        func isBad(_ holder: Value) -> Bool { type(holder).map { !["RuntimeDefault", "Localhost"].contains($0) } ?? false }
        if let setters = Subject.setters(pod: isBad(subject.spec), subject.names(where: isBad)) {
            let values = Subject.sorted(([subject.spec] + subject.containers).filter(isBad).compactMap(type))
            return PodSecurityViolation("seccompProfile", "\(setters) must not set securityContext.seccompProfile.type to \(Subject.list(values))")
        }
        let silent = subject.names { type($0) == nil }
        if type(subject.spec) != nil || silent.isEmpty { return nil }
        return PodSecurityViolation(
            "seccompProfile",
            "pod or \(Subject.containers(silent)) must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"")
    }
}
