import ObjectModel
import Schema

/// How objects of one version of a resource become those of the version that is stored, and back. Both are in canonical form.
public struct VersionConversion: Sendable {
    /// From the stored version.
    public let served: @Sendable (Value) -> Value

    /// To the stored version.
    public let stored: @Sendable (Value) -> Value

    /// The fields that a selector may name, and what they are called in the stored version.
    public let selectableFields: [String: String]

    /// The group under which the objects are stored, where it isn't the resource's own.
    public let storedGroup: String?

    init(
        served: @escaping @Sendable (Value) -> Value, stored: @escaping @Sendable (Value) -> Value, selectableFields: [String: String] = [:],
        storedGroup: String? = nil
    ) {
        self.served = served
        self.stored = stored
        self.selectableFields = selectableFields
        self.storedGroup = storedGroup
    }

    /// Nil where objects are stored as they are served.
    public static func conversion(for definition: ResourceDefinition) -> VersionConversion? {
        switch (definition.group, definition.version, definition.plural) {
        case ("events.k8s.io", "v1", "events"):
            VersionConversion(
                served: EventConversion.fromCore, stored: EventConversion.toCore, selectableFields: EventConversion.selectableFields, storedGroup: "")
        case ("autoscaling", "v1", "horizontalpodautoscalers"):
            VersionConversion(served: AutoscalerConversion.toV1, stored: AutoscalerConversion.toV2)
        default: nil
        }
    }

    /// The versions beside its own that a resource's objects are served in.
    public static func others(of definition: ResourceDefinition, in catalog: Catalog = .builtIn) -> [OtherVersion] {
        let own = conversion(for: definition)
        let home = own?.storedGroup ?? definition.group
        return catalog.resources.compactMap { other in
            guard other.plural == definition.plural, other.apiVersion != definition.apiVersion else { return nil }
            let conversion = conversion(for: other)
            guard (conversion?.storedGroup ?? other.group) == home, own != nil || conversion != nil else { return nil }
            return OtherVersion(
                apiVersion: other.apiVersion, type: other.type,
                converted: { value in
                    let stored = own?.stored(value) ?? value
                    return conversion?.served(stored) ?? stored
                },
                back: { value in
                    let stored = conversion?.stored(value) ?? value
                    return own?.served(stored) ?? stored
                })
        }
    }
}
