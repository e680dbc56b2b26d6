import ObjectModel

/// A pod's quality of service class, by the requests and limits of its containers.
public enum PodQualityOfService: String, Sendable {
    case guaranteed = "Guaranteed"
    case burstable = "Burstable"
    case bestEffort = "BestEffort"

    private static let counted = ["cpu", "memory"]

    /// Guaranteed: every container limits CPU and memory, and requests what it limits. BestEffort: no container asks for anything.
    public static func qosClass(of pod: Value) -> PodQualityOfService {
        let podLevel = pod["spec"]["resources"]
        let containers = pod["spec"]["containers"].array + pod["spec"]["initContainers"].array
        let all = podLevel["requests"].isEmpty && podLevel["limits"].isEmpty ? containers.map { $0["resources"] } : [podLevel]
        let asks = all.flatMap { resources in
            counted.flatMap { [resources["requests"][$0], resources["limits"][$0]] }
        }.contains { !isZero($0) }
        guard asks else { return .bestEffort }
        let isGuaranteed = all.allSatisfy { resources in
            counted.allSatisfy { name in
                let limit = resources["limits"][name]
                let request = resources["requests"][name]
                return !isZero(limit) && (request.isNull || request == limit)
            }
        }
        return isGuaranteed ? .guaranteed : .burstable
    }

    /// Quantities are in canonical form once decoded, so equal ones are equal texts.
    private static func isZero(_ quantity: Value) -> Bool { quantity.isNull || quantity.string == "0" }
}
