import Glibc
import Logging

extension Containerd {
    /// Ends containerd. Pods run on unless they are to be removed first.
    public func stop(removingPods: Bool) async throws(ContainerRuntimeError) {
        state.withLock { $0.isStopping = true }
        if removingPods { await removePods() }
        let process = state.withLock { state in
            defer { state.process = nil }
            return state.process
        }
        await process?.terminate(within: .seconds(10))
    }

    /// Stops and removes every pod, as the node agent would but without grace.
    private func removePods() async {
        let failures = await withRuntime(deadline: .seconds(60)) { runtime throws(ContainerRuntimeError) in
            let sandboxes = try await runtime.podSandboxes()
            return await withTaskGroup(of: ContainerRuntimeError?.self, returning: [ContainerRuntimeError].self) { group in
                for sandbox in sandboxes {
                    group.addTask {
                        do throws(ContainerRuntimeError) {
                            try await runtime.stopPodSandbox(sandbox.id)
                            try await runtime.removePodSandbox(sandbox.id)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                return await group.reduce(into: []) { if let failure = $1 { $0.append(failure) } }
            }
        }
        for failure in failures ?? [] { log.warning("a pod could not be removed", metadata: ["error": "\(failure)"]) }
    }

    /// Removes every trace of our containerd from the machine: pods, shims, mounts, and its directory with all images.
    ///
    /// What containerd itself can't remove any more is killed and unmounted. Works whether or not containerd runs.
    public static func reset(dataDirectory: String, log: Logger) async throws(ContainerRuntimeError) {
        let containerd = Containerd(Configuration(dataDirectory: dataDirectory), log: log)
        let layout = containerd.layout
        if Files.exists(layout.config) {
            do {
                try await containerd.start()
            } catch {
                log.warning("containerd does not start; its containers are ended without it", metadata: ["error": "\(error)"])
            }
            try await containerd.stop(removingPods: true)
        }
        try await containerd.sweep()
        try SharedMountTree.remove(at: dataDirectory)
        try Files.removeTree(layout.directory)
    }

    /// Ends containers and shims that are left without a containerd.
    private func sweep() async throws(ContainerRuntimeError) {
        let bundles = try Files.names(in: layout.bundles)
        if !bundles.isEmpty, let runc = Program.find("runc") {
            for id in bundles {
                _ = try await Program.run(
                    runc, ["--root", "\(layout.runcRoot)/k8s.io", "delete", "--force", id],
                    environment: ["PATH": Program.searchPath.joined(separator: ":")])
            }
        }
        let shims = try Self.processes { $0.first?.hasSuffix("/containerd-shim-runc-v2") == true && $0.contains(layout.socket) }
        for id in shims {
            guard let shim = try? RunningProcess(id, isChild: false) else { continue }
            shim.signal(SIGKILL)
            _ = await shim.ended(within: .seconds(5))
        }
        for id in bundles {
            guard let address = Files.text("\(layout.bundles)/\(id)/address"), address.hasPrefix("unix://") else { continue }
            unlink(String(address.dropFirst("unix://".count)))
        }
    }
}
