import ObjectModel
import Schema

/// The documents by which clients learn what the API serves. Each is a function of the resources, which come in discovery's order: by group,
/// a group's preferred version first. Custom resources go through the same functions.
public enum Discovery {
    /// `/api`
    /// - Parameter serverAddress: The address and port under which clients reach the server.
    public static func legacyVersions(serverAddress: String) -> [UInt8] {
        let addresses: Value = [["clientCIDR": "0.0.0.0/0", "serverAddress": .string(serverAddress)]]
        return (["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses] as Value).json()
    }

    /// `/apis`
    public static func groups(_ resources: [ResourceDefinition]) -> [UInt8] {
        let groups = versionsByGroup(resources).filter { !$0.group.isEmpty }.map { Value.object(group($0.group, $0.versions)) }
        return (["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)] as Value).json()
    }

    /// `/apis/GROUP`; nil if there is no such group.
    public static func group(_ name: String, in resources: [ResourceDefinition]) -> [UInt8]? {
        guard let found = versionsByGroup(resources).first(where: { $0.group == name }), !name.isEmpty else { return nil }
        var document = group(name, found.versions)
        document["kind"] = "APIGroup"
        document["apiVersion"] = "v1"
        return Value.object(document).json()
    }

    /// `/api/v1`, `/apis/GROUP/VERSION`; nil if there is no such group version.
    public static func resources(group: String, version: String, in resources: [ResourceDefinition]) -> [UInt8]? {
        let served = resources.filter { $0.group == group && $0.version == version }
        guard let first = served.first else { return nil }
        var document: Value = ["kind": "APIResourceList", "groupVersion": .string(first.apiVersion)]
        // Upstream leaves it out for the core group.
        if !group.isEmpty { document["apiVersion"] = "v1" }
        document["resources"] = .array(served.flatMap { [resource($0)] + subresources($0) })
        return document.json()
    }

    // MARK: Parts

    private static func versionsByGroup(_ resources: [ResourceDefinition]) -> [(group: String, versions: [String])] {
        var groups: [(group: String, versions: [String])] = []
        for resource in resources {
            if let index = groups.firstIndex(where: { $0.group == resource.group }) {
                if !groups[index].versions.contains(resource.version) { groups[index].versions.append(resource.version) }
            } else {
                groups.append((resource.group, [resource.version]))
            }
        }
        return groups
    }

    private static func group(_ name: String, _ versions: [String]) -> Fields {
        let entries = versions.map { ["groupVersion": .string("\(name)/\($0)"), "version": .string($0)] as Value }
        return ["name": .string(name), "versions": .array(entries), "preferredVersion": entries.first ?? .null]
    }

    private static func resource(_ resource: ResourceDefinition) -> Value {
        var entry: Value = [
            "name": .string(resource.plural), "singularName": .string(resource.singular), "namespaced": .bool(resource.isNamespaced),
            "kind": .string(resource.kind), "verbs": Value(resource.verbs),
        ]
        if !resource.shortNames.isEmpty { entry["shortNames"] = Value(resource.shortNames) }
        if !resource.categories.isEmpty { entry["categories"] = Value(resource.categories) }
        return entry
    }

    private static func subresources(_ resource: ResourceDefinition) -> [Value] {
        resource.subresources.map { subresource in
            var entry: Value = [
                "name": .string("\(resource.plural)/\(subresource.name)"), "singularName": "", "namespaced": .bool(resource.isNamespaced),
                "kind": .string(subresource.kind), "verbs": Value(subresource.verbs),
            ]
            if let groupVersion = subresource.groupVersion {
                entry["group"] = .string(groupVersion.group)
                entry["version"] = .string(groupVersion.version)
            }
            return entry
        }
    }
}

// MARK: - Aggregated discovery

extension Discovery {
    /// The media type that answers an aggregated request: `apidiscovery.k8s.io/v2`.
    public static let aggregatedMediaType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    /// `/api` in one document with all that is below it.
    public static func aggregatedLegacy(_ resources: [ResourceDefinition]) -> [UInt8] { aggregated(resources.filter { $0.group.isEmpty }) }

    /// `/apis` in one document with all that is below it.
    public static func aggregatedGroups(_ resources: [ResourceDefinition]) -> [UInt8] { aggregated(resources.filter { !$0.group.isEmpty }) }

    private static func aggregated(_ resources: [ResourceDefinition]) -> [UInt8] {
        let items = versionsByGroup(resources).map { group, versions -> Value in
            let entries = versions.map { version -> Value in
                let served = resources.filter { $0.group == group && $0.version == version }.map(aggregatedResource)
                return ["version": .string(version), "resources": .array(served), "freshness": "Current"]
            }
            return ["metadata": group.isEmpty ? [:] : ["name": .string(group)], "versions": .array(entries)]
        }
        let document: Value = [
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": [:], "items": .array(items),
        ]
        return document.json()
    }

    private static func aggregatedResource(_ resource: ResourceDefinition) -> Value {
        var entry: Value = [
            "resource": .string(resource.plural), "responseKind": kind(resource.kind, nil), "scope": resource.isNamespaced ? "Namespaced" : "Cluster",
            "singularResource": .string(resource.singular), "verbs": Value(resource.verbs),
        ]
        if !resource.shortNames.isEmpty { entry["shortNames"] = Value(resource.shortNames) }
        if !resource.categories.isEmpty { entry["categories"] = Value(resource.categories) }
        if !resource.subresources.isEmpty {
            entry["subresources"] = .array(
                resource.subresources.map {
                    ["subresource": .string($0.name), "responseKind": kind($0.kind, $0.groupVersion), "verbs": Value($0.verbs)]
                })
        }
        return entry
    }

    /// A kind of the resource's own group version is named without it.
    private static func kind(_ kind: String, _ groupVersion: (group: String, version: String)?) -> Value {
        ["group": .string(groupVersion?.group ?? ""), "version": .string(groupVersion?.version ?? ""), "kind": .string(kind)]
    }
}
