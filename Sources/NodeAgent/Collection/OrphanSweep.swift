import ObjectModel

/// Finds what is left of pods that are gone: containers and sandboxes, folders, logs, cgroups.
struct OrphanSweep: Sendable {
    let services: NodeServices

    /// - Parameters:
    ///   - known: UIDs of pods that the API has or that someone looks after. Asked after each look at what there is: a pod that came meanwhile is
    ///     known before anything of it is made.
    ///   - adopt: takes a pod of which something still stands in the runtime.
    func run(known: () -> Set<String>, adopt: (Pod) -> Void) async throws {
        let running = try await services.observer.pods()
        let knownFirst = known()
        for (uid, name) in running where !knownFirst.contains(uid) {
            adopt(
                Pod([
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": ["name": .string(name.name), "namespace": .string(name.namespace), "uid": .string(uid)],
                    "spec": ["terminationGracePeriodSeconds": 5],
                ]))
        }
        let folders = (try? File.names(in: services.directories.pods)) ?? []
        let logs = (try? File.names(in: services.directories.logs)) ?? []
        let groups = services.cgroups?.pods() ?? []
        let kept = known().union(running.keys)
        for uid in folders where !kept.contains(uid) {
            try? Mount.unmountAll(below: services.directories.pod(uid))
            try? File.removeTree(services.directories.pod(uid))
        }
        for folder in logs {
            guard let uid = folder.split(separator: "_").last, !kept.contains(String(uid)) else { continue }
            try? File.removeTree("\(services.directories.logs)/\(folder)")
        }
        for uid in groups.subtracting(kept) { services.cgroups?.remove(uid: uid) }
    }
}
