import ObjectModel

/// The rules of persistent volume claims and of the templates of them.
enum PersistentVolumeClaimValidation {
    @Sendable static func check(_ claim: Field, _ old: Field?) {
        spec(claim["spec"])
        if let old { update(claim, old) }
    }

    static func spec(_ spec: Field) {
        StorageNames.checkAccessModes(spec)
        spec["selector"].labelSelector()
        let asked = spec["resources"]["requests"]["storage"]
        let shownPath = spec["resources"].key("storage")
        if asked.isAbsent {
            shownPath.missing()
        } else if let quantity = asked.quantity, quantity <= .zero {
            shownPath.refuse(.string(quantity.description), Words.positive)
        }
        spec["storageClassName"].matches(Validation.dns1123Subdomain)
        if let mode = spec.present("volumeMode") { mode.mustBeOneOf(["Block", "Filesystem"]) }
        for source in ["dataSource", "dataSourceRef"] {
            guard let source = spec.present(source) else { continue }
            source["name"].require()
            source["kind"].require()
            if source.text("apiGroup").isEmpty, source.text("kind") != "PersistentVolumeClaim" {
                source.refuse(source.value["kind"], "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
            }
        }
        spec["volumeAttributesClassName"].matches(Validation.dns1123Subdomain)
    }

    /// A claim's wish stays, but that a bound one may grow.
    private static func update(_ claim: Field, _ old: Field) {
        var allowed = claim.value["spec"]
        let before = old.value["spec"]
        if allowed == before { return }
        let isBound = old.value["status"]["phase"].string == "Bound"
        if before["volumeName"].isEmpty { allowed["volumeName"] = before["volumeName"] }
        if before["storageClassName"].isNull, before["volumeName"].isEmpty { allowed["storageClassName"] = before["storageClassName"] }
        if isBound { allowed["resources"]["requests"] = before["resources"]["requests"] }
        if isBound || before["volumeAttributesClassName"].isNull { allowed["volumeAttributesClassName"] = before["volumeAttributesClassName"] }
        let spec = claim["spec"]
        if allowed != before {
            spec.forbid(
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"
                    + "- \(before)\n+ \(allowed)\n")
        }
        let capacity = try? Quantity(old.value["status"]["capacity"]["storage"])
        let size = spec["resources"]["requests"]["storage"]
        if let now = size.quantity, let had = try? Quantity(before["resources"]["requests"]["storage"]), now < had, now < (capacity ?? had) {
            size.forbid("field can not be less than status.capacity")
        }
    }
}
