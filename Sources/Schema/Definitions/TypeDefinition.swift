import ObjectModel
import Synchronization

/// A structured type: its fields, and what holds for all of them. Types refer to each other, also in circles (a JSON schema holds
/// JSON schemas), so they are objects; what one says is read when it is first asked for.
public final class TypeDefinition: Sendable {
    /// The name by which OpenAPI knows the type: `io.k8s.api.apps.v1.Deployment`.
    public let name: String

    private let load: @Sendable () -> TypeContent
    private let loaded = AtomicLazyReference<TypeContent>()

    init(name: String, load: @escaping @Sendable () -> TypeContent) {
        self.name = name
        self.load = load
    }

    /// A type that is made at run time, such as a custom resource's.
    public convenience init(name: String, content: TypeContent) {
        self.init(name: name) { content }
    }

    public var content: TypeContent { loaded.load() ?? loaded.storeIfNil(load()) }

    /// By name.
    public var fields: [FieldDefinition] { content.fields }

    public func field(_ name: String) -> FieldDefinition? { content.field(name) }

    /// The last part of the name, which is the Go type's: `Deployment`.
    public var shortName: String { name.split(separator: ".").last.map(String.init) ?? name }

    /// The name of the Go package, as error messages show it: `v1`.
    public var package: String {
        let parts = name.split(separator: ".")
        return parts.count > 1 ? String(parts[parts.count - 2]) : ""
    }
}

/// What a type says.
public final class TypeContent: Sendable {
    /// By name.
    public let fields: [FieldDefinition]

    /// Defaults that one field's declaration cannot hold, in the order in which they apply.
    public let defaults: [DefaultRule]

    /// Names of steps in code that complete an object of this type after its defaults, in order.
    public let rules: [String]

    /// Whether server-side apply takes objects of this type as one piece.
    public let isAtomic: Bool

    /// Whether it is a kind of its group version, with an `apiVersion` and `kind`; or of every group version, as `DeleteOptions` is.
    public let kindScope: KindScope

    /// Whether members that the type doesn't declare are kept.
    public let preservesUnknownFields: Bool
    public let summary: String?

    /// Whether defaulting has anything to do with the type itself, its descendants aside.
    let hasDefaults: Bool

    public init(
        fields: [FieldDefinition], defaults: [DefaultRule] = [], rules: [String] = [], isAtomic: Bool = false, kindScope: KindScope = .none,
        preservesUnknownFields: Bool = false, summary: String? = nil
    ) {
        self.fields = fields.sorted { $0.name < $1.name }
        self.defaults = defaults
        self.rules = rules
        self.isAtomic = isAtomic
        self.kindScope = kindScope
        self.preservesUnknownFields = preservesUnknownFields
        self.summary = summary
        hasDefaults = !defaults.isEmpty || !rules.isEmpty || fields.contains { $0.defaultValue != nil }
    }

    public enum KindScope: Sendable {
        case none
        case groupVersion
        case everyGroupVersion
    }

    public func field(_ name: String) -> FieldDefinition? {
        var low = 0
        var high = fields.count
        while low < high {
            let middle = (low + high) / 2
            if fields[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < fields.count && fields[low].name == name ? fields[low] : nil
    }
}

/// A default at a path below the type that declares it: `default spec.enableServiceLinks = true`.
public struct DefaultRule: Sendable {
    public var path: [String]
    public var value: Value
    public var condition: FieldCondition?

    public init(path: [String], value: Value, condition: FieldCondition? = nil) {
        self.path = path
        self.value = value
        self.condition = condition
    }
}
