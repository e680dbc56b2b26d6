import ObjectModel

/// Volumes, claims, classes and drivers.
enum StorageTable {
    static let rules: [String: KindValidation.Rules] = [
        "persistentvolumeclaims": PersistentVolumeClaimValidation.check,
        "persistentvolumeclaims:status": PersistentVolumeClaimValidation.status,
        "persistentvolumes": PersistentVolumeValidation.check,
        "storage.k8s.io/storageclasses": StorageClassValidation.check,
        "storage.k8s.io/volumeattributesclasses": StorageClassValidation.attributes,
        "storage.k8s.io/csidrivers": DriverValidation.driver,
        "storage.k8s.io/csinodes": DriverValidation.node,
        "storage.k8s.io/csistoragecapacities": DriverValidation.capacity,
        "storage.k8s.io/volumeattachments": VolumeAttachmentValidation.check,
        "storage.k8s.io/volumeattachments:status": VolumeAttachmentValidation.check,
        "resource.k8s.io/resourceclaims": ResourceClaimValidation.claim,
        "resource.k8s.io/resourceclaims:status": ResourceClaimStatusValidation.check,
        "resource.k8s.io/resourceclaimtemplates": ResourceClaimValidation.template,
        "resource.k8s.io/deviceclasses": ResourceClaimValidation.deviceClass,
        "resource.k8s.io/resourceslices": ResourceSliceValidation.check,
    ]
}
