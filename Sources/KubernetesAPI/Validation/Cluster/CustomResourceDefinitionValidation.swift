import ObjectModel

/// The shape of custom resource definitions. What a schema may say is for those that interpret it.
enum CustomResourceDefinitionValidation {
    @Sendable static func check(_ definition: Field, _ old: Field?) {
        let spec = definition["spec"]
        spec["group"].requireMatch(Validation.dns1123Subdomain)
        if !spec.text("group").isEmpty, !spec.text("group").contains(".") { spec["group"].refuse("should be a domain with at least one dot") }
        let name = definition["metadata"]["name"]
        if !name.isEmpty, name.text != "\(spec["names"].text("plural")).\(spec.text("group"))" {
            name.refuse("must be spec.names.plural+\".\"+spec.group")
        }
        spec["scope"].requireOneOf(["Cluster", "Namespaced"])
        names(spec["names"])
        versions(spec)
        if let conversion = spec.present("conversion") {
            conversion["strategy"].requireOneOf(["None", "Webhook"])
            if conversion.text("strategy") == "Webhook" {
                let webhook = conversion["webhook"]
                if webhook["clientConfig"].isAbsent {
                    webhook["clientConfig"].missing("required when strategy is set to Webhook")
                } else {
                    WebhookValidation.client(webhook["clientConfig"])
                }
                webhook["conversionReviewVersions"].require()
            } else if !conversion["webhook"].isAbsent {
                conversion["webhook"].forbid("should not be set when strategy is not set to Webhook")
            }
        }
        guard let old else { return }
        let isEstablished = old.value["status"]["conditions"].array.contains { $0["type"] == "Established" && $0["status"] == "True" }
        spec["group"].immutable(since: old["spec"]["group"])
        spec["names"]["plural"].immutable(since: old["spec"]["names"]["plural"])
        if isEstablished {
            spec["scope"].immutable(since: old["spec"]["scope"])
            spec["names"]["kind"].immutable(since: old["spec"]["names"]["kind"])
        }
    }

    private static func names(_ names: Field) {
        names["plural"].requireMatch(Validation.dns1035Label)
        names["singular"].matches(Validation.dns1035Label)
        for field in ["kind", "listKind"] {
            names[field].require()
            for problem in Validation.dns1035Label(names.text(field).lowercased()) where !names[field].isEmpty {
                names[field].refuse("may have mixed case, but should otherwise match: \(problem)")
            }
        }
        for field in ["shortNames", "categories"] { for name in names.elements(field) { name.matches(Validation.dns1035Label) } }
        if !names["kind"].isEmpty, names.text("kind") == names.text("listKind") { names["listKind"].refuse("kind and listKind may not be the same") }
    }

    private static func versions(_ spec: Field) {
        let versions = spec.elements("versions")
        var names = Names()
        for version in versions {
            version["name"].requireMatch(Validation.dns1035Label)
            if !names.insert(version.text("name")) { spec["versions"].refuse("must contain unique version names") }
            let schema = version["schema"]["openAPIV3Schema"]
            if !schema.isObject { schema.missing("schemas are required") }
            for column in version.elements("additionalPrinterColumns") {
                column["name"].require()
                column["type"].requireOneOf(["integer", "number", "string", "boolean", "date"])
                column["jsonPath"].require()
            }
            if let scale = version["subresources"].present("scale") {
                for field in ["specReplicasPath", "statusReplicasPath"] { scale[field].require() }
            }
        }
        if versions.filter({ $0.isTrue("storage") }).count != 1 {
            spec["versions"].refuse("must have exactly one version marked as storage version")
        }
    }
}

extension Field {
    var isObject: Bool { value.isObject }
}
