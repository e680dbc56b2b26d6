import ObjectModel

/// The rules of the baseline level: known ways from a pod to its node are closed.
enum BaselineChecks {
    typealias Check = @Sendable (PodSecuritySubject) -> PodSecurityViolation?
    private typealias Subject = PodSecuritySubject

    static let all: [Check] = [
        appArmor, capabilities, hostNamespaces, hostPathVolumes, hostPorts, probeHosts, privileged, procMount, seLinux, seccomp, sysctls, hostProcess,
    ]

    /// Restricted has stricter rules in place of the others.
    static let keptByRestricted: [Check] = [
        appArmor, hostNamespaces, hostPorts, probeHosts, privileged, procMount, seLinux, sysctls, hostProcess,
    ]

    @Sendable private static func appArmor(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        func type(_ context: Value) -> String? {
            guard let type = context["appArmorProfile"]["type"].string, !["RuntimeDefault", "Localhost"].contains(type) else { return nil }
            return type
        }
        let ofPod = type(subject.spec["securityContext"])
        let names = subject.names { type($0["securityContext"]) != nil }
        var values = Subject.sorted([ofPod].compactMap(\.self) + subject.containers.compactMap { type($0["securityContext"]) })
        var setters = [Subject.setters(pod: ofPod != nil, names)].compactMap(\.self)
        let annotations = subject.pod.annotations
            .filter { key, value in
                key.hasPrefix("container.apparmor.security.beta.kubernetes.io/")
                    && !(value.isEmpty || value == "runtime/default" || value.hasPrefix("localhost/"))
            }
            .map { "\($0.key)=\(quoted($0.value))" }.sorted()
        if !annotations.isEmpty {
            values += annotations
            setters.append(Subject.plural("annotation", "annotations", annotations.count))
        }
        guard !setters.isEmpty else { return nil }
        return PodSecurityViolation(
            Subject.plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values.count),
            "\(setters.joined(separator: " and ")) must not set AppArmor profile type to \(Subject.list(values))")
    }

    private static let defaultCapabilities: Set<String> = [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
        "SYS_CHROOT",
    ]

    @Sendable private static func capabilities(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        func extra(_ container: Value) -> [String] {
            container["securityContext"]["capabilities"]["add"].strings.filter { !defaultCapabilities.contains($0) }
        }
        let names = subject.names { !extra($0).isEmpty }
        guard !names.isEmpty else { return nil }
        let added = Subject.sorted(subject.containers.flatMap(extra))
        return PodSecurityViolation(
            "non-default capabilities", "\(Subject.containers(names)) must not include \(Subject.list(added)) in securityContext.capabilities.add")
    }

    @Sendable private static func hostNamespaces(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        let shared = ["hostNetwork", "hostPID", "hostIPC"].filter { subject.spec[$0].bool == true }
        return shared.isEmpty ? nil : PodSecurityViolation("host namespaces", shared.map { "\($0)=true" }.joined(separator: ", "))
    }

    @Sendable private static func hostPathVolumes(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        let names = subject.spec["volumes"].array.filter { !$0["hostPath"].isNull }.map { $0["name"].string ?? "" }
        return names.isEmpty
            ? nil : PodSecurityViolation("hostPath volumes", "\(Subject.plural("volume", "volumes", names.count)) \(Subject.list(names))")
    }

    @Sendable private static func hostPorts(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        func ports(_ container: Value) -> [Int] { container["ports"].array.compactMap { $0["hostPort"].int }.filter { $0 != 0 } }
        let names = subject.names { !ports($0).isEmpty }
        guard !names.isEmpty else { return nil }
        let used = Subject.sorted(subject.containers.flatMap(ports).map(String.init))
        let shown = "\(Subject.plural("hostPort", "hostPorts", used.count)) \(used.joined(separator: ", "))"
        return PodSecurityViolation("hostPort", "\(Subject.containers(names)) \(Subject.plural("uses", "use", names.count)) \(shown)")
    }

    /// A probe that names another host makes the kubelet ask it.
    @Sendable private static func probeHosts(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        guard subject.policy.includes(34) else { return nil }
        func hosts(_ container: Value) -> [String] {
            let handlers =
                ["livenessProbe", "readinessProbe", "startupProbe"].map { container[$0] }
                + ["postStart", "preStop"].map { container["lifecycle"][$0] }
            return handlers.flatMap { [$0["httpGet"]["host"], $0["tcpSocket"]["host"]] }.compactMap(\.string).filter { !$0.isEmpty }
        }
        let names = subject.names { !hosts($0).isEmpty }
        guard !names.isEmpty else { return nil }
        let used = Subject.sorted(subject.containers.flatMap(hosts))
        return PodSecurityViolation(
            "probe or lifecycle host",
            "\(Subject.containers(names)) \(Subject.plural("uses", "use", names.count)) probe or lifecycle \(Subject.plural("host", "hosts", used.count)) \(Subject.list(used))"
        )
    }

    @Sendable private static func privileged(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        let names = subject.names { $0["securityContext"]["privileged"].bool == true }
        return names.isEmpty ? nil : PodSecurityViolation("privileged", "\(Subject.containers(names)) must not set securityContext.privileged=true")
    }

    @Sendable private static func procMount(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        // In a user namespace of its own a pod may see its own /proc.
        if subject.policy.includes(35), subject.spec["hostUsers"].bool == false { return nil }
        func type(_ container: Value) -> String? {
            guard let type = container["securityContext"]["procMount"].string, type != "Default" else { return nil }
            return type
        }
        let names = subject.names { type($0) != nil }
        guard !names.isEmpty else { return nil }
        let values = Subject.sorted(subject.containers.compactMap(type))
        return PodSecurityViolation("procMount", "\(Subject.containers(names)) must not set securityContext.procMount to \(Subject.list(values))")
    }

    @Sendable private static func seLinux(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        var allowed: Set<String> = ["", "container_t", "container_init_t", "container_kvm_t"]
        if subject.policy.includes(31) { allowed.insert("container_engine_t") }
        func options(_ context: Value) -> Value { context["securityContext"]["seLinuxOptions"] }
        func isBad(_ holder: Value) -> Bool {
            let options = options(holder)
            return !allowed.contains(options["type"].string ?? "") || !options["user"].isEmpty || !options["role"].isEmpty
        }
        let names = subject.names(where: isBad)
        let bad = ([subject.spec] + subject.containers).filter(isBad).map(options)
        guard let setters = Subject.setters(pod: isBad(subject.spec), names) else { return nil }
        let types = Subject.sorted(bad.compactMap { $0["type"].string }.filter { !allowed.contains($0) })
        var parts: [String] = []
        if !types.isEmpty { parts.append("\(Subject.plural("type", "types", types.count)) \(Subject.list(types))") }
        if bad.contains(where: { !$0["user"].isEmpty }) { parts.append("user may not be set") }
        if bad.contains(where: { !$0["role"].isEmpty }) { parts.append("role may not be set") }
        return PodSecurityViolation("seLinuxOptions", "\(setters) set forbidden securityContext.seLinuxOptions: \(parts.joined(separator: "; "))")
    }

    @Sendable private static func seccomp(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        func type(_ holder: Value) -> String? {
            guard let type = holder["securityContext"]["seccompProfile"]["type"].string, !["RuntimeDefault", "Localhost"].contains(type) else {
                return nil
            }
            return type
        }
        guard let setters = Subject.setters(pod: type(subject.spec) != nil, subject.names { type($0) != nil }) else { return nil }
        let values = Subject.sorted(([subject.spec] + subject.containers).compactMap(type))
        return PodSecurityViolation("seccompProfile", "\(setters) must not set securityContext.seccompProfile.type to \(Subject.list(values))")
    }

    private static let safeSysctls: [(since: Int, names: Set<String>)] = [
        (
            0,
            [
                "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
                "net.ipv4.ip_unprivileged_port_start",
            ]
        ), (27, ["net.ipv4.ip_local_reserved_ports"]),
        (29, ["net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"]),
        (32, ["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]),
    ]

    @Sendable private static func sysctls(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        let safe = safeSysctls.filter { subject.policy.includes($0.since) }.reduce(into: Set<String>()) { $0.formUnion($1.names) }
        let forbidden = subject.spec["securityContext"]["sysctls"].array.compactMap { $0["name"].string }.filter { !safe.contains($0) }
        return forbidden.isEmpty ? nil : PodSecurityViolation("forbidden sysctls", forbidden.joined(separator: ", "))
    }

    @Sendable private static func hostProcess(_ subject: PodSecuritySubject) -> PodSecurityViolation? {
        func isBad(_ holder: Value) -> Bool { holder["securityContext"]["windowsOptions"]["hostProcess"].bool == true }
        guard let setters = Subject.setters(pod: isBad(subject.spec), subject.names(where: isBad)) else { return nil }
        return PodSecurityViolation("hostProcess", "\(setters) must not set securityContext.windowsOptions.hostProcess=true")
    }
}
