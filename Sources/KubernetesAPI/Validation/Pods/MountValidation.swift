import ObjectModel

/// The rules of `volumeMounts` and `volumeDevices`.
enum MountValidation {
    static func check(_ container: Field, _ volumes: VolumeValidation.Volumes) {
        let devices = container.value["volumeDevices"].array
        var paths = Set<String>()
        for mount in container.elements("volumeMounts") {
            let (name, path) = (mount["name"], mount["mountPath"])
            name.require()
            if volumes.kind(of: name.text) == nil { name.notFound() }
            path.require()
            if !paths.insert(path.text).inserted { path.refuse("must be unique") }
            if devices.contains(where: { $0["name"] == name.value }) { name.refuse("must not already exist in volumeDevices") }
            if devices.contains(where: { $0["devicePath"] == path.value }) { path.refuse("must not already exist as a path in volumeDevices") }
            subpaths(mount, in: container)
            propagation(mount, container)
        }
        if !devices.isEmpty { check(devicesOf: container, volumes) }
    }

    private static func subpaths(_ mount: Field, in container: Field) {
        // Upstream reports a subpath on the list, not on its element.
        if let path = mount.nonEmpty("subPath") { container["volumeMounts"]["subPath"].showing(path.value).relativePath() }
        guard let expression = mount.nonEmpty("subPathExpr") else { return }
        if !mount.text("subPath").isEmpty { expression.refuse("subPathExpr and subPath are mutually exclusive") }
        container["volumeMounts"]["subPathExpr"].showing(expression.value).relativePath()
    }

    private static func propagation(_ mount: Field, _ container: Field) {
        let mode = mount.text("mountPropagation")
        if let propagation = mount.present("mountPropagation") {
            let list = container["volumeMounts"]["mountPropagation"].showing(propagation.value)
            list.mustBeOneOf(["Bidirectional", "HostToContainer", "None"])
            if mode == "Bidirectional", container.value["securityContext"]["privileged"].bool != true {
                list.forbid("Bidirectional mount propagation is available only to privileged containers")
            }
        }
        guard let value = mount.present("recursiveReadOnly") else { return }
        let recursive = container["volumeMounts"]["recursiveReadOnly"].showing(value.value)
        recursive.mustBeOneOf(["Disabled", "Enabled", "IfPossible"])
        guard ["Enabled", "IfPossible"].contains(recursive.text) else { return }
        if !mount.isTrue("readOnly") { recursive.forbid("may only be specified when readOnly is true") }
        if !mode.isEmpty, mode != "None" { recursive.forbid("may only be specified when mountPropagation is None or not specified") }
    }

    private static func check(devicesOf container: Field, _ volumes: VolumeValidation.Volumes) {
        let mounts = container.value["volumeMounts"].array
        var (names, paths) = (Set<String>(), Set<String>())
        for device in container.elements("volumeDevices") {
            let (name, path) = (device["name"], device["devicePath"])
            name.require()
            if !names.insert(name.text).inserted { name.refuse("must be unique") }
            if let kind = volumes.kind(of: name.text) {
                if kind != "persistentVolumeClaim", kind != "ephemeral" {
                    name.refuse("can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")
                }
            } else {
                name.notFound()
            }
            path.require()
            if !paths.insert(path.text).inserted { path.refuse("must be unique") }
            if path.text.split(separator: "/").contains("..") { path.refuse("can not contain backsteps ('..')") }
            if mounts.contains(where: { $0["name"] == name.value }) { name.refuse("must not already exist in volumeMounts") }
            if mounts.contains(where: { $0["mountPath"] == path.value }) { path.refuse("must not already exist as a path in volumeMounts") }
        }
    }
}

extension Field {
    /// A path that stays below where it begins.
    func relativePath() {
        if text.utf8.first == UInt8(ascii: "/") { refuse("must be a relative path") }
        noBacksteps()
    }

    func noBacksteps() {
        if text.contains(".."), text.split(separator: "/").contains("..") { refuse("must not contain '..'") }
    }

    /// A relative path that doesn't begin as the names that volumes keep for themselves do.
    func localFilePath() {
        relativePath()
        if text.hasPrefix(".."), !text.hasPrefix("../"), text != ".." { refuse("must not start with '..'") }
    }
}
