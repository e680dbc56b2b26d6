import ObjectModel

/// The rules of persistent volume claims and of the templates of them.
enum PersistentVolumeClaimValidation {
    @Sendable static func check(_ claim: Field, _ old: Field?) {
        spec(claim["spec"])
        if let old { update(claim, old) }
    }

    static func spec(_ spec: Field) {
        spec["accessModes"].require("at least 1 access mode is required")
        spec["selector"].labelSelector()
        StorageNames.checkAccessModes(spec)
        let asked = spec["resources"]["requests"]["storage"]
        let shownPath = spec["resources"].key("storage")
        if asked.isAbsent {
            shownPath.missing()
        } else if let quantity = asked.quantity, quantity <= .zero {
            shownPath.refuse(.string(quantity.description), Words.positive)
        }
        spec["storageClassName"].matches(Validation.dns1123Subdomain)
        if let mode = spec.present("volumeMode") { mode.mustBeOneOf(["Block", "Filesystem"]) }
        sources(spec)
        spec["volumeAttributesClassName"].matches(Validation.dns1123Subdomain)
    }

    /// What a volume is filled from.
    private static func sources(_ spec: Field) {
        for name in ["dataSource", "dataSourceRef"] {
            guard let source = spec.present(name) else { continue }
            source["name"].require()
            source["kind"].require()
            if source.text("apiGroup").isEmpty, source.text("kind") != "PersistentVolumeClaim" {
                source.refuse(.string(source.text("kind")), "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
            }
            source["apiGroup"].matches(Validation.dns1123Subdomain)
            source["namespace"].matches(Validation.dns1123Label)
        }
        guard let source = spec.present("dataSource"), let reference = spec.present("dataSourceRef") else { return }
        let shown = Value.string(source.path)
        if !reference.text("namespace").isEmpty {
            spec.refuse(shown, "may not be specified when dataSourceRef.namespace is specified")
        } else if ["apiGroup", "kind", "name"].contains(where: { source.value[$0] != reference.value[$0] }) {
            spec.refuse(shown, "must match dataSourceRef")
        }
    }

    // MARK: Update

    private static let classAnnotation = "volume.beta.kubernetes.io/storage-class"

    /// A claim's wish stays, but that a bound one may grow.
    private static func update(_ claim: Field, _ old: Field) {
        var allowed = claim.value["spec"]
        let before = old.value["spec"]
        let (annotation, oldAnnotation) = (
            claim.value.metadata["annotations"][classAnnotation].string ?? "", old.value.metadata["annotations"][classAnnotation].string ?? ""
        )
        let isMoved = !oldAnnotation.isEmpty && before["storageClassName"].isNull && allowed["storageClassName"].string == oldAnnotation
        if annotation != oldAnnotation, !(isMoved && annotation.isEmpty) {
            claim["metadata"]["annotations"][classAnnotation].refuse(.string(annotation), Words.immutable)
        }
        let isBound = claim.value["status"]["phase"].string == "Bound"
        if before["volumeName"].isEmpty { allowed["volumeName"] = before["volumeName"] }
        if before["storageClassName"].isNull, oldAnnotation.isEmpty || isMoved { allowed["storageClassName"] = before["storageClassName"] }
        if isBound, allowed["resources"]["requests"].isObject {
            allowed["resources"]["requests"]["storage"] = before["resources"]["requests"]["storage"]
        }
        if isBound, !allowed["volumeAttributesClassName"].isNull { allowed["volumeAttributesClassName"] = before["volumeAttributesClassName"] }
        let spec = claim["spec"]
        if allowed != before {
            spec.forbid(
                "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n"
                    + "- \(before)\n+ \(allowed)\n")
        }
        let capacity = (try? Quantity(old.value["status"]["capacity"]["storage"])) ?? .zero
        let size = spec["resources"]["requests"]["storage"]
        if let now = size.quantity, let had = try? Quantity(before["resources"]["requests"]["storage"]), now < had, now <= capacity {
            size.forbid("field can not be less than status.capacity")
        }
        // Upstream names it without the spec.
        claim["volumeMode"].showing(spec.value["volumeMode"]).immutable(since: old["spec"]["volumeMode"])
        let attributes = spec["volumeAttributesClassName"]
        if !before["volumeAttributesClassName"].isNull {
            if attributes.isAbsent {
                attributes.forbid("update from non-nil value to nil is forbidden")
            } else if attributes.isEmpty {
                attributes.forbid("update from non-nil value to an empty string is forbidden")
            }
        }
    }

    // MARK: Status

    private static let resizeStates = [
        "ControllerResizeInfeasible", "ControllerResizeInProgress", "NodeResizeInfeasible", "NodeResizeInProgress", "NodeResizePending",
    ]

    @Sendable static func status(_ claim: Field, _ old: Field?) {
        let status = claim["status"]
        for (_, amount) in status.entries("capacity") {
            if let quantity = amount.quantity, quantity < .zero { amount.refuse("must be a valid resource quantity") }
        }
        let states = status["allocatedResourceStatus"]
        for (name, state) in status.value["allocatedResourceStatuses"].fields {
            resource(name, states)
            if !resizeStates.contains(state.string ?? "") { states.showing(.string(name)).unsupported(resizeStates.sorted()) }
        }
        for (name, amount) in status.entries("allocatedResources") where resource(name, status["allocatedResources"]) {
            if let quantity = amount.quantity, quantity < .zero { amount.refuse("must be a valid resource quantity") }
        }
    }

    /// Of the API's own resources, a claim has storage only.
    @discardableResult
    private static func resource(_ name: String, _ place: Field) -> Bool {
        let problems = Validation.qualifiedName(name)
        for problem in problems { place.refuse(.string(name), problem) }
        guard problems.isEmpty, ResourceValidation.isNative(name), name != "storage" else { return problems.isEmpty }
        place.showing(.string(name)).unsupported(["storage"])
        return false
    }
}
