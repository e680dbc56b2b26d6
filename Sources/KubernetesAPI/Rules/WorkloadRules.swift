import ObjectModel
import Schema

/// Defaults of workload controllers and autoscalers that depend on more than a constant.
enum WorkloadRules {
    static let all = [
        DefaultingRule("selectorFromTemplate", selectorFromTemplate),
        DefaultingRule("statefulSetSpec") { spec in
            // Whoever names a strategy without saying how has said so.
            if spec["updateStrategy"]["type"].isEmpty { spec["updateStrategy"].setDefault("rollingUpdate", [:]) }
            spec.updateElements(of: "volumeClaimTemplates") { claim in
                claim.setDefault("apiVersion", "v1")
                claim.setDefault("kind", "PersistentVolumeClaim")
            }
        },
        DefaultingRule("scalingBehavior", scalingBehavior),
        DefaultingRule("targetCPU") { autoscaler in
            guard autoscaler.metadata["annotations"]["autoscaling.alpha.kubernetes.io/metrics"].isNull else { return }
            autoscaler["spec"].setDefault("targetCPUUtilizationPercentage", 80)
        },
    ]

    /// A replication controller without a selector or labels takes its template's.
    private static func selectorFromTemplate(_ controller: inout Value) {
        let labels = controller["spec"]["template"]["metadata"]["labels"]
        guard !labels.isNull else { return }
        controller["spec"].setDefault("selector", labels)
        controller["metadata"].setDefault("labels", labels)
    }

    /// Whoever sets one rule of scaling gets the others filled in.
    private static func scalingBehavior(_ spec: inout Value) {
        guard spec["behavior"].isObject else { return }
        let everything: Value = ["type": "Percent", "value": 100, "periodSeconds": 15]
        var behavior = spec["behavior"]
        behavior["scaleUp"].setDefault("stabilizationWindowSeconds", 0)
        behavior["scaleUp"].setDefault("policies", [["type": "Pods", "value": 4, "periodSeconds": 15], everything])
        behavior["scaleUp"].setDefault("selectPolicy", "Max")
        behavior["scaleDown"].setDefault("policies", [everything])
        behavior["scaleDown"].setDefault("selectPolicy", "Max")
        spec["behavior"] = behavior
    }
}
