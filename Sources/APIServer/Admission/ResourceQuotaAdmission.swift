import ClusterClient
import ObjectModel

/// ResourceQuotas of a namespace: what is created is charged to `status.used`, and refused where that would pass `status.hard`.
public struct ResourceQuotaAdmission: AdmissionPlugin {
    public let name = "ResourceQuota"

    private let clock: @Sendable () -> Timestamp

    public init(clock: @escaping @Sendable () -> Timestamp) { self.clock = clock }

    /// The quotas with their new `status.used`, to be committed together with the write, each on the condition that it is still the one read.
    public func companionWrites(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) -> [(resource: Resource, object: Value)] {
        guard !request.namespace.isEmpty, isCharged(request) else { return [] }
        let quotas = stored.objects(.resourceQuotas, namespace: request.namespace).sorted { $0.name < $1.name }
        if quotas.isEmpty { return [] }
        let (resource, group) = (request.resource.plural, request.resource.group)
        let matching = quotas.filter { QuotaScopes.matches($0, request.object, resource: resource, group: group) }
        for quota in matching { try checkComplete(quota, request) }

        let charge = try charge(request)
        if charge.isEmpty { return [] }
        var writes: [(resource: Resource, object: Value)] = []
        for quota in matching {
            if let charged = try apply(charge, to: quota, request) { writes.append((.resourceQuotas, charged)) }
        }
        return writes
    }

    /// Creations; and updates of what can grow: a service's ports, a claim's size, a pod's resources.
    private func isCharged(_ request: AdmissionRequest) -> Bool {
        let isPod = request.resource.group.isEmpty && request.resource.plural == "pods"
        switch request.operation {
        case .create: return request.subresource.isEmpty
        case .update where isPod: return request.subresource == "resize"
        case .update: return request.concerns(.services) || request.concerns(.persistentVolumeClaims)
        case .delete, .connect: return false
        }
    }

    private func checkComplete(_ quota: Value, _ request: AdmissionRequest) throws(APIError) {
        let (resource, group) = (request.resource.plural, request.resource.group)
        let names = quota.status["hard"].fields.keys.filter { QuotaUsage.concerns($0, resource: resource, group: group) }
        if resource == "pods", group.isEmpty, let missing = QuotaUsage.missingPodResources(request.object, names: names) {
            throw request.forbidden("failed quota: \(quota.name): \(missing)")
        }
        let used = quota.status["used"]
        if names.contains(where: { used[$0].isNull }) {
            throw request.forbidden("status unknown for quota: \(quota.name), resources: \(names.joined(separator: ","))")
        }
    }

    /// What the write adds; for an update, beyond what the object counts for already.
    private func charge(_ request: AdmissionRequest) throws(APIError) -> ResourceList {
        let now = clock()
        let (resource, group) = (request.resource.plural, request.resource.group)
        var usage = QuotaUsage.usage(of: request.object, resource: resource, group: group, now: now)
        let negative = usage.filter { $0.value < .zero }.keys.sorted()
        if !negative.isEmpty { throw request.forbidden("quota usage is negative for resource(s): \(negative.joined(separator: ","))") }
        if request.operation == .update, !request.oldObject.resourceVersion.isEmpty {
            for (name, amount) in QuotaUsage.usage(of: request.oldObject, resource: resource, group: group, now: now) {
                usage[name] = (usage[name] ?? .zero) - amount
            }
        }
        return usage.filter { !$0.value.isZero }
    }

    /// Nil where the quota limits nothing of this.
    private func apply(_ charge: ResourceList, to quota: Value, _ request: AdmissionRequest) throws(APIError) -> Value? {
        let hard = quota.status["hard"].resourceList
        let used = quota.status["used"].resourceList
        let requested = charge.filter { hard[$0.key] != nil }
        if requested.isEmpty { return nil }
        let exceeded = requested.keys.filter { name in
            let total = (used[name] ?? .zero) + (requested[name] ?? .zero)
            return total > (hard[name] ?? .zero)
        }
        // What gives back is never refused, though more may be in use than allowed.
        .filter { (requested[$0] ?? .zero) > .zero }
        .sorted()
        guard exceeded.isEmpty else {
            func shown(_ list: ResourceList) -> String { exceeded.map { "\($0)=\(list[$0] ?? .zero)" }.joined(separator: ",") }
            throw request.forbidden(
                "exceeded quota: \(quota.name), requested: \(shown(requested)), used: \(shown(used)), limited: \(shown(hard))")
        }
        var charged = quota
        for (name, amount) in requested { charged.status["used"][name] = Value((used[name] ?? .zero) + amount) }
        return charged
    }
}
