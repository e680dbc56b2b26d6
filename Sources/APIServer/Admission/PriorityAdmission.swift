import ClusterClient
import ObjectModel

/// A pod's priority class becomes a number and a preemption policy; at most one class is the default.
public struct PriorityAdmission: AdmissionPlugin {
    public let name = "Priority"

    public init() {}

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.pods) else { return }
        switch request.operation {
        case .create: try resolve(&request, stored)
        case .update: preserve(&request)
        case .delete, .connect: return
        }
    }

    private func resolve(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        let spec = request.object.spec
        let className = spec["priorityClassName"].string ?? ""
        let priorityClass: Value?
        if className.isEmpty {
            priorityClass = Self.defaultClass(stored)
            if let priorityClass { request.object.spec["priorityClassName"] = .string(priorityClass.name) }
        } else {
            priorityClass = stored.object(.priorityClasses, namespace: "", name: className)
            guard priorityClass != nil else { throw request.forbidden("no PriorityClass with name \(className) was found") }
        }

        let priority = priorityClass?["value"].integer ?? 0
        if let given = spec["priority"].integer, given != priority {
            throw request.forbidden(
                "the integer value of priority (\(given)) must not be provided in pod spec; priority admission controller computed \(priority) from the given PriorityClass name"
            )
        }
        request.object.spec["priority"] = .integer(priority)

        let policy = priorityClass?["preemptionPolicy"].string ?? "PreemptLowerPriority"
        if let given = spec["preemptionPolicy"].string, given != policy {
            throw request.forbidden(
                "the string value of PreemptionPolicy (\(given)) must not be provided in pod spec; priority admission controller computed \(policy) from the given PriorityClass name"
            )
        }
        request.object.spec["preemptionPolicy"] = .string(policy)
    }

    /// A client that does not know the fields must not erase them.
    private func preserve(_ request: inout AdmissionRequest) {
        for field in ["priority", "preemptionPolicy"] where request.object.spec[field].isNull {
            request.object.spec[field] = request.oldObject.spec[field]
        }
    }

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.priorityClasses), request.operation == .create || request.operation == .update,
            request.object["globalDefault"].bool == true, let current = Self.defaultClass(stored)
        else { return }
        if request.operation == .create || current.name != request.object.name {
            throw request.forbidden("PriorityClass \(current.name) is already marked as default. Only one default can exist")
        }
    }

    /// Should there be several, the lowest one counts.
    static func defaultClass(_ stored: any ObjectReader) -> Value? {
        stored.objects(.priorityClasses, namespace: "")
            .filter { $0["globalDefault"].bool == true }
            .min { ($0["value"].integer ?? 0) < ($1["value"].integer ?? 0) }
    }
}
