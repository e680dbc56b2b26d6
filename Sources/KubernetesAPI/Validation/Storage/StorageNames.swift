import ObjectModel

/// Names that the kinds of storage share.
enum StorageNames {
    private static let driverMax = 63

    /// A CSI driver's name: a subdomain of at most 63 bytes, in any case.
    static func driver(_ name: Field) {
        if name.text.utf8.count > driverMax { name.tooLong(max: driverMax) }
        for problem in Validation.dns1123Subdomain(name.text.lowercased()) { name.refuse(problem) }
    }

    static let accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"]

    static func checkAccessModes(_ owner: Field) {
        let modes = owner["accessModes"]
        let given = modes.value.strings
        for mode in given where !accessModes.contains(mode) { modes.showing(.string(mode)).unsupported(accessModes) }
        if given.contains("ReadWriteOncePod"), given.contains(where: { $0 != "ReadWriteOncePod" && accessModes.contains($0) }) {
            modes.forbid("may not use ReadWriteOncePod with other access modes")
        }
    }
}
