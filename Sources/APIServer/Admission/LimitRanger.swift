import ClusterClient
import ObjectModel

/// LimitRanges of a namespace: they fill in what containers don't ask for, and refuse what asks for too little or too much.
public struct LimitRanger: AdmissionPlugin {
    public let name = "LimitRanger"

    static let annotation = "kubernetes.io/limit-ranger"

    public init() {}

    // MARK: Defaults

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.pods), request.operation == .create else { return }
        let limits = Self.limits(request, stored).filter { $0["type"].string == "Container" }
        if limits.isEmpty { return }
        var notes: [String] = []
        for (list, word) in [("containers", "container"), ("initContainers", "init container")] {
            for index in request.object.spec[list].array.indices {
                var container = request.object.spec[list][index]
                notes += Self.fill(&container, limits, word)
                request.object.spec[list][index] = container
            }
        }
        if !notes.isEmpty {
            request.object.metadata["annotations"][Self.annotation] = .string("LimitRanger plugin set: \(notes.joined(separator: "; "))")
        }
    }

    private static func fill(_ container: inout Value, _ limits: [Value], _ word: String) -> [String] {
        // A limit that the container names is its request too, unless it names that as well. Defaulting does the same, but later than this.
        for (name, amount) in container["resources"]["limits"].fields where container["resources"]["requests"][name].isNull {
            container["resources"]["requests"][name] = amount
        }
        var setRequests: [String] = []
        var setLimits: [String] = []
        for limit in limits {
            for (name, amount) in limit["default"].fields where container["resources"]["limits"][name].isNull {
                container["resources"]["limits"][name] = amount
                setLimits.append(name)
            }
            for (name, amount) in limit["defaultRequest"].fields where container["resources"]["requests"][name].isNull {
                container["resources"]["requests"][name] = amount
                setRequests.append(name)
            }
        }
        let name = container["name"].string ?? ""
        var notes: [String] = []
        if !setRequests.isEmpty { notes.append("\(setRequests.sorted().joined(separator: ", ")) request for \(word) \(name)") }
        if !setLimits.isEmpty { notes.append("\(setLimits.sorted().joined(separator: ", ")) limit for \(word) \(name)") }
        return notes
    }

    // MARK: Bounds

    public func validate(_ request: AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        var problems: [String] = []
        if request.concerns(.pods), request.operation == .create {
            for limit in Self.limits(request, stored) { problems += Self.podProblems(request.object, limit) }
        } else if request.concerns(.persistentVolumeClaims), request.operation == .create || request.operation == .update {
            if request.oldObject.isBeingDeleted { return }
            let requests = request.object.spec["resources"]["requests"].resourceList
            for limit in Self.limits(request, stored) where limit["type"].string == "PersistentVolumeClaim" {
                problems += LimitBounds(limit).requestProblems(requests)
            }
        }
        if !problems.isEmpty { throw request.forbidden(problems.count == 1 ? problems[0] : "[\(problems.joined(separator: ", "))]") }
    }

    private static func podProblems(_ pod: Value, _ limit: Value) -> [String] {
        let bounds = LimitBounds(limit)
        switch limit["type"].string {
        case "Container":
            return (pod.spec["containers"].array + pod.spec["initContainers"].array).flatMap { container in
                bounds.problems(
                    requests: container["resources"]["requests"].resourceList, limits: container["resources"]["limits"].resourceList)
            }
        case "Pod":
            return bounds.problems(
                requests: PodResources.requests(of: pod, includingOverhead: false), limits: PodResources.limits(of: pod, includingOverhead: false))
        default: return []
        }
    }

    private static func limits(_ request: AdmissionRequest, _ stored: any ObjectReader) -> [Value] {
        stored.objects(.limitRanges, namespace: request.namespace).flatMap { $0.spec["limits"].array }
    }
}

/// `min`, `max` and `maxLimitRequestRatio` of one LimitRangeItem, and what breaks them, in upstream's words.
struct LimitBounds {
    private let type: String
    private let minimum: [(name: String, amount: Quantity)]
    private let maximum: [(name: String, amount: Quantity)]
    private let ratio: [(name: String, amount: Quantity)]

    init(_ item: Value) {
        func sorted(_ field: String) -> [(name: String, amount: Quantity)] {
            item[field].resourceList.sorted { $0.key < $1.key }.map { (name: $0.key, amount: $0.value) }
        }
        type = item["type"].string ?? ""
        minimum = sorted("min")
        maximum = sorted("max")
        ratio = sorted("maxLimitRequestRatio")
    }

    func problems(requests: ResourceList, limits: ResourceList) -> [String] {
        minimum.compactMap { belowMinimum($0.name, $0.amount, requests[$0.name], limits[$0.name]) }
            + maximum.compactMap { aboveMaximum($0.name, $0.amount, requests[$0.name], limits[$0.name]) }
            + ratio.compactMap { aboveRatio($0.name, $0.amount, requests[$0.name], limits[$0.name]) }
    }

    /// For what has requests only.
    func requestProblems(_ requests: ResourceList) -> [String] {
        minimum.compactMap { belowMinimum($0.name, $0.amount, requests[$0.name], nil) }
            + maximum.compactMap { bound in
                let usage = "maximum \(bound.name) usage per \(type) is \(bound.amount)"
                guard let request = requests[bound.name] else { return "\(usage).  No request is specified" }
                return request > bound.amount ? "\(usage), but request is \(request)" : nil
            }
    }

    private func belowMinimum(_ name: String, _ bound: Quantity, _ request: Quantity?, _ limit: Quantity?) -> String? {
        let usage = "minimum \(name) usage per \(type) is \(bound)"
        guard let request else { return "\(usage).  No request is specified" }
        if request < bound { return "\(usage), but request is \(request)" }
        if let limit, limit < bound { return "\(usage), but limit is \(limit)" }
        return nil
    }

    private func aboveMaximum(_ name: String, _ bound: Quantity, _ request: Quantity?, _ limit: Quantity?) -> String? {
        let usage = "maximum \(name) usage per \(type) is \(bound)"
        guard let limit else { return "\(usage).  No limit is specified" }
        if limit > bound { return "\(usage), but limit is \(limit)" }
        if let request, request > bound { return "\(usage), but request is \(request)" }
        return nil
    }

    private func aboveRatio(_ name: String, _ bound: Quantity, _ request: Quantity?, _ limit: Quantity?) -> String? {
        let ratio = "\(name) max limit to request ratio per \(type) is \(bound)"
        guard let request, !request.isZero else { return "\(ratio), but no request is specified or request is 0" }
        guard let limit, !limit.isZero else { return "\(ratio), but no limit is specified or limit is 0" }
        let provided = Double(limit.milliValue) / Double(request.milliValue)
        return provided * 1000 > Double(bound.milliValue) ? "\(ratio), but provided ratio is \(Self.sixDigits(provided))" : nil
    }

    /// As C's `%f`.
    private static func sixDigits(_ number: Double) -> String {
        let millionths = Int64((number * 1_000_000).rounded())
        let fraction = String(millionths % 1_000_000)
        return "\(millionths / 1_000_000).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
    }
}
