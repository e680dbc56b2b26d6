import ObjectModel

/// The rules of roles and of what binds them.
enum RoleValidation {
    private static let group = "rbac.authorization.k8s.io"

    static func role(_ role: Field, isNamespaced: Bool) {
        for rule in role.elements("rules") { self.rule(rule, isNamespaced: isNamespaced) }
        guard !isNamespaced, let aggregation = role.present("aggregationRule") else { return }
        aggregation["clusterRoleSelectors"].require("at least one clusterRoleSelector required if aggregationRule is non-nil")
        for selector in aggregation.elements("clusterRoleSelectors") { selector.labelSelector() }
    }

    private static func rule(_ rule: Field, isNamespaced: Bool) {
        rule["verbs"].require("verbs must contain at least one value")
        let paths = rule["nonResourceURLs"]
        guard paths.isEmpty else {
            if isNamespaced { paths.refuse("namespaced rules cannot apply to non-resource URLs") }
            if ["apiGroups", "resources", "resourceNames"].contains(where: { !rule.value[$0].isEmpty }) {
                paths.refuse("rules cannot apply to both regular resources and non-resource URLs")
            }
            return
        }
        rule["apiGroups"].require("resource rules must supply at least one api group")
        rule["resources"].require("resource rules must supply at least one resource")
    }

    static func binding(_ binding: Field, _ old: Field?, isNamespaced: Bool) {
        let role = binding["roleRef"]
        role["apiGroup"].mustBeOneOf([group])
        role["kind"].mustBeOneOf(isNamespaced ? ["ClusterRole", "Role"] : ["ClusterRole"])
        role["name"].requireMatch(Validation.pathSegmentName)
        for subject in binding.elements("subjects") { self.subject(subject, isNamespaced: isNamespaced) }
        role.immutable(since: old?["roleRef"], "cannot change roleRef")
    }

    private static func subject(_ subject: Field, isNamespaced: Bool) {
        subject["name"].require()
        switch subject.text("kind") {
        case "ServiceAccount":
            subject["name"].matches(Validation.dns1123Subdomain)
            if !subject["apiGroup"].isEmpty { subject["apiGroup"].unsupported([""]) }
            if !isNamespaced { subject["namespace"].require() }
        case "User", "Group": subject["apiGroup"].mustBeOneOf([group])
        default: subject["kind"].unsupported(["ServiceAccount", "User", "Group"])
        }
    }
}
