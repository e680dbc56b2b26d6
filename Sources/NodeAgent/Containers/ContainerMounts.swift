import ContainerRuntime
import ObjectModel

/// The files and folders of the machine that a container sees.
struct ContainerMounts {
    let directories: PodDirectories
    let pod: Pod
    let container: ContainerSpec
    let attempt: Int

    /// Where each volume of the pod lies.
    let volumes: [String: String]
    let environment: Environment

    /// Makes what has to be made first, such as sub-paths and the termination log.
    func make() throws -> [CRIMount] {
        var mounts: [CRIMount] = []
        for (index, mount) in container.object["volumeMounts"].array.enumerated() { mounts.append(try volume(mount, index: index)) }
        let taken = Set(mounts.map(\.containerPath))
        if !taken.contains("/etc/hosts") { mounts.append(Self.mount(directories.hosts(pod.uid), at: "/etc/hosts")) }
        if !taken.contains(container.terminationMessagePath) { mounts.append(try terminationLog()) }
        return mounts
    }

    private static func mount(_ hostPath: String, at path: String) -> CRIMount {
        .with {
            $0.hostPath = hostPath
            $0.containerPath = path
        }
    }

    private func terminationLog() throws -> CRIMount {
        let file = directories.terminationLog(pod.uid, container: container.name, attempt: attempt)
        if let slash = file.lastIndex(of: "/") { try File.makeDirectory(String(file[..<slash]), mode: 0o750) }
        // Any user of the container may write it.
        try File.write([], to: file, mode: 0o666)
        return Self.mount(file, at: container.terminationMessagePath)
    }

    private func volume(_ mount: Value, index: Int) throws -> CRIMount {
        let name = mount["name"].string ?? ""
        guard var hostPath = volumes[name] else {
            throw ContainerConfigError("cannot find volume \"\(name)\" to mount into container \"\(container.name)\"")
        }
        let subPath = try subPath(mount)
        if !subPath.isEmpty {
            let target = directories.subpath(pod.uid, volume: name, container: container.name, index: index)
            do {
                try SubPath.mount(subPath, of: hostPath, at: target)
            } catch {
                throw ContainerConfigError("failed to prepare subPath for volumeMount \"\(name)\" of container \"\(container.name)\": \(error)")
            }
            hostPath = target
        }
        var path = mount["mountPath"].string ?? ""
        if !path.hasPrefix("/") { path = "/" + path }
        return .with {
            $0.hostPath = hostPath
            $0.containerPath = path
            $0.readonly = mount["readOnly"].bool == true
            $0.propagation =
                switch mount["mountPropagation"].string {
                case "HostToContainer": .propagationHostToContainer
                case "Bidirectional": .propagationBidirectional
                default: .propagationPrivate
                }
        }
    }

    private func subPath(_ mount: Value) throws -> String {
        if let text = mount["subPathExpr"].string, !text.isEmpty {
            var missing: String?
            let path = try VariableExpansion.expand(text) { name in
                if let value = environment[name] { return value }
                missing = name
                return nil
            }
            if let missing { throw ContainerConfigError("subPathExpr \"\(text)\": missing value for \"\(missing)\"") }
            if path.hasPrefix("/") || path.split(separator: "/").contains("..") {
                throw ContainerConfigError("subPath must be a relative path within the volume")
            }
            return path
        }
        let path = mount["subPath"].string ?? ""
        if path.hasPrefix("/") { throw ContainerConfigError("subPath \"\(path)\" must not be an absolute path") }
        if path.split(separator: "/").contains("..") { throw ContainerConfigError("subPath \"\(path)\" must not contain '..'") }
        return path
    }
}
