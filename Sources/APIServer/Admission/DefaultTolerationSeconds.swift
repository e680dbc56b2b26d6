import ClusterClient
import ObjectModel

/// Pods stay for five minutes on a node that became not ready or unreachable, unless they say otherwise.
public struct DefaultTolerationSeconds: AdmissionPlugin {
    public let name = "DefaultTolerationSeconds"

    public init() {}

    public func mutate(_ request: inout AdmissionRequest, _ stored: any ObjectReader) throws(APIError) {
        guard request.concerns(.pods), request.operation == .create || request.operation == .update else { return }
        let given = request.object.spec["tolerations"].array
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] where !given.contains(where: { Self.tolerates($0, key) }) {
            request.object.spec["tolerations"].append(["key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300])
        }
    }

    private static func tolerates(_ toleration: Value, _ taint: String) -> Bool {
        let key = toleration["key"].string ?? ""
        let effect = toleration["effect"].string ?? ""
        return (key.isEmpty || key == taint) && (effect.isEmpty || effect == "NoExecute")
    }
}
