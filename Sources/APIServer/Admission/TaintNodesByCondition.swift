import ClusterClient
import ObjectModel

/// A new node takes no pods until its conditions are known: it starts with the `not-ready` taint.
public struct TaintNodesByCondition: AdmissionPlugin {
    public let name = "TaintNodesByCondition"

    public init() {}

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.nodes), request.operation == .create else { return }
        let hasTaint = request.object.spec["taints"].array.contains {
            $0["key"].string == "node.kubernetes.io/not-ready" && $0["effect"].string == "NoSchedule"
        }
        if !hasTaint { request.object.spec["taints"].append(["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"]) }
    }
}
