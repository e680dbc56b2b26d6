import ObjectModel

/// The rules of the security contexts of pods and containers.
enum SecurityValidation {
    static func pod(_ spec: Field) {
        guard let security = spec.present("securityContext") else { return }
        if spec.isTrue("shareProcessNamespace"), spec.isTrue("hostPID") {
            security["shareProcessNamespace"].refuse(true, "ShareProcessNamespace and HostPID cannot both be enabled")
        }
        if security.isEmpty { return }
        security["fsGroup"].userID()
        security["runAsUser"].userID()
        security["runAsGroup"].userID()
        for group in security.elements("supplementalGroups") { group.userID() }
        sysctls(security)
        if let policy = security.present("fsGroupChangePolicy") { policy.mustBeOneOf(["Always", "OnRootMismatch"]) }
        if let policy = security.present("supplementalGroupsPolicy") { policy.mustBeOneOf(["Merge", "Strict"]) }
        if let policy = security.present("seLinuxChangePolicy") { policy.requireOneOf(["MountOption", "Recursive"]) }
        profiles(security)
        if spec.value["os"]["name"].string == "linux", security.present("windowsOptions") != nil {
            security["windowsOptions"].forbid("windows options cannot be set for a linux pod")
        }
    }

    static func container(_ security: Field, in spec: Field) {
        security["runAsUser"].userID()
        security["runAsGroup"].userID()
        profiles(security)
        if let mount = security.present("procMount") {
            mount.mustBeOneOf(["Default", "Unmasked"])
            if mount.text == "Unmasked", spec.value["hostUsers"].bool != false { mount.refuse("`hostUsers` must be false to use `Unmasked`") }
        }
        guard security.value["allowPrivilegeEscalation"].bool == false else { return }
        if security.isTrue("privileged") {
            security.refuse("cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
        }
        for capability in security.value["capabilities"]["add"].strings where capability == "CAP_SYS_ADMIN" {
            security.refuse("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
        }
    }

    // MARK: Parts

    private static func profiles(_ security: Field) {
        if let profile = security.present("seccompProfile") {
            localhost(profile, "seccomp", missingType: "type is required when seccompProfile is set")
            profile["localhostProfile"].relativePath()
        }
        if let profile = security.present("appArmorProfile") {
            localhost(profile, "AppArmor", missingType: "type is required when appArmorProfile is set")
        }
    }

    private static func localhost(_ profile: Field, _ name: String, missingType: String) {
        let file = profile["localhostProfile"]
        if profile.text("type") == "Localhost" {
            file.require("must be set when \(name) type is Localhost")
        } else if !file.isAbsent {
            file.refuse("can only be set when \(name) type is Localhost")
        }
        profile["type"].requireOneOf(["Localhost", "RuntimeDefault", "Unconfined"], missingType)
    }

    private static func sysctls(_ security: Field) {
        var names = Names()
        for sysctl in security.elements("sysctls") {
            let name = sysctl["name"]
            if !name.require() { continue }
            if !isSysctl(name.text) { name.refuse("must have at most 253 characters and match regex \(sysctlPattern)") }
            names.insertUnique(name)
        }
    }

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
