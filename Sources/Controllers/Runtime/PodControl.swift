import ClusterClient
import ObjectModel

/// Makes and deletes pods for a controller, and tells of it in events on the owner.
struct PodControl: Sendable {
    let client: Client
    let recorder: EventRecorder

    /// The pod that `template` describes (`GetPodFromTemplate`); its name is generated from the owner's.
    static func pod(from template: Value, owner: Value, as resource: Resource) -> Value {
        let prefix = "\(owner.name)-"
        // A name's length and shape bind the prefix too; a name that no pod could have falls back to itself.
        let isPrefixValid = Validation.dns1123Subdomain(String(prefix.dropLast()) + "a").isEmpty
        var metadata: Value = ["generateName": .string(isPrefixValid ? prefix : owner.name), "namespace": .string(owner.namespace)]
        for field in ["labels", "annotations", "finalizers"] where !template.metadata[field].isEmpty { metadata[field] = template.metadata[field] }
        metadata["ownerReferences"] = [owner.controllerReference(as: resource)]
        return ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.spec]
    }

    @discardableResult func create(_ pod: Value, for owner: Value) async throws -> Value {
        do {
            let created = try await client.create(.pods, pod)
            recorder.event(owner, .normal, "SuccessfulCreate", "Created pod: \(created.name)")
            return created
        } catch {
            // A namespace that is going away takes nothing new; that is no news.
            if !isNamespaceTerminating(error) { recorder.event(owner, .warning, "FailedCreate", "Error creating: \(error)") }
            throw error
        }
    }

    func delete(_ pod: Value, for owner: Value) async throws {
        do {
            try await client.delete(.pods, namespace: pod.namespace, name: pod.name, uid: pod.uid)
            recorder.event(owner, .normal, "SuccessfulDelete", "Deleted pod: \(pod.name)")
        } catch let error as APIError where error.reason == .conflict {
            // Another pod has the name by now: the one that was meant is gone.
        } catch {
            recorder.event(owner, .warning, "FailedDelete", "Error deleting: \(error)")
            throw error
        }
    }
}

/// True where the server refused because the namespace is being deleted (the cause `NamespaceTerminating`).
func isNamespaceTerminating(_ error: any Error) -> Bool {
    (error as? APIError)?.details?.causes.contains { $0.reason == "NamespaceTerminating" } ?? false
}

/// Runs `body` for 0 up to `count`, first once, then twice as many at a time as long as all succeed: one bad request costs one request.
/// Returns how many succeeded, and the first failure.
func slowStart(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async -> (succeeded: Int, failure: (any Error)?) {
    var started = 0
    var succeeded = 0
    var size = 1
    while started < count {
        let batch = started..<min(count, started + size)
        let failures = await concurrently(batch, body)
        succeeded += batch.count - failures.count
        if let failure = failures.first { return (succeeded, failure) }
        started = batch.upperBound
        size *= 2
    }
    return (succeeded, nil)
}

/// Runs `body` for every index at once and returns the failures.
func concurrently(_ indices: Range<Int>, _ body: @escaping @Sendable (Int) async throws -> Void) async -> [any Error] {
    if indices.count == 1, let index = indices.first {
        do { try await body(index) } catch { return [error] }
        return []
    }
    return await withTaskGroup(of: (any Error)?.self) { group in
        for index in indices {
            group.addTask {
                do { try await body(index) } catch { return error }
                return nil
            }
        }
        return await group.reduce(into: []) { failures, failure in if let failure { failures.append(failure) } }
    }
}
