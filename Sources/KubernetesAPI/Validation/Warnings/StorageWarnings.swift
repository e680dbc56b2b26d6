import ObjectModel

/// Warnings about volumes, claims and classes.
enum StorageWarnings {
    private static let classAnnotation = "volume.beta.kubernetes.io/storage-class"

    static func claim(_ claim: Value) -> [String] {
        var warnings: [String] = []
        if !claim.metadata["annotations"][classAnnotation].isNull {
            warnings.append(#"metadata.annotations[\#(classAnnotation)]: deprecated since v1.8; use "storageClassName" attribute instead"#)
        }
        return warnings + claimSpec(Field(root: claim, Findings())["spec"])
    }

    static func claimSpec(_ spec: Field) -> [String] {
        ["requests", "limits"].compactMap { list in
            let amount = spec["resources"][list].key("storage")
            guard let quantity = amount.quantity, quantity.milliValue % 1000 != 0 else { return nil }
            return "\(amount.path): fractional byte value \"\(quantity)\" is invalid, must be an integer"
        }
    }

    static func volume(_ volume: Value) -> [String] {
        var warnings: [String] = []
        let (annotations, spec) = (volume.metadata["annotations"], volume["spec"])
        if !annotations[classAnnotation].isNull {
            warnings.append(#"metadata.annotations[\#(classAnnotation)]: deprecated since v1.8; use "storageClassName" attribute instead"#)
        }
        if !annotations["volume.beta.kubernetes.io/mount-options"].isNull {
            warnings.append(
                #"metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead"#)
        }
        if spec["persistentVolumeReclaimPolicy"].string == "Recycle" {
            warnings.append(
                "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning."
            )
        }
        for (kind, words) in PodWarnings.deprecatedVolumes where kind != "gitRepo" && !spec[kind].isNull {
            warnings.append("spec.\(kind == "storageos" ? "storageOS" : kind): \(words)")
        }
        return warnings
    }

    static func storageClass(_ storage: Value) -> [String] {
        var warnings: [String] = []
        for term in Field(root: storage, Findings()).elements("allowedTopologies") {
            for expression in term.elements("matchLabelExpressions") { PodWarnings.label(expression["key"], &warnings) }
        }
        return warnings
    }
}
