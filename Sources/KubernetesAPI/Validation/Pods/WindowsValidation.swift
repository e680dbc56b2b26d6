import ObjectModel

/// The rules of `os`: what pods of Windows and of Linux may not say, and Windows' own options.
enum WindowsValidation {
    // MARK: The system

    static func operatingSystem(_ spec: Field) {
        guard let system = spec.present("os") else { return }
        let name = system.text("name")
        if name.isEmpty { return system["name"].missing("cannot be empty") }
        switch name {
        case "linux": linux(spec)
        case "windows": windows(spec)
        default: system.showing(.string(name)).unsupported(["linux", "windows"])
        }
    }

    private static func linux(_ spec: Field) {
        for security in [spec["securityContext"]] + containers(of: spec).map({ $0["securityContext"] })
        where security.present("windowsOptions") != nil {
            security["windowsOptions"].forbid("windows options cannot be set for a linux pod")
        }
    }

    private static func windows(_ spec: Field) {
        let security = spec["securityContext"]
        forbid(security, ["appArmorProfile", "seLinuxOptions"])
        if spec.present("hostUsers") != nil { spec["hostUsers"].forbid(words) }
        for field in ["hostPID", "hostIPC"] where spec.isTrue(field) { spec[field].forbid(words) }
        forbid(security, ["seccompProfile", "fsGroup", "fsGroupChangePolicy"])
        if security.nonEmpty("sysctls") != nil { security["sysctls"].forbid(words) }
        if spec.present("shareProcessNamespace") != nil { spec["shareProcessNamespace"].forbid(words) }
        forbid(security, ["runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy"])
        for container in containers(of: spec) {
            forbid(
                container["securityContext"],
                [
                    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
                    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
                ])
        }
    }

    private static let words = "cannot be set for a windows pod"

    private static func forbid(_ owner: Field, _ fields: [String]) {
        for field in fields where !owner.value[field].isNull { owner[field].forbid(words) }
    }

    private static func containers(of spec: Field) -> [Field] {
        ["initContainers", "containers", "ephemeralContainers"].flatMap { spec.elements($0) }
    }

    // MARK: Processes on the host

    static func hostProcess(_ spec: Field) {
        let ofPod = spec.value["securityContext"]["windowsOptions"]["hostProcess"].bool
        let all = containers(of: spec)
        var count = 0
        for container in all {
            let own = container["securityContext"]["windowsOptions"]["hostProcess"]
            if let ofPod, let mine = own.value.bool, ofPod != mine {
                own.refuse("pod hostProcess value must be identical if both are specified, was \(ofPod)")
            }
            if own.value.bool ?? ofPod == true { count += 1 }
        }
        guard count > 0 else { return }
        if count != all.count {
            spec.refuse("", "If pod contains any hostProcess containers then all containers must be HostProcess containers")
        }
        if !spec.isTrue("hostNetwork") {
            spec["hostNetwork"].refuse(false, "hostNetwork must be true if pod contains any hostProcess containers")
        }
    }

    // MARK: Options

    private static let credentialsMax = 64 * 1024
    private static let domainMax = 256
    private static let userMax = 104

    static func options(_ options: Field) {
        if let name = options.present("gmsaCredentialSpecName") {
            for problem in Validation.dns1123Subdomain(name.text) { name.refuse(problem) }
        }
        if let credentials = options.present("gmsaCredentialSpec") {
            if credentials.text.isEmpty {
                credentials.refuse("gmsaCredentialSpec cannot be an empty string")
            } else if credentials.text.utf8.count > credentialsMax {
                credentials.refuse("gmsaCredentialSpec size must be under \(credentialsMax / 1024) KiB")
            }
        }
        if let name = options.present("runAsUserName") { userName(name) }
    }

    /// `USER` or `DOMAIN\USER`.
    private static func userName(_ field: Field) {
        if field.text.isEmpty { return field.refuse("runAsUserName cannot be an empty string") }
        if field.text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return field.refuse("runAsUserName cannot contain control characters") }
        let parts = field.text.split(separator: "\\", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return field.refuse("runAsUserName cannot contain more than one backslash") }
        let user = parts[parts.count - 1]
        if parts.count == 2 {
            if parts[0].utf8.count >= domainMax { field.refuse("runAsUserName's Domain length must be under \(domainMax) characters") }
            if !isNetBIOSName(parts[0]), !isDomain(parts[0]) { field.refuse("runAsUserName's Domain doesn't match the NetBios nor the DNS format") }
        }
        if user.isEmpty {
            field.refuse("runAsUserName's User cannot be empty")
        } else if user.utf8.count > userMax {
            field.refuse("runAsUserName's User length must not be longer than \(userMax) characters")
        }
        if !user.isEmpty, user.allSatisfy({ $0 == "." || $0 == " " }) { field.refuse("runAsUserName's User cannot contain only periods or spaces") }
        let banned = #""/\:;|=,+*?<>@[]"#
        if user.contains(where: banned.contains) { field.refuse("runAsUserName's User cannot contain the following characters: \(banned)") }
    }

    private static func isNetBIOSName(_ name: Substring) -> Bool {
        (1...15).contains(name.count) && name.first != "." && !name.contains(where: #"\/:*?"<>|"#.contains)
    }

    private static func isDomain(_ name: Substring) -> Bool {
        name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "-")
                }
        }
    }
}
