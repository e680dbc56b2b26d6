import ObjectModel

/// What bounds others: quotas, limits, budgets, autoscalers, roles, admission.
enum PolicyTable {
    static let rules: [String: KindValidation.Rules] = [
        "limitranges": { range, _ in LimitRangeValidation.check(range["spec"]) },
        "resourcequotas": ResourceQuotaValidation.check,
        "resourcequotas:status": { quota, _ in ResourceQuotaValidation.amounts(quota["status"]) },
        "policy/poddisruptionbudgets": { budget, _ in disruptionBudget(budget["spec"]) },
        "autoscaling/horizontalpodautoscalers": { scaler, _ in AutoscalerValidation.check(scaler) },
        "rbac.authorization.k8s.io/roles": { role, _ in RoleValidation.role(role, isNamespaced: true) },
        "rbac.authorization.k8s.io/clusterroles": { role, _ in RoleValidation.role(role, isNamespaced: false) },
        "rbac.authorization.k8s.io/rolebindings": { RoleValidation.binding($0, $1, isNamespaced: true) },
        "rbac.authorization.k8s.io/clusterrolebindings": { RoleValidation.binding($0, $1, isNamespaced: false) },
        "admissionregistration.k8s.io/validatingwebhookconfigurations": { WebhookValidation.check($0, $1) },
        "admissionregistration.k8s.io/mutatingwebhookconfigurations": { WebhookValidation.check($0, $1) },
        "admissionregistration.k8s.io/validatingadmissionpolicies": AdmissionPolicyValidation.validating,
        "admissionregistration.k8s.io/validatingadmissionpolicies:status": AdmissionPolicyValidation.status,
        "admissionregistration.k8s.io/validatingadmissionpolicybindings": AdmissionPolicyValidation.validatingBinding,
        "admissionregistration.k8s.io/mutatingadmissionpolicies": AdmissionPolicyValidation.mutating,
        "admissionregistration.k8s.io/mutatingadmissionpolicybindings": AdmissionPolicyValidation.mutatingBinding,
        "flowcontrol.apiserver.k8s.io/flowschemas": { schema, _ in FlowControlValidation.flowSchema(schema) },
        "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": { level, _ in FlowControlValidation.level(level) },
    ]

    // MARK: Budgets

    private static func disruptionBudget(_ spec: Field) {
        let (least, most) = (spec["minAvailable"], spec["maxUnavailable"])
        if !least.isAbsent, !most.isAbsent { spec.refuse("minAvailable and maxUnavailable cannot be both set") }
        for amount in [least, most] where !amount.isAbsent {
            amount.positiveIntOrPercent()
            amount.notMoreThanHundredPercent()
        }
        spec["selector"].labelSelector()
        if let policy = spec.present("unhealthyPodEvictionPolicy") { policy.mustBeOneOf(["AlwaysAllow", "IfHealthyBudget"]) }
    }
}
