import ObjectModel
import Schema

/// OpenAPI 3: an index of documents, and a document for each group version.
public struct OpenAPIv3: Sendable {
    let catalog: Catalog

    /// What the documents say the API's version is: `v1.36.0`.
    let version: String

    public init(catalog: Catalog = .builtIn, version: String) {
        self.catalog = catalog
        self.version = version
    }

    /// `/openapi/v3`: where each document is. The address changes with the document, so clients may keep what they have.
    /// - Parameter others: Paths and hashes of documents from elsewhere, such as custom resources'.
    public func index(adding others: [(path: String, hash: String)] = []) -> [UInt8] {
        let hash = hash
        let own = catalog.groupVersions.map { (path: Self.path($0), hash: hash) }
        let paths = (own + others).map { ($0.path, ["serverRelativeURL": .string("/openapi/v3/\($0.path)?hash=\($0.hash)")] as Value) }
        return (["paths": .object(Fields(paths))] as Value).json()
    }

    /// `api/v1`, `apis/apps/v1`: a document's key in the index and its path below `/openapi/v3/`.
    public static func path(_ groupVersion: Catalog.GroupVersion) -> String {
        groupVersion.group.isEmpty ? "api/\(groupVersion.version)" : "apis/\(groupVersion.group)/\(groupVersion.version)"
    }

    /// `/openapi/v3/apis/GROUP/VERSION`; nil if the catalog doesn't have the group version. A megabyte for the core group: make it once.
    public func document(_ groupVersion: Catalog.GroupVersion) -> [UInt8]? {
        let resources = catalog.resources(in: groupVersion)
        guard !resources.isEmpty else { return nil }
        return document(of: resources)
    }

    /// The document of resources that need not be in the catalog.
    public func document(of resources: [ResourceDefinition]) -> [UInt8] {
        let operations = resources.flatMap(APIOperation.all)
        let schemas = OpenAPISchemas(catalog: catalog, isVersion3: true)
        let document: Value = [
            "openapi": "3.0.0", "info": ["title": "Kubernetes", "version": .string(version)],
            "paths": .object(paths(operations, schemas)),
            "components": [
                "schemas": .object(schemas.schemas(for: OpenAPIv3.roots(operations, resources, catalog))),
                "securitySchemes": ["BearerToken": ["type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer token"]],
            ],
        ]
        return document.json()
    }

    /// The types that operations name, and every kind of the group versions.
    static func roots(_ operations: [APIOperation], _ resources: [ResourceDefinition], _ catalog: Catalog) -> [TypeDefinition] {
        var names: Set<String> = ["\(Catalog.metaPackage).WatchEvent", "\(Catalog.metaPackage).APIResourceList"]
        for operation in operations {
            if let result = operation.result { names.insert(result) }
            if case .type(let name)? = operation.body { names.insert(name) }
        }
        return names.sorted().compactMap { catalog.registry.type(named: $0) } + resources.map(\.type)
    }

    // MARK: Paths

    private func paths(_ operations: [APIOperation], _ schemas: OpenAPISchemas) -> Fields {
        var paths: [String: Value] = [:]
        for operation in operations { paths[operation.path, default: [:]][operation.method] = value(operation, schemas) }
        return Fields(paths.map { ($0.key, $0.value) })
    }

    private func value(_ operation: APIOperation, _ schemas: OpenAPISchemas) -> Value {
        let answer = content(operation.produces, operation.result.map(schemas.reference) ?? ["type": "string"])
        var responses: Value = ["401": ["description": "Unauthorized"]]
        for code in [200] + operation.statusCodes { responses["\(code)"] = ["description": .string(Self.phrases[code] ?? ""), "content": answer] }
        var value: Value = [
            "operationId": .string(operation.id), "description": .string(operation.summary), "tags": [.string(operation.tag)],
            "parameters": .array(operation.parameters.map(parameter)), "responses": responses, "x-kubernetes-action": .string(operation.action),
            "x-kubernetes-group-version-kind": operation.kind.value,
        ]
        switch operation.body {
        case .type(let name)?: value["requestBody"] = ["content": content(operation.consumes, schemas.reference(name))]
        case .patch?: value["requestBody"] = ["required": true, "content": content(operation.consumes, ["type": "object"])]
        case nil: break
        }
        return value
    }

    private func content(_ mediaTypes: [String], _ schema: Value) -> Value {
        .object(Fields(mediaTypes.map { ($0, ["schema": schema] as Value) }))
    }

    private func parameter(_ parameter: APIParameter) -> Value {
        var value: Value = [
            "name": .string(parameter.name), "in": parameter.isInPath ? "path" : "query", "description": .string(parameter.summary),
            "schema": ["type": .string(parameter.type), "uniqueItems": true],
        ]
        if parameter.isInPath { value["required"] = true }
        return value
    }

    static let phrases = [200: "OK", 201: "Created", 202: "Accepted"]

    // MARK: Hash

    /// What is in the addresses of the documents, for clients to keep them by.
    public var hash: String { Self.hash(of: version, catalog.registry.fingerprint) }

    /// A hash that changes when the documents do: over all that the schema files say and the program's version.
    static func hash(of version: String, _ fingerprint: FNV1a) -> String {
        var hash = fingerprint
        hash.combine(version.utf8)
        let digits = String(hash.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
