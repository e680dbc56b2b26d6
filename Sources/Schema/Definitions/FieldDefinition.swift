import ObjectModel

/// One field of a type: everything that the interpreters need to know of it.
public final class FieldDefinition: Sendable {
    public let name: String
    public let type: ValueType
    public let isRequired: Bool
    public let presence: Presence

    /// What the field becomes where it is absent, before any rule in code has its say.
    public let defaultValue: Value?

    /// When the default applies; always, if there is none.
    public let defaultCondition: FieldCondition?

    /// Whether the default stands in the published OpenAPI schema, so that clients know it too.
    public let isDefaultPublished: Bool

    /// How server-side apply sees a list: `x-kubernetes-list-type`.
    public let listType: ListType?

    /// Whether server-side apply takes the object or map as one piece: `x-kubernetes-map-type: atomic`.
    public let isAtomic: Bool
    public let patch: PatchStrategy

    /// The number in the protobuf encoding. More than one where Go embeds a struct that protobuf has as a message of its own:
    /// `[2, 4]` is field 4 of the message in field 2. Empty where the field isn't encoded.
    public let protobufPath: [Int]

    /// The values that are allowed, if they are few.
    public let enumeration: [String]

    /// What `kubectl explain` says of it.
    public let summary: String?

    public init(
        name: String, type: ValueType, isRequired: Bool = false, presence: Presence = .pointer, defaultValue: Value? = nil,
        defaultCondition: FieldCondition? = nil, isDefaultPublished: Bool = false, listType: ListType? = nil, isAtomic: Bool = false,
        patch: PatchStrategy = PatchStrategy(), protobufPath: [Int] = [], enumeration: [String] = [], summary: String? = nil
    ) {
        self.name = name
        self.type = type
        self.isRequired = isRequired
        self.presence = presence
        self.defaultValue = defaultValue
        self.defaultCondition = defaultCondition
        self.isDefaultPublished = isDefaultPublished
        self.listType = listType
        self.isAtomic = isAtomic
        self.patch = patch
        self.protobufPath = protobufPath
        self.enumeration = enumeration
        self.summary = summary
    }

    /// How absence and the zero value (`""`, `0`, `false`, `[]`, `{}`) relate.
    public enum Presence: Sendable {
        /// They are the same, and neither is written: Go's `omitempty`.
        case plain

        /// They differ: a zero that was given is kept.
        case pointer

        /// They are the same, and the zero value is written.
        case always
    }

    /// `x-kubernetes-list-type`.
    public enum ListType: Sendable, Equatable {
        case atomic
        case set
        case map(keys: [String])
    }

    /// How a strategic merge patch treats the field.
    public struct PatchStrategy: Sendable, Equatable {
        public var merges = false
        public var replaces = false
        public var retainsKeys = false

        /// What tells the elements of a merged list of objects apart.
        public var mergeKey: String?

        public init(merges: Bool = false, replaces: Bool = false, retainsKeys: Bool = false, mergeKey: String? = nil) {
            self.merges = merges
            self.replaces = replaces
            self.retainsKeys = retainsKeys
            self.mergeKey = mergeKey
        }
    }
}

/// A test of a sibling: `when type=NodePort|LoadBalancer`, `when parallelism`, `when !parallelism`.
public enum FieldCondition: Sendable, Equatable {
    case present([String])
    case absent([String])
    case equals([String], anyOf: [String])
}

extension FieldCondition {
    public func holds(in object: Value) -> Bool {
        switch self {
        case .present(let path): !Self.value(at: path, in: object).isNull
        case .absent(let path): Self.value(at: path, in: object).isNull
        case .equals(let path, let choices): Self.value(at: path, in: object).string.map(choices.contains) ?? false
        }
    }

    private static func value(at path: [String], in object: Value) -> Value {
        path.reduce(object) { $0[$1] }
    }
}
