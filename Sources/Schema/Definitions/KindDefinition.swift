/// A kind as its schema file declares it: the resource that serves it.
public struct KindDefinition: Sendable, Equatable {
    public var group: String
    public var version: String
    public var kind: String

    /// The full name of the kind's type.
    public var typeName: String
    public var plural = ""
    public var singular = ""
    public var isNamespaced = true
    public var shortNames: [String] = []
    public var categories: [String] = []
    public var verbs: [String] = []
    public var subresources: [Subresource] = []
    public var columns: [Column] = []

    /// A further path of a resource, such as `pods/eviction`.
    public struct Subresource: Sendable, Equatable {
        public var name: String

        /// The group and version of the body's kind, where they aren't the resource's own.
        public var groupVersion: (group: String, version: String)?
        public var kind: String
        public var verbs: [String]

        public init(name: String, groupVersion: (group: String, version: String)? = nil, kind: String, verbs: [String]) {
            self.name = name
            self.groupVersion = groupVersion
            self.kind = kind
            self.verbs = verbs
        }

        public static func == (left: Subresource, right: Subresource) -> Bool {
            left.name == right.name && left.kind == right.kind && left.verbs == right.verbs && left.groupVersion?.group == right.groupVersion?.group
                && left.groupVersion?.version == right.groupVersion?.version
        }
    }

    /// A column of `kubectl get`.
    public struct Column: Sendable, Equatable {
        public var name: String

        /// `string`, `integer`, `number`, `boolean` or `date`.
        public var type: String

        /// `name` for the object's name; else empty.
        public var format: String

        /// 0 is always shown, 1 with `-o wide`.
        public var priority: Int

        public init(name: String, type: String, format: String = "", priority: Int = 0) {
            self.name = name
            self.type = type
            self.format = format
            self.priority = priority
        }
    }

    public init(group: String, version: String, kind: String, typeName: String) {
        self.group = group
        self.version = version
        self.kind = kind
        self.typeName = typeName
    }
}
