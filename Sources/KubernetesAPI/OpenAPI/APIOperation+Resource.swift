import Schema

/// The operations of a resource, from its scope, verbs and subresources.
extension APIOperation {
    static func all(of resource: ResourceDefinition) -> [APIOperation] {
        let root = resource.group.isEmpty ? "/api/\(resource.version)" : "/apis/\(resource.group)/\(resource.version)"
        let collection = resource.isNamespaced ? "\(root)/namespaces/{namespace}/\(resource.plural)" : "\(root)/\(resource.plural)"
        let item = "\(collection)/{name}"
        var operations: [APIOperation] = []
        for verb in resource.verbs {
            switch verb {
            case "list":
                operations.append(list(resource, collection))
                if resource.isNamespaced { operations.append(list(resource, "\(root)/\(resource.plural)", isForAllNamespaces: true)) }
            case "watch": break
            case "create": operations.append(create(resource, collection))
            case "deletecollection": operations.append(deleteCollection(resource, collection))
            case "get": operations.append(read(resource, item))
            case "update": operations.append(replace(resource, item))
            case "patch": operations.append(patch(resource, item))
            case "delete": operations.append(delete(resource, item))
            default: break
            }
        }
        for subresource in resource.subresources { operations += all(of: subresource, resource, item) }
        return operations
    }

    // MARK: On collections

    private static func list(_ resource: ResourceDefinition, _ path: String, isForAllNamespaces: Bool = false) -> APIOperation {
        var operation = make(
            resource, path, "get", "list", "list", suffix: isForAllNamespaces ? "ForAllNamespaces" : "", isScoped: !isForAllNamespaces)
        operation.summary = "List or watch objects of kind \(resource.kind)."
        operation.parameters = scope(resource, isForAllNamespaces) + (APIParameter.list + APIParameter.watch).sorted { $0.name < $1.name } + [.pretty]
        operation.result = "\(resource.type.name.dropLast(resource.kind.count))\(resource.listKind)"
        operation.produces = objectTypes + streamTypes
        return operation
    }

    private static func create(_ resource: ResourceDefinition, _ path: String) -> APIOperation {
        var operation = make(resource, path, "post", "post", "create")
        operation.summary = "Create an object of kind \(resource.kind)."
        operation.parameters = scope(resource) + APIParameter.create + [.pretty]
        operation.body = .type(resource.type.name)
        operation.statusCodes = [201, 202]
        return operation
    }

    private static func deleteCollection(_ resource: ResourceDefinition, _ path: String) -> APIOperation {
        var operation = make(resource, path, "delete", "deletecollection", "delete", infix: "Collection")
        operation.summary = "Delete the objects of kind \(resource.kind) that match."
        let names = Set(APIParameter.delete.map(\.name))
        operation.parameters = scope(resource) + APIParameter.delete + APIParameter.list.filter { !names.contains($0.name) } + [.pretty]
        operation.body = .type(deleteOptions)
        operation.result = status
        return operation
    }

    // MARK: On objects

    private static func read(_ resource: ResourceDefinition, _ path: String) -> APIOperation {
        var operation = make(resource, path, "get", "get", "read")
        operation.summary = "Read an object of kind \(resource.kind)."
        operation.parameters = [.name] + scope(resource) + [.pretty]
        return operation
    }

    private static func replace(_ resource: ResourceDefinition, _ path: String) -> APIOperation {
        var operation = make(resource, path, "put", "put", "replace")
        operation.summary = "Replace an object of kind \(resource.kind)."
        operation.parameters = [.name] + scope(resource) + APIParameter.create + [.pretty]
        operation.body = .type(resource.type.name)
        operation.statusCodes = [201]
        return operation
    }

    private static func patch(_ resource: ResourceDefinition, _ path: String) -> APIOperation {
        var operation = make(resource, path, "patch", "patch", "patch")
        operation.summary = "Change a part of an object of kind \(resource.kind)."
        operation.parameters = [.name] + scope(resource) + APIParameter.create + [.force, .pretty]
        operation.body = .patch
        operation.consumes = patchTypes
        operation.statusCodes = [201]
        return operation
    }

    private static func delete(_ resource: ResourceDefinition, _ path: String) -> APIOperation {
        var operation = make(resource, path, "delete", "delete", "delete")
        operation.summary = "Delete an object of kind \(resource.kind)."
        operation.parameters = [.name] + scope(resource) + APIParameter.delete + [.pretty]
        operation.body = .type(deleteOptions)
        operation.result = resource.isShownWhenDeleted ? resource.type.name : status
        operation.statusCodes = [202]
        return operation
    }

    // MARK: On subresources

    private static func all(of subresource: KindDefinition.Subresource, _ resource: ResourceDefinition, _ item: String) -> [APIOperation] {
        let path = "\(item)/\(subresource.name)"
        if subresource.kind.hasSuffix("Options") { return connects(subresource, resource, path) }
        return subresource.verbs.compactMap { verb in
            var operation: APIOperation
            switch verb {
            case "get": operation = read(resource, path)
            case "update": operation = replace(resource, path)
            case "patch": operation = patch(resource, path)
            case "create":
                operation = create(resource, path)
                operation.parameters.insert(.name, at: 0)
            default: return nil
            }
            operation.id += camel(subresource.name)
            let kind = kind(of: subresource, resource)
            operation.kind = kind
            operation.summary += " (\(subresource.name))"
            if kind.kind != resource.kind {
                let type = Catalog.builtIn.type(group: kind.group, version: kind.version, kind: kind.kind)?.name ?? resource.type.name
                operation.result = type
                if case .type? = operation.body { operation.body = .type(type) }
            }
            if subresource.name == "log" {
                operation.parameters += APIParameter.log
                operation.produces.insert("text/plain", at: 0)
                operation.result = nil
            }
            return operation
        }
    }

    /// Exec, attach, port forwarding and proxies: any method, no objects.
    private static func connects(_ subresource: KindDefinition.Subresource, _ resource: ResourceDefinition, _ path: String) -> [APIOperation] {
        let isProxy = subresource.name == "proxy"
        let methods = isProxy ? ["delete", "get", "head", "options", "patch", "post", "put"] : ["get", "post"]
        return (isProxy ? [path, "\(path)/{path}"] : [path]).flatMap { path in
            methods.map { method in
                let suffix = camel(subresource.name) + (path.hasSuffix("{path}") ? "WithPath" : "")
                var operation = make(resource, path, method, "connect", "connect\(camel(method))", suffix: suffix)
                operation.kind = kind(of: subresource, resource)
                operation.summary = "Connect \(method.uppercased()) requests to \(subresource.name) of \(resource.kind)."
                operation.parameters = [.name] + scope(resource) + connectParameters(subresource.name, hasSubpath: path.hasSuffix("{path}"))
                operation.produces = ["*/*"]
                operation.result = nil
                return operation
            }
        }
    }

    private static func connectParameters(_ name: String, hasSubpath: Bool) -> [APIParameter] {
        switch name {
        case "exec": [.command] + APIParameter.streams
        case "attach": APIParameter.streams
        case "portforward": [.ports]
        default: hasSubpath ? [.subpath, .path] : [.path]
        }
    }

    // MARK: Shared

    private static func make(
        _ resource: ResourceDefinition, _ path: String, _ method: String, _ action: String, _ verb: String, infix: String = "", suffix: String = "",
        isScoped: Bool = true
    ) -> APIOperation {
        let group = resource.group.isEmpty ? "core" : resource.group.hasSuffix(".k8s.io") ? String(resource.group.dropLast(7)) : resource.group
        let scope = resource.isNamespaced && isScoped ? "Namespaced" : ""
        let groupName = group.split(separator: ".").map { camel(String($0)) }.joined()
        return APIOperation(
            path: path, method: method, action: action, id: "\(verb)\(groupName)\(camel(resource.version))\(infix)\(scope)\(resource.kind)\(suffix)",
            summary: "", tag: "\(group.split(separator: ".").joined(separator: "_"))_\(resource.version)",
            kind: KindReference(group: resource.group, version: resource.version, kind: resource.kind), parameters: [], body: nil, consumes: ["*/*"],
            produces: objectTypes, result: resource.type.name)
    }

    private static func kind(of subresource: KindDefinition.Subresource, _ resource: ResourceDefinition) -> KindReference {
        KindReference(
            group: subresource.groupVersion?.group ?? resource.group, version: subresource.groupVersion?.version ?? resource.version,
            kind: subresource.kind)
    }

    private static func scope(_ resource: ResourceDefinition, _ isForAllNamespaces: Bool = false) -> [APIParameter] {
        resource.isNamespaced && !isForAllNamespaces ? [.namespace] : []
    }

    private static func camel(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }

    private static let objectTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor"]
    private static let streamTypes = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch", "application/cbor-seq"]
    private static let patchTypes = [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml",
        "application/apply-patch+cbor",
    ]
    static let deleteOptions = "\(Catalog.metaPackage).DeleteOptions"
    static let status = "\(Catalog.metaPackage).Status"
}
