import ObjectModel

enum VolumeAttachmentValidation {
    private static let metadataMax = 256 * 1024
    private static let messageMax = 1024

    @Sendable static func check(_ attachment: Field, _ old: Field?) {
        let spec = attachment["spec"]
        if spec["attacher"].require() { StorageNames.driver(spec["attacher"]) }
        source(spec["source"])
        for problem in Validation.dns1123Subdomain(spec.text("nodeName")) { spec["nodeName"].refuse(.string(spec.text("nodeName")), problem) }
        status(attachment["status"])
        spec["source"]["persistentVolumeName"].matches(Validation.dns1123Subdomain)
        spec.immutable(since: old?["spec"])
    }

    private static func source(_ source: Field) {
        let words = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
        switch (source.present("inlineVolumeSpec"), source.present("persistentVolumeName")) {
        case (nil, nil): source.missing(words)
        case (.some, .some): source.forbid(words)
        case (nil, let name?): name.require("must specify non empty persistentVolumeName")
        case (let inline?, nil): self.inline(inline)
        }
    }

    /// A volume of its own, which only a CSI driver can have.
    private static func inline(_ spec: Field) {
        for name in ["claimRef", "capacity"] where !spec[name].isEmpty {
            spec[name].forbid("may not be specified in the context of inline volumes")
        }
        spec["accessModes"].require()
        StorageNames.checkAccessModes(spec)
        guard let source = spec.present("csi") else { return spec["csi"].missing("has to be specified in the context of inline volumes") }
        VolumeSources.check(source, "csi", isPersistent: true)
    }

    // MARK: Status

    private static func status(_ status: Field) {
        let metadata = status["attachmentMetadata"]
        let size = metadata.value.fields.reduce(0) { $0 + $1.key.utf8.count + ($1.value.string ?? "").utf8.count }
        if size > metadataMax { metadata.tooLong(max: metadataMax) }
        for name in ["attachError", "detachError"] {
            guard let failure = status.present(name) else { continue }
            // Upstream tells the other limit.
            if failure.text("message").utf8.count > messageMax { failure["message"].tooLong(max: metadataMax) }
            if failure["errorCode"].number < 0 { failure["errorCode"].inRange(0...Words.int32Max) }
        }
    }
}
