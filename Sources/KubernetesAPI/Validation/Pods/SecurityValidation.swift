import ObjectModel

/// The rules of the security contexts of pods and containers.
enum SecurityValidation {
    static func pod(_ spec: Field) {
        guard let security = spec.present("securityContext") else { return }
        security["fsGroup"].userID()
        security["runAsUser"].userID()
        security["runAsGroup"].userID()
        for group in security.elements("supplementalGroups") { group.userID() }
        if spec.isTrue("shareProcessNamespace"), spec.isTrue("hostPID") {
            security["shareProcessNamespace"].refuse(true, "ShareProcessNamespace and HostPID cannot both be enabled")
        }
        sysctls(security, spec)
        if let policy = security.present("fsGroupChangePolicy") { policy.mustBeOneOf(["Always", "OnRootMismatch"]) }
        if let profile = security.present("seccompProfile") { seccomp(profile) }
        if let options = security.present("windowsOptions") { WindowsValidation.options(options) }
        if let profile = security.present("appArmorProfile") { appArmor(profile) }
        if let policy = security.present("supplementalGroupsPolicy") { policy.mustBeOneOf(["Merge", "Strict"]) }
        if let policy = security.present("seLinuxChangePolicy") { policy.mustBeOneOf(["MountOption", "Recursive"]) }
    }

    static func container(_ security: Field, in spec: Field) {
        security["runAsUser"].userID()
        security["runAsGroup"].userID()
        if let mount = security.present("procMount") {
            mount.mustBeOneOf(["Default", "Unmasked"])
            if mount.text == "Unmasked", spec.value["hostUsers"].bool != false { mount.refuse("`hostUsers` must be false to use `Unmasked`") }
        }
        if let profile = security.present("seccompProfile") { seccomp(profile) }
        if security.value["allowPrivilegeEscalation"].bool == false {
            if security.isTrue("privileged") {
                security.refuse("cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
            }
            for capability in security.value["capabilities"]["add"].strings where capability == "CAP_SYS_ADMIN" {
                security.refuse("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
            }
        }
        if let options = security.present("windowsOptions") { WindowsValidation.options(options) }
        if let profile = security.present("appArmorProfile") { appArmor(profile) }
    }

    /// A pod whose users are not the host's shares nothing else with it either.
    static func hostUsers(_ spec: Field) {
        guard spec.value["hostUsers"].bool == false else { return }
        for (field, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] where spec.isTrue(field) {
            spec[shown].forbid("when `pod.Spec.HostUsers` is false")
        }
    }

    // MARK: Profiles

    private static let profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"]

    private static func seccomp(_ profile: Field) {
        profile["type"].requireOneOf(profileTypes, "type is required when seccompProfile is set")
        let file = profile["localhostProfile"]
        guard profile.text("type") == "Localhost" else {
            if !file.isAbsent { file.refuse(profile.value, "can only be set when seccomp type is Localhost") }
            return
        }
        if file.requirePresent("must be set when seccomp type is Localhost") { file.relativePath() }
    }

    /// What a path can be at most: the system's limit, less the zero byte.
    private static let pathMax = 4095

    private static func appArmor(_ profile: Field) {
        let file = profile["localhostProfile"]
        switch profile.text("type") {
        case "Localhost":
            let required = "must be set when AppArmor type is Localhost"
            guard file.requirePresent(required) else { return }
            if file.text.trimmed.utf8.count != file.text.utf8.count {
                file.refuse("must not be padded with whitespace")
            } else if file.text.isEmpty {
                file.missing(required)
            }
            if file.text.utf8.count > pathMax { file.tooLong(max: pathMax) }
        case "RuntimeDefault", "Unconfined":
            if !file.isAbsent { file.refuse("can only be set when AppArmor type is Localhost") }
        default: profile["type"].requireOneOf(profileTypes, "type is required when appArmorProfile is set")
        }
    }

    // MARK: Kernel settings

    private static func sysctls(_ security: Field, _ spec: Field) {
        var names = Names()
        for sysctl in security.elements("sysctls") {
            let name = sysctl["name"]
            if name.require() {
                if isSysctl(name.text) {
                    names.insertUnique(name)
                } else {
                    name.refuse("must have at most 253 characters and match regex \(sysctlPattern)")
                }
            }
            let dotted = String(name.text.map { $0 == "/" ? "." : $0 })
            if spec.isTrue("hostNetwork"), dotted.hasPrefix("net.") {
                name.refuse(.string(name.text), "may not be specified when 'hostNetwork' is true")
            } else if spec.isTrue("hostIPC"), ofIPC.contains(where: dotted.hasPrefix) {
                name.refuse(.string(name.text), "may not be specified when 'hostIPC' is true")
            }
        }
    }

    /// Settings of the namespace of interprocess communication.
    private static let ofIPC = ["kernel.sem", "kernel.shm", "kernel.msg", "fs.mqueue."]

    private static let sysctlPattern = #"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"#

    private static func isSysctl(_ name: String) -> Bool {
        let segments = name.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
        func isAlphanumeric(_ byte: UInt8?) -> Bool {
            byte.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        }
        return name.utf8.count <= 253
            && segments.allSatisfy { segment in
                isAlphanumeric(segment.first) && isAlphanumeric(segment.last)
                    && segment.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
            }
    }
}
