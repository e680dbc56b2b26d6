import ObjectModel

/// The rules of custom resource definitions. What an expression may say is for those that run it.
///
/// Errors stand where upstream has them: what all versions of a definition have in common stands in the spec, whoever wrote it into each.
enum CustomResourceDefinitionValidation {
    @Sendable static func check(_ definition: Field, _ old: Field?) {
        let spec = definition["spec"]
        if old == nil { name(definition) }
        group(spec["group"])
        spec["scope"].requireOneOf(["Cluster", "Namespaced"])
        versions(spec)
        for field in ["plural", "singular", "kind", "listKind"] { spec["names"][field].require() }
        names(spec["names"])
        CustomResourceVersionValidation.shared(spec)
        conversion(spec["conversion"], spec)
        names(definition["status"]["acceptedNames"])
        if let old { update(definition, old) }
        approval(definition, old)
        if spec.isTrue("preserveUnknownFields"), old?.isTrue("preserveUnknownFields") != true {
            spec["preserveUnknownFields"].refuse(
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead")
        }
    }

    @Sendable static func status(_ definition: Field, _ old: Field?) { names(definition["status"]["acceptedNames"]) }

    private static func name(_ definition: Field) {
        let (name, spec) = (definition["metadata"]["name"], definition["spec"])
        let group = spec.text("group").isEmpty ? "core" : spec.text("group")
        if !name.isEmpty, name.text != "\(spec["names"].text("plural")).\(group)" {
            name.refuse("must be spec.names.plural+\".\"+spec.group")
        }
    }

    private static func group(_ group: Field) {
        let problems = Validation.dns1123Subdomain(group.text)
        if !problems.isEmpty {
            group.refuse(.string(group.text), problems.joined(separator: ","))
        } else if !group.text.contains(".") {
            group.refuse("should be a domain with at least one dot")
        }
    }

    // MARK: Names

    private static func names(_ names: Field) {
        func label(_ field: Field, _ prefix: String = "", _ text: (String) -> String = { $0 }) {
            guard !field.isEmpty else { return }
            let problems = Validation.dns1035Label(text(field.text))
            if !problems.isEmpty { field.refuse(prefix + problems.joined(separator: ",")) }
        }
        for field in ["plural", "singular"] { label(names[field]) }
        for field in ["kind", "listKind"] { label(names[field], "may have mixed case, but should otherwise match: ") { $0.lowercased() } }
        for name in names.elements("shortNames") { refuseUnlessLabel(name) }
        if !names["kind"].isEmpty, names.text("kind") == names.text("listKind") { names["listKind"].refuse("kind and listKind may not be the same") }
        for name in names.elements("categories") { refuseUnlessLabel(name) }
    }

    private static func refuseUnlessLabel(_ name: Field) {
        let problems = Validation.dns1035Label(name.text)
        if !problems.isEmpty { name.refuse(.string(name.text), problems.joined(separator: ",")) }
    }

    // MARK: Versions

    private static func versions(_ spec: Field) {
        let versions = spec.elements("versions")
        for version in versions where !version["schema"]["openAPIV3Schema"].isObject {
            version["schema"]["openAPIV3Schema"].missing("schemas are required")
        }
        var names: Set<String> = []
        var isUnique = true
        for version in versions {
            isUnique = names.insert(version.text("name")).inserted && isUnique
            refuseUnlessLabel(version["name"])
            CustomResourceVersionValidation.check(version, of: spec)
        }
        if !isUnique { spec["versions"].refuse("must contain unique version names") }
        if versions.filter({ $0.isTrue("storage") }).count != 1 {
            spec["versions"].refuse("must have exactly one version marked as storage version")
        }
    }

    // MARK: Conversion

    private static func conversion(_ conversion: Field, _ spec: Field) {
        guard !conversion.isAbsent else { return }
        if conversion.text("strategy") != "None", spec.isTrue("preserveUnknownFields") {
            conversion["strategy"].refuse("must be None if spec.preserveUnknownFields is true")
        }
        conversion["strategy"].requireOneOf(["None", "Webhook"])
        let webhook = conversion["webhook"]
        // Upstream has both a level higher.
        let client = conversion["webhookClientConfig"].showing(webhook.value["clientConfig"])
        let versions = conversion["conversionReviewVersions"].showing(webhook.value["conversionReviewVersions"])
        guard conversion.text("strategy") == "Webhook" else {
            for field in [client, versions] where !field.isEmpty { field.forbid("should not be set when strategy is not set to Webhook") }
            return
        }
        if client.isAbsent { client.missing("required when strategy is set to Webhook") } else { WebhookValidation.client(client) }
        guard versions.require() else { return }
        WebhookValidation.versions(versions, versions.value.array.indices.map(versions.element))
        if !versions.value.strings.contains(where: { $0 == "v1" || $0 == "v1beta1" }) {
            versions.refuse("must include at least one of v1, v1beta1")
        }
    }

    // MARK: Update

    private static func update(_ definition: Field, _ oldDefinition: Field) {
        let (spec, old) = (definition["spec"], oldDefinition["spec"])
        let isEstablished = oldDefinition.value["status"]["conditions"].array.contains { $0["type"] == "Established" && $0["status"] == "True" }
        if isEstablished {
            spec["scope"].immutable(since: old["scope"])
            spec["names"]["kind"].immutable(since: old["names"]["kind"])
        }
        spec["group"].immutable(since: old["group"])
        spec["names"]["plural"].immutable(since: old["names"]["plural"])
        storedVersions(definition["status"]["storedVersions"], spec)
    }

    /// What was stored in a version can be read as long as that is there.
    private static func storedVersions(_ stored: Field, _ spec: Field) {
        let names = stored.value.strings
        // One that was written before its versions were counted.
        guard !names.isEmpty else { return }
        let versions = spec.value["versions"].array
        for version in versions where version["storage"].bool == true && !names.contains(version["name"].string ?? "") {
            stored.refuse("must have the storage version \(version["name"].string ?? "")")
        }
        for (index, name) in names.enumerated() where !versions.contains(where: { $0["name"].string == name }) {
            stored.element(index).refuse(
                "missing from spec.versions; \(name) was previously a storage version, and must remain in spec.versions until a storage migration "
                    + "ensures no data remains persisted in \(name) and removes \(name) from status.storedVersions")
        }
    }

    // MARK: Protected groups

    private static let approvedBy = "api-approved.kubernetes.io"
    private static let more = ", see https://github.com/kubernetes/enhancements/pull/1111"

    /// Whether an API was approved.
    private enum Approval { case missing, bypassed, approved, invalid }

    /// The groups of the project are for what it approved.
    private static func approval(_ definition: Field, _ old: Field?) {
        let group = definition["spec"].text("group")
        guard ["k8s.io", "kubernetes.io"].contains(where: { group == $0 || group.hasSuffix(".\($0)") }) else { return }
        let now = approval(of: definition.value)
        if let old, approval(of: old.value) == now { return }
        let annotation = definition["metadata"]["annotations"].key(approvedBy)
        let words = "protected groups must have approval annotation \"\(approvedBy)\""
        switch now {
        case .missing: annotation.missing(words + more)
        case .invalid: annotation.refuse(words + " with either a URL or a reason starting with \"unapproved\"" + more)
        case .approved, .bypassed: break
        }
    }

    private static func approval(of definition: Value) -> Approval {
        let text = definition.metadata["annotations"][approvedBy].string ?? ""
        if text.isEmpty { return .missing }
        if text.hasPrefix("unapproved") { return .bypassed }
        guard let scheme = text.firstRange(of: "://"), scheme.lowerBound > text.startIndex else { return .invalid }
        let host = text[scheme.upperBound...].prefix { $0 != "/" }
        return host.isEmpty ? .invalid : .approved
    }
}

extension Field {
    var isObject: Bool { value.isObject }
}
