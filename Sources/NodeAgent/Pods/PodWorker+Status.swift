import ClusterClient
import ObjectModel

/// Telling the API how the pod is.
extension PodWorker {
    /// Writes the status soon. What changes while a write is under way goes out with the next one: however much happens, one write follows another.
    func publish() {
        needsPublish = true
        guard publisher == nil else { return }
        publisher = Task { await self.publishAll() }
    }

    /// Returns once everything so far is written.
    func flush() async { while let publisher { await publisher.value } }

    private func publishAll() async {
        while needsPublish {
            needsPublish = false
            await writeStatus()
        }
        publisher = nil
    }

    private func writeStatus() async {
        guard !isGone, hasObserved else { return }
        let status = PodStatus(
            StatusInput(
                pod: pod, previous: pod.status, observation: observation, probes: await probes.results, waiting: waiting,
                hostIPs: services.configuration.internalIPs, isEnding: pod.isBeingDeleted || failure != nil, failure: failure, allocation: allocation,
                cgroup: pod.spec["resources"].isObject ? services.cgroups?.usage(pod) : nil, now: services.now()))
        guard let patch = PodStatusPatch.make(uid: uid, from: pod.status, to: status.value) else { return }
        do {
            learn(try await services.client.patch(.pods, namespace: pod.namespace, name: pod.name, subresource: "status", .strategicMerge, patch))
            retries["/status"] = nil
            if let took = startup.finish(pod, now: services.now()) {
                services.metrics.podStarted(sinceSeen: took.sinceSeen, sinceCreation: took.sinceCreation, sli: took.sli)
            }
        } catch let error as APIError where error.reason == .notFound || error.reason == .conflict || error.reason == .invalid {
            // It is gone, or another has its name; the informer tells which.
            services.logger.debug("status not written", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
        } catch {
            services.logger.debug("status not written", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            // Set for the passes that come before it, too.
            retries["/status"] = Retry(at: services.now() + .seconds(1), count: 0)
            wake(after: .seconds(1))
        }
    }
}
