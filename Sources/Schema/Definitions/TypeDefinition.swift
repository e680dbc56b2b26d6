import ObjectModel
import Synchronization

/// A structured type: its fields, and what holds for all of them. Types refer to each other, also in circles (a JSON schema holds
/// JSON schemas), so they are objects; what one says is read when it is first asked for.
public final class TypeDefinition: Sendable {
    /// The name by which OpenAPI knows the type: `io.k8s.api.apps.v1.Deployment`.
    public let name: String

    private let load: @Sendable () -> TypeContent

    private let loaded = LazyObject<TypeContent>()

    init(name: String, load: @escaping @Sendable () -> TypeContent) {
        self.name = name
        self.load = load
    }

    /// A type that is made at run time, such as a custom resource's.
    public convenience init(name: String, content: TypeContent) {
        self.init(name: name) { content }
    }

    public var content: TypeContent { loaded.get(load) }

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

    /// Steps in code that complete an object of this type after its defaults, in order.
    public let rules: [DefaultingRule]

    /// Whether server-side apply takes objects of this type as one piece.
    public let isAtomic: Bool

    /// Whether it is a kind of its group version, with an `apiVersion` and `kind`; or of every group version, as `DeleteOptions` is.
    public let kindScope: KindScope

    /// Whether members that the type doesn't declare are kept.
    public let preservesUnknownFields: Bool
    public let summary: String?

    /// The names of the fields.
    let names: FieldNames

    /// The fields as elements of a field set's paths, in the same order: `f:spec`.
    let pathElements: [String]
    let completion: Completion

    /// Made when the type is first written or read as protobuf.
    private let lazyProtobufTable = LazyObject<ProtobufTable>()

    public init(
        fields: [FieldDefinition], defaults: [DefaultRule] = [], rules: [DefaultingRule] = [], isAtomic: Bool = false, kindScope: KindScope = .none,
        preservesUnknownFields: Bool = false, summary: String? = nil
    ) {
        self.fields = fields.sorted { $0.name < $1.name }
        self.defaults = defaults
        self.rules = rules
        self.isAtomic = isAtomic
        self.kindScope = kindScope
        self.preservesUnknownFields = preservesUnknownFields
        self.summary = summary
        names = FieldNames(self.fields.map(\.name))
        pathElements = self.fields.map { PathElement.field($0.name) }
        completion = Completion(fields: self.fields, defaults: defaults, rules: rules)
    }

    /// Plans that no transcoder has at the moment: as many as ever were at work at a time.
    let protobufPlans = Mutex<[ProtobufPlan]>([])

    var protobufTable: ProtobufTable { lazyProtobufTable.get { ProtobufTable(fields) } }

    /// Whether objects of the type can be written as protobuf: a custom resource's can't.
    public var hasProtobuf: Bool { fields.isEmpty || !protobufTable.entries.isEmpty }

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

/// A step in code that completes an object where a constant can't: named in a schema file, given to the registry.
public struct DefaultingRule: Sendable {
    public var name: String
    public var apply: @Sendable (inout Value) -> Void

    public init(_ name: String, _ apply: @escaping @Sendable (inout Value) -> Void) {
        self.name = name
        self.apply = apply
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
