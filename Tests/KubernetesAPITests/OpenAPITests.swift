import KubernetesAPI
import ObjectModel
import Testing

@Suite struct OpenAPITests {
    static let apps = Result { try Value(json: OpenAPIv3(version: "v1.36.0").document(.init(group: "apps", version: "v1")) ?? []) }
    static let swagger = Result { try Value(json: OpenAPIv2(version: "v1.36.0").document()) }

    @Test func `the index has an address with a hash for every group version`() throws {
        let index = try Value(json: OpenAPIv3(version: "v1.36.0").index(adding: [("apis/example.org/v1", "AB")]))
        #expect(index["paths"].fields.count == 23)
        let address = try #require(index["paths"]["apis/apps/v1"]["serverRelativeURL"].string)
        #expect(address.hasPrefix("/openapi/v3/apis/apps/v1?hash="))
        #expect(index["paths"]["api/v1"]["serverRelativeURL"].string?.hasPrefix("/openapi/v3/api/v1?hash=") == true)
        #expect(index["paths"]["apis/example.org/v1"]["serverRelativeURL"] == "/openapi/v3/apis/example.org/v1?hash=AB")
        #expect(try Value(json: OpenAPIv3(version: "v1.36.1").index()) != Value(json: OpenAPIv3(version: "v1.36.0").index()))
    }

    @Test func `a path tells the kind, so that explain finds it`() throws {
        let document = try Self.apps.get()
        let list = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments"]["get"]
        #expect(list["x-kubernetes-group-version-kind"] == ["group": "apps", "version": "v1", "kind": "Deployment"])
        #expect(list["x-kubernetes-action"] == "list")
        #expect(list["operationId"] == "listAppsV1NamespacedDeployment")
        #expect(document["paths"]["/apis/apps/v1/deployments"]["get"]["operationId"] == "listAppsV1DeploymentForAllNamespaces")
        let scale = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"]["put"]
        #expect(scale["x-kubernetes-group-version-kind"]["kind"] == "Scale")
        #expect(scale["operationId"] == "replaceAppsV1NamespacedDeploymentScale")
    }

    @Test func `patch takes fieldValidation and dryRun, which kubectl looks for`() throws {
        let patch = try Self.apps.get()["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
        let names = patch["parameters"].array.compactMap { $0["name"].string }
        #expect(Set(names).isSuperset(of: ["fieldValidation", "dryRun", "fieldManager", "force"]))
        #expect(patch["requestBody"]["content"].fields.keys.contains("application/apply-patch+yaml"))
    }

    @Test func `schemas carry kinds, list types and patch strategies`() throws {
        let schemas = try Self.apps.get()["components"]["schemas"]
        let deployment = schemas["io.k8s.api.apps.v1.Deployment"]
        #expect(deployment["x-kubernetes-group-version-kind"] == [["group": "apps", "version": "v1", "kind": "Deployment"]])
        #expect(deployment["properties"]["spec"]["allOf"][0]["$ref"] == "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec")
        let spec = schemas["io.k8s.api.apps.v1.DeploymentSpec"]
        #expect(spec["required"] == ["selector", "template"])
        #expect(spec["properties"]["strategy"]["x-kubernetes-patch-strategy"] == "retainKeys")
        #expect(spec["properties"]["replicas"]["format"] == "int32")
        let pod = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]
        #expect(pod["containers"]["x-kubernetes-patch-merge-key"] == "name" && pod["containers"]["x-kubernetes-list-map-keys"] == ["name"])
        #expect(pod["volumes"]["x-kubernetes-patch-strategy"] == "merge,retainKeys")
        #expect(pod["restartPolicy"]["default"].isNull)
        let port = schemas["io.k8s.api.core.v1.ContainerPort"]["properties"]
        #expect(port["protocol"]["default"] == "TCP" && port["containerPort"]["default"] == 0)
        let options = schemas["io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"]["x-kubernetes-group-version-kind"]
        #expect(options.array.contains(["group": "apps", "version": "v1", "kind": "DeleteOptions"]))
    }

    @Test func `every reference leads somewhere`() throws {
        for groupVersion in Catalog.builtIn.groupVersions {
            let document = try Value(json: try #require(OpenAPIv3(version: "v1.36.0").document(groupVersion)))
            for name in Self.references(in: document) {
                #expect(document["components"]["schemas"][String(name.dropFirst("#/components/schemas/".count))].isObject, "\(name)")
            }
        }
        let document = try Self.swagger.get()
        for name in Self.references(in: document) {
            #expect(document["definitions"][String(name.dropFirst("#/definitions/".count))].isObject, "\(name)")
        }
    }

    @Test func `operation names are unique`() throws {
        let ids = try Self.swagger.get()["paths"].fields.values.flatMap { $0.fields.values.compactMap { $0["operationId"].string } }
        #expect(Set(ids).count == ids.count)
    }

    @Test func `version 2 says what stands beside a reference without wrapping it`() throws {
        let document = try Self.swagger.get()
        let status = document["definitions"]["io.k8s.api.apps.v1.Deployment"]["properties"]["spec"]
        #expect(status["$ref"] == "#/definitions/io.k8s.api.apps.v1.DeploymentSpec")
        let body = document["paths"]["/api/v1/namespaces/{namespace}/pods"]["post"]["parameters"].array.last
        #expect(body?["in"] == "body" && body?["schema"]["$ref"] == "#/definitions/io.k8s.api.core.v1.Pod")
    }

    @Test func `every kind and what people ask most about is described`() throws {
        let definitions = try Self.swagger.get()["definitions"]
        for resource in Catalog.builtIn.resources { #expect(definitions[resource.type.name]["description"].string != nil, "\(resource.kind)") }
        let types = ["apps.v1.DeploymentSpec", "core.v1.PodSpec", "core.v1.Container", "core.v1.ServiceSpec", "core.v1.Probe", "batch.v1.JobSpec"]
        for type in types {
            for (name, property) in definitions["io.k8s.api.\(type)"]["properties"].fields
            where !["hostname", "workloadRef", "schedulingGroup"].contains(name) {
                let isRare = ["healthCheckNodePort", "sessionAffinityConfig", "resizePolicy", "restartPolicyRules", "managedBy", "hostnameOverride"]
                    .contains(name)
                #expect(isRare || property["description"].string != nil, "\(type).\(name)")
            }
        }
    }

    @Test func `version 2 as protobuf holds the definitions`() throws {
        let bytes = OpenAPIv2(version: "v1.36.0").protobuf()
        #expect(bytes.starts(with: [0x0A, 3] + Array("2.0".utf8)))
        // The message's fields follow each other without a gap, to the end.
        var position = 0
        var numbers: [UInt64] = []
        func varint() -> UInt64 {
            var result: UInt64 = 0
            var shift: UInt64 = 0
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                result |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { break }
                shift += 7
            }
            return result
        }
        while position < bytes.count {
            numbers.append(varint() >> 3)
            position += Int(varint())
        }
        #expect(position == bytes.count)
        #expect(numbers == [1, 2, 8, 9])
    }

    static func references(in value: Value) -> Set<String> {
        switch value {
        case .object(let members):
            members.reduce(into: []) { set, member in
                if member.key == "$ref", let name = member.value.string { set.insert(name) } else { set.formUnion(references(in: member.value)) }
            }
        case .array(let elements): elements.reduce(into: []) { $0.formUnion(references(in: $1)) }
        default: []
        }
    }
}
