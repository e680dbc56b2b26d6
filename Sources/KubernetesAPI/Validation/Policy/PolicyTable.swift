import ObjectModel

/// What bounds others: quotas, limits, budgets, autoscalers, roles, admission.
enum PolicyTable {
    static let rules: [String: KindValidation.Rules] = [
        "limitranges": { range, _ in LimitRangeValidation.check(range["spec"]) },
        "resourcequotas": resourceQuota,
        "policy/poddisruptionbudgets": { budget, _ in disruptionBudget(budget["spec"]) },
        "autoscaling/horizontalpodautoscalers": { scaler, _ in AutoscalerValidation.check(scaler) },
        "rbac.authorization.k8s.io/roles": { role, _ in RoleValidation.role(role, isNamespaced: true) },
        "rbac.authorization.k8s.io/clusterroles": { role, _ in RoleValidation.role(role, isNamespaced: false) },
        "rbac.authorization.k8s.io/rolebindings": { RoleValidation.binding($0, $1, isNamespaced: true) },
        "rbac.authorization.k8s.io/clusterrolebindings": { RoleValidation.binding($0, $1, isNamespaced: false) },
        "admissionregistration.k8s.io/validatingwebhookconfigurations": { WebhookValidation.check($0, $1) },
        "admissionregistration.k8s.io/mutatingwebhookconfigurations": { WebhookValidation.check($0, $1) },
        "admissionregistration.k8s.io/validatingadmissionpolicies": AdmissionPolicyValidation.policy,
        "admissionregistration.k8s.io/validatingadmissionpolicybindings": AdmissionPolicyValidation.binding,
        "flowcontrol.apiserver.k8s.io/flowschemas": { schema, _ in FlowControlValidation.flowSchema(schema["spec"]) },
        "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": { level, _ in FlowControlValidation.level(level["spec"]) },
    ]

    // MARK: Quotas

    private static let quotaResources: Set<String> = [
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage", "limits.cpu",
        "limits.memory", "limits.ephemeral-storage",
    ]

    private static let scopes = [
        "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating", "VolumeAttributesClass",
    ]

    @Sendable private static func resourceQuota(_ quota: Field, _ old: Field?) {
        let spec = quota["spec"]
        for (name, amount) in spec.entries("hard") {
            for problem in Validation.qualifiedName(name) { amount.refuse(.string(name), problem) }
            let isStandard =
                name.contains("/") || quotaResources.contains(name) || ResourceValidation.counted.contains(name)
                || ["hugepages-", "requests.hugepages-"].contains(where: name.hasPrefix)
            if !isStandard { amount.refuse(.string(name), "must be a standard resource for quota") }
            ResourceValidation.amount(name, amount)
        }
        for scope in spec.elements("scopes") where !scopes.contains(scope.text) { scope.refuse("unsupported scope") }
        for requirement in spec["scopeSelector"].elements("matchExpressions") {
            let (values, operation) = (requirement["values"], requirement["operator"])
            if !scopes.contains(requirement.text("scopeName")) { requirement["scopeName"].refuse("unsupported scope") }
            switch operation.text {
            case "In", "NotIn": values.require("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")
            case "Exists", "DoesNotExist":
                if !values.isEmpty { values.refuse("must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector") }
            default: operation.refuse(.string(operation.text), "not a valid selector operator")
            }
        }
        guard let old else { return }
        spec["scopes"].immutable(since: old["spec"]["scopes"])
        spec["scopeSelector"].immutable(since: old["spec"]["scopeSelector"])
    }

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
