import EmbeddedDefinitions
import Schema

/// The resources and kinds of the API that ship with the program.
public struct Catalog: Sendable {
    /// Every resource, by group version in discovery's order, then by name.
    public let resources: [ResourceDefinition]

    /// The group versions with resources, in discovery's order: the core group first, a group's preferred version before its others.
    public let groupVersions: [GroupVersion]
    public let registry: SchemaRegistry

    private let byPlural: [Key: Int]
    private let byKind: [Key: Int]

    public struct GroupVersion: Hashable, Sendable {
        /// Empty for the core group.
        public var group: String
        public var version: String

        public init(group: String, version: String) {
            self.group = group
            self.version = version
        }

        /// `v1`, `apps/v1`.
        public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
    }

    private struct Key: Hashable {
        var group: String
        var version: String
        var name: String
    }

    /// What Kubernetes 1.36 serves by default.
    public static let builtIn = Catalog(registry: SchemaRegistry(files: embeddedFiles(), rules: DefaultingRules.all))

    public init(registry: SchemaRegistry) {
        self.registry = registry
        var resources: [ResourceDefinition] = []
        var groupVersions: [GroupVersion] = []
        var byPlural: [Key: Int] = [:]
        var byKind: [Key: Int] = [:]
        for definition in registry.kinds() {
            guard let type = registry.type(named: definition.typeName) else {
                preconditionFailure("\(definition.kind) has no type \(definition.typeName)")
            }
            let groupVersion = GroupVersion(group: definition.group, version: definition.version)
            if groupVersions.last != groupVersion { groupVersions.append(groupVersion) }
            byPlural[Key(group: definition.group, version: definition.version, name: definition.plural)] = resources.count
            byKind[Key(group: definition.group, version: definition.version, name: definition.kind)] = resources.count
            resources.append(ResourceDefinition(definition, type: type))
        }
        self.resources = resources
        self.groupVersions = groupVersions
        self.byPlural = byPlural
        self.byKind = byKind
    }

    private static func embeddedFiles() -> [[UInt8]] {
        (0..<embedded_definition_count()).map { index in
            let file = embedded_definition_at(index)
            return Array(UnsafeRawBufferPointer(start: file.bytes, count: file.length))
        }
    }
}

extension Catalog {
    /// The resource at `/apis/GROUP/VERSION/PLURAL`.
    public func resource(group: String, version: String, plural: String) -> ResourceDefinition? {
        byPlural[Key(group: group, version: version, name: plural)].map { resources[$0] }
    }

    /// The resource whose objects are of a kind.
    public func kind(group: String, version: String, kind: String) -> ResourceDefinition? {
        byKind[Key(group: group, version: version, name: kind)].map { resources[$0] }
    }

    public func resources(in groupVersion: GroupVersion) -> [ResourceDefinition] {
        resources.filter { $0.group == groupVersion.group && $0.version == groupVersion.version }
    }

    /// The named groups, in discovery's order; the core group is not among them.
    public var groups: [String] {
        var groups: [String] = []
        for item in groupVersions where !item.group.isEmpty && groups.last != item.group { groups.append(item.group) }
        return groups
    }

    /// A group's versions, the preferred one first.
    public func versions(of group: String) -> [String] { groupVersions.filter { $0.group == group }.map(\.version) }

    /// The version that clients get where they ask for none.
    public func preferredVersion(of group: String) -> String? { versions(of: group).first }

    /// The type of a kind, also of kinds that have no resource of their own, such as `policy/v1` `Eviction`, `autoscaling/v1` `Scale` and `v1` `DeleteOptions`.
    public func type(group: String, version: String, kind: String) -> TypeDefinition? {
        if let resource = self.kind(group: group, version: version, kind: kind) { return resource.type }
        if let package = package(group: group, version: version), let type = registry.type(named: "\(package).\(kind)") { return type }
        return registry.type(named: "\(Self.metaPackage).\(kind)")
    }

    static let metaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1"

    /// The prefix that the names of a group version's types have.
    private func package(group: String, version: String) -> String? {
        resources.first { $0.group == group && $0.version == version }.map { String($0.type.name.dropLast($0.kind.count + 1)) }
    }
}
