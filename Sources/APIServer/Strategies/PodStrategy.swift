import KubernetesAPI
import ObjectModel

/// Pods: quality of service, graceful deletion.
struct PodStrategy: ResourceStrategy {
    var hasGeneration: Bool { true }

    func initialStatus(of object: Value) -> Value { ["phase": "Pending"] }

    func prepareForCreate(_ object: inout Value, _ context: WriteContext) throws(APIError) {
        object["status"]["qosClass"] = .string(PodQualityOfService.qosClass(of: object).rawValue)
    }

    func prepareForStatusUpdate(_ object: inout Value, old: Value, _ context: WriteContext) throws(APIError) {
        object.metadata["ownerReferences"] = old.metadata["ownerReferences"]
        object["status"]["qosClass"] = old["status"]["qosClass"]
        // The pod as it was stored decides, not what the node last saw.
        object["status"]["nominatedNodeName"] = object["status"]["nominatedNodeName"]
    }

    func gracePeriod(of object: Value, requested: Int64?) -> Int64? {
        let phase = object["status"]["phase"].string
        let isOver = phase == "Succeeded" || phase == "Failed"
        // Nobody has the pod yet, or it ended: nothing to wait for.
        if (object["spec"]["nodeName"].string ?? "").isEmpty || isOver { return 0 }
        let period = requested ?? object["spec"]["terminationGracePeriodSeconds"].integer ?? 30
        return period < 0 ? 1 : period
    }

    var selectableFieldNames: Set<String> {
        [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase",
            "status.podIP", "status.podIPs",
            "status.nominatedNodeName",
        ]
    }

    var selectableFields: SelectableFields {
        { pod in
            let (spec, status) = (pod["spec"], pod["status"])
            return [
                "spec.nodeName": spec["nodeName"].string ?? "", "spec.restartPolicy": spec["restartPolicy"].string ?? "",
                "spec.schedulerName": spec["schedulerName"].string ?? "", "spec.serviceAccountName": spec["serviceAccountName"].string ?? "",
                "spec.hostNetwork": spec["hostNetwork"].bool == true ? "true" : "false", "status.phase": status["phase"].string ?? "",
                "status.podIP": status["podIP"].string ?? "", "status.nominatedNodeName": status["nominatedNodeName"].string ?? "",
            ]
        }
    }
}
