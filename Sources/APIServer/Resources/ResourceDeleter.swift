import ClusterClient
import ObjectModel
import Storage

/// Deletes objects: preconditions, grace, finalizers, propagation.
struct ResourceDeleter: Sendable {
    let resource: ServedResource
    let store: any Store
    let admission: Admission

    private static let attemptsMax = 8

    /// What became of the object.
    enum Deleted: Sendable {
        /// It is gone; its last state, and that as it is shown.
        case gone(Value, [UInt8])

        /// It is marked, and goes when its grace period ends or its finalizers are removed.
        case marked([UInt8])
    }

    func delete(name: String, _ options: DeleteOptions, _ context: WriteContext) async throws(APIError) -> Deleted {
        let key = resource.key(namespace: context.request.namespace, name: name)
        return try await resource.alone(at: key) { () throws(APIError) in
            for _ in 0..<Self.attemptsMax {
                guard let current = resource.collection.find(key) else { throw resource.notFound(name) }
                let old = try current.value()
                try checkPreconditions(old, options)
                try admission.validateDelete(old, resource, context)
                do throws(StoreError) {
                    return try await delete(current, old, options, context)
                } catch {
                    // Another server of the same store was faster.
                    guard case .conflict = error else { throw .storage(error) }
                }
            }
            throw resource.modified(name)
        }
    }

    /// Deletes objects, many at a time.
    func deleteCollection(_ objects: [StoredObject], _ options: DeleteOptions, _ context: WriteContext) async throws(APIError) {
        let results = await withTaskGroup(of: Result<Void, APIError>.self) { group in
            var pending = objects.makeIterator()
            var running = 0
            var failures: [APIError] = []
            func start(_ object: StoredObject) {
                running += 1
                group.addTask {
                    var context = context
                    context.request.namespace = String(object.namespace)
                    do throws(APIError) {
                        _ = try await delete(name: String(object.name), options, context)
                        return .success(())
                    } catch {
                        return error.reason == .notFound ? .success(()) : .failure(error)
                    }
                }
            }
            while running < Self.parallelMax, let object = pending.next() { start(object) }
            while let result = await group.next() {
                running -= 1
                if case .failure(let error) = result { failures.append(error) }
                if let object = pending.next() { start(object) }
            }
            return failures
        }
        if let failure = results.first { throw failure }
    }

    /// Deletions under way at once: enough to share one sync of the disk.
    private static let parallelMax = 128

    private func checkPreconditions(_ old: Value, _ options: DeleteOptions) throws(APIError) {
        func conflict(_ why: String) -> APIError {
            // Upstream names the kind here, not the resource.
            .conflict(resource: resource.definition.kind, group: resource.group, name: old.name, why)
        }
        if let uid = options.uid, uid != old.uid {
            throw conflict(
                "the UID in the precondition (\(uid)) does not match the UID in record (\(old.uid)). The object might have been deleted and then recreated"
            )
        }
        if let version = options.resourceVersion, version != old.resourceVersion {
            throw conflict(
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record (\(old.resourceVersion)). The object might have been modified"
            )
        }
    }

    private func delete(
        _ current: StoredObject, _ old: Value, _ options: DeleteOptions, _ context: WriteContext
    ) async throws(StoreError) -> Deleted {
        let key = resource.collection.prefix + current.key
        var object = old
        object.metadata["resourceVersion"] = .null
        mark(&object, options, context)
        if Metadata.isDone(object) {
            if context.isDryRun { return .gone(old, current.bytes) }
            let revision = try await store.commit([Write(key: key, value: nil, precondition: .revision(current.revision))])
            resource.strategy.deleted(old)
            return .gone(old, Revisions.replace(revision, in: current.bytes))
        }
        var unchanged = old
        unchanged.metadata["resourceVersion"] = .null
        if object == unchanged { return .marked(current.bytes) }
        let bytes = object.canonicalJSON()
        if context.isDryRun { return .marked(Revisions.splice(current.revision, into: bytes)) }
        let revision = try await store.commit([Write(key: key, value: bytes, precondition: .revision(current.revision))])
        return .marked(resource.committed(current.key, revision, bytes))
    }

    /// Sets the deletion's time, its grace period, and the finalizer that the propagation policy stands for.
    private func mark(_ object: inout Value, _ options: DeleteOptions, _ context: WriteContext) {
        var finalizers = object.finalizers
        switch options.propagationPolicy {
        case "Orphan":
            finalizers.removeAll { $0 == "foregroundDeletion" }
            if !finalizers.contains("orphan") { finalizers.append("orphan") }
        case "Foreground":
            finalizers.removeAll { $0 == "orphan" }
            if !finalizers.contains("foregroundDeletion") { finalizers.append("foregroundDeletion") }
        case "Background": finalizers.removeAll { $0 == "orphan" || $0 == "foregroundDeletion" }
        default: break
        }
        if finalizers != object.finalizers { object.metadata["finalizers"] = finalizers.isEmpty ? .null : Value(finalizers) }

        let grace = max(0, resource.strategy.gracePeriod(of: object, requested: options.gracePeriodSeconds) ?? 0)
        if object.isBeingDeleted {
            // A later deletion may shorten the grace period, never lengthen it.
            let left = object.metadata["deletionGracePeriodSeconds"].integer ?? 0
            guard grace < left else { return }
            let shortened = Timestamp(rfc3339: object.metadata["deletionTimestamp"].string ?? "").map { $0 + .seconds(grace - left) }
            object.metadata["deletionTimestamp"] = .string((shortened ?? context.now).rfc3339)
            object.metadata["deletionGracePeriodSeconds"] = .integer(grace)
            return
        }
        object.metadata["deletionTimestamp"] = .string((context.now + .seconds(grace)).rfc3339)
        object.metadata["deletionGracePeriodSeconds"] = .integer(grace)
        if object.generation > 0 { object.metadata["generation"] = Value(object.generation + 1) }
        if resource.plural == "namespaces", resource.group.isEmpty { object["status"]["phase"] = "Terminating" }
    }
}
