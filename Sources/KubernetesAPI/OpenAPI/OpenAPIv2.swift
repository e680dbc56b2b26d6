import ObjectModel
import Schema

/// OpenAPI 2 (Swagger): everything in one document.
public struct OpenAPIv2: Sendable {
    let catalog: Catalog
    let version: String

    /// - Parameter version: What the document says the API's version is: `v1.36.0`.
    public init(catalog: Catalog = .builtIn, version: String) {
        self.catalog = catalog
        self.version = version
    }

    /// `/openapi/v2` as JSON. Megabytes: make it once.
    public func document() -> [UInt8] { value().json() }

    func value() -> Value {
        let operations = catalog.resources.flatMap(APIOperation.all)
        let schemas = OpenAPISchemas(catalog: catalog, isVersion3: false)
        var paths: [String: Value] = [:]
        for operation in operations { paths[operation.path, default: [:]][operation.method] = value(operation, schemas) }
        var definitions = schemas.schemas(for: OpenAPIv3.roots(operations, catalog.resources, catalog))
        definitions[Self.patch] = ["type": "object", "description": "A change to an object, in the form that the content type says."]
        return [
            "swagger": "2.0", "info": ["title": "Kubernetes", "version": .string(version)],
            "paths": .object(Fields(paths.map { ($0.key, $0.value) })), "definitions": .object(definitions),
            "securityDefinitions": ["BearerToken": ["type": "apiKey", "name": "authorization", "in": "header", "description": "Bearer token"]],
            "security": [["BearerToken": []]],
        ]
    }

    private static let patch = "\(Catalog.metaPackage).Patch"

    private func value(_ operation: APIOperation, _ schemas: OpenAPISchemas) -> Value {
        let answer = operation.result.map(schemas.reference) ?? ["type": "string"]
        var responses: Value = ["401": ["description": "Unauthorized"]]
        for code in [200] + operation.statusCodes {
            responses["\(code)"] = ["description": .string(OpenAPIv3.phrases[code] ?? ""), "schema": answer]
        }
        var parameters = operation.parameters.map(parameter)
        switch operation.body {
        case .type(let name)?: parameters.append(["name": "body", "in": "body", "schema": schemas.reference(name)])
        case .patch?: parameters.append(["name": "body", "in": "body", "required": true, "schema": schemas.reference(Self.patch)])
        case nil: break
        }
        return [
            "operationId": .string(operation.id), "description": .string(operation.summary), "tags": [.string(operation.tag)], "schemes": ["https"],
            "consumes": Value(operation.consumes), "produces": Value(operation.produces), "parameters": .array(parameters), "responses": responses,
            "x-kubernetes-action": .string(operation.action), "x-kubernetes-group-version-kind": operation.kind.value,
        ]
    }

    private func parameter(_ parameter: APIParameter) -> Value {
        var value: Value = [
            "name": .string(parameter.name), "in": parameter.isInPath ? "path" : "query", "description": .string(parameter.summary),
            "type": .string(parameter.type), "uniqueItems": true,
        ]
        if parameter.isInPath { value["required"] = true }
        return value
    }
}
