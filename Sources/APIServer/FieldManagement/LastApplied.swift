import ObjectModel
import Schema

/// The annotation in which client-side apply keeps what it applied, and what server-side apply makes of it, so that people can change from one to
/// the other and back. It concerns `kubectl` only: whoever applies under another name has none of it.
enum LastApplied {
    static let manager = "kubectl"
    private static let annotation = "kubectl.kubernetes.io/last-applied-configuration"

    /// Annotations of an object may be this long together.
    private static let annotationsSizeMax = 256 * 1024

    /// The fields that client-side apply set and nobody changed since: those it may take over without asking.
    static func ownFields(of live: Value, _ resource: ServedResource) -> FieldSet {
        let type = resource.definition.type
        guard let text = live.metadata["annotations"][annotation].string, let configuration = try? Value(json: text),
            configuration.apiVersion == resource.apiVersion, let fields = try? FieldSet(of: configuration, type: type)
        else { return FieldSet() }
        let difference = FieldComparison(from: configuration, to: live, type: type)
        return fields.subtracting(difference.changed).subtracting(difference.removed)
    }

    /// Where there is such an annotation, it tells of the configuration that was applied now, so that client-side apply could go on from here.
    static func update(_ object: inout Value, live: Value, _ configuration: Value) {
        guard !(live.metadata["annotations"][annotation].string ?? "").isEmpty else { return }
        var configuration = configuration
        configuration.metadata["annotations"][annotation] = .null
        let text = configuration.description + "\n"
        var size = text.utf8.count
        for (key, value) in object.metadata["annotations"].fields where key != annotation { size += key.utf8.count + (value.string ?? "").utf8.count }
        object.metadata["annotations"][annotation] = size > annotationsSizeMax ? .null : .string(text)
    }
}
