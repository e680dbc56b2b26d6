import Synchronization

/// How many clients watch what, for an estimate of what a write costs. Watches of components of this process, which are bounded, are not counted.
final class WatchCounts: Sendable {
    private let counts = Mutex<[Subject: Int]>([:])

    /// Lets writes pass without a look while nobody watches.
    private let all = Atomic(0)

    /// A resource's objects, those of a namespace, or one of them.
    fileprivate struct Subject: Hashable {
        var group: String
        var resource: String
        var namespace = ""
        var name = ""
    }

    /// One client's watch. To be begun and ended once each.
    final class Watch: Sendable {
        private let counts: WatchCounts
        private let subject: Subject

        fileprivate init(_ counts: WatchCounts, _ subject: Subject) {
            self.counts = counts
            self.subject = subject
        }

        func begin() { counts.add(1, subject) }
        func end() { counts.add(-1, subject) }
    }

    /// Nil for what is no watch, or one that hears of few writes: of the pods of one node.
    func watch(_ info: RequestInfo) -> Watch? {
        guard info.verb == "watch", info.isResourceRequest else { return nil }
        if info.resource == "pods", let node = info.selectors.required("spec.nodeName"), !node.isEmpty { return nil }
        let name = info.name.isEmpty ? info.selectors.required("metadata.name") ?? "" : info.name
        return Watch(self, Subject(group: info.group, resource: info.resource, namespace: info.namespace, name: name))
    }

    /// Watches that may hear of what a request writes.
    func interested(in info: RequestInfo) -> Int {
        guard all.load(ordering: .relaxed) > 0 else { return 0 }
        var subject = Subject(group: info.group, resource: info.resource)
        return counts.withLock { counts in
            var sum = counts[subject] ?? 0
            if !info.name.isEmpty {
                subject.name = info.name
                sum += counts[subject] ?? 0
            }
            guard !info.namespace.isEmpty else { return sum }
            subject.namespace = info.namespace
            if !info.name.isEmpty { sum += counts[subject] ?? 0 }
            subject.name = ""
            return sum + (counts[subject] ?? 0)
        }
    }

    private func add(_ number: Int, _ subject: Subject) {
        all.add(number, ordering: .relaxed)
        counts.withLock { counts in
            let sum = (counts[subject] ?? 0) + number
            counts[subject] = sum > 0 ? sum : nil
        }
    }
}
