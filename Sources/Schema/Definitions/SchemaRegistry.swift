import ObjectModel
import Synchronization

/// All types that a set of schema files declares, by name, each read when it is first used.
public final class SchemaRegistry: Sendable {
    private let files: [SchemaFile]
    private let fileOfPackage: [String: Int]
    private let rules: [String: DefaultingRule]
    private let types: Mutex<[[String: TypeDefinition]?]>

    /// Takes the texts of schema files, and the steps in code that they name.
    public init(files texts: [[UInt8]], rules: [DefaultingRule] = []) {
        let files = texts.map { SchemaFile(text: $0) }
        self.files = files
        fileOfPackage = Dictionary(files.enumerated().map { ($1.package, $0) }, uniquingKeysWith: { first, _ in first })
        self.rules = Dictionary(rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        types = Mutex(Array(repeating: nil, count: files.count))
    }

    /// The type with a full name such as `io.k8s.api.apps.v1.Deployment`.
    public func type(named name: String) -> TypeDefinition? {
        guard let dot = name.lastIndex(of: "."), let file = fileOfPackage[String(name[..<dot])] else { return nil }
        return types.withLock { types in
            if types[file] == nil { types[file] = files[file].makeTypes(in: self) }
            return types[file]?[String(name[name.index(after: dot)...])]
        }
    }

    /// A hash that changes with the files.
    public var fingerprint: FNV1a { files.reduce(into: FNV1a()) { $1.combine(into: &$0) } }

    func rule(named name: String) -> DefaultingRule {
        guard let rule = rules[name] else { preconditionFailure("a schema file names the rule \(name), which there isn't") }
        return rule
    }

    /// The kinds of all files, in the files' order.
    public func kinds() -> [KindDefinition] { files.flatMap { $0.kinds() } }

    /// The full names of all types, in the files' order.
    public var typeNames: [String] { files.flatMap { file in file.typeNames.map { "\(file.package).\($0)" } } }

    /// The group and version whose file declares the type; nil for types that belong to none, such as `ObjectMeta`.
    public func groupVersion(ofTypeNamed name: String) -> (group: String, version: String)? {
        guard let dot = name.lastIndex(of: "."), let file = fileOfPackage[String(name[..<dot])], !files[file].version.isEmpty else { return nil }
        return (files[file].group, files[file].version)
    }

    /// The prefix that a protobuf message's name has where the type's is `package`: `k8s.io.api.apps.v1`.
    public func protobufName(of type: TypeDefinition) -> String? {
        guard let dot = type.name.lastIndex(of: "."), let file = fileOfPackage[String(type.name[..<dot])] else { return nil }
        return "\(files[file].protobufPackage).\(type.shortName)"
    }
}
