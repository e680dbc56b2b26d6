import KubernetesAPI
import ObjectModel
import Testing

@Suite struct DiscoveryTests {
    let resources = Catalog.builtIn.resources

    func value(_ bytes: [UInt8]?) throws -> Value { try Value(json: try #require(bytes)) }

    @Test func `the legacy root names v1 and the server's address`() throws {
        let document = try value(Discovery.legacyVersions(serverAddress: "10.0.0.1:6443"))
        #expect(document["kind"] == "APIVersions" && document["versions"] == ["v1"])
        #expect(document["serverAddressByClientCIDRs"][0]["serverAddress"] == "10.0.0.1:6443")
    }

    @Test func `groups come in order with their preferred versions`() throws {
        let document = try value(Discovery.groups(resources))
        #expect(document["kind"] == "APIGroupList" && document["apiVersion"] == "v1")
        #expect(document["groups"].array.count == 20)
        let autoscaling = try #require(document["groups"].array.first { $0["name"] == "autoscaling" })
        #expect(autoscaling["preferredVersion"] == ["groupVersion": "autoscaling/v2", "version": "v2"])
        #expect(autoscaling["versions"].array.map { $0["version"] } == ["v2", "v1"])
        #expect(try value(Discovery.group("autoscaling", in: resources))["preferredVersion"]["version"] == "v2")
        #expect(Discovery.group("nope", in: resources) == nil)
        #expect(Discovery.group("", in: resources) == nil)
    }

    @Test func `a group version lists resources and their subresources`() throws {
        let core = try value(Discovery.resources(group: "", version: "v1", in: resources))
        #expect(core["groupVersion"] == "v1" && core["apiVersion"].isNull)
        let names = core["resources"].array.compactMap { $0["name"].string }
        #expect(names.count == 39)
        #expect(names == names.sorted())
        let pods = try #require(core["resources"].array.first { $0["name"] == "pods" })
        #expect(pods["shortNames"] == ["po"] && pods["categories"] == ["all"] && pods["singularName"] == "pod" && pods["namespaced"] == true)
        let eviction = try #require(core["resources"].array.first { $0["name"] == "pods/eviction" })
        #expect(
            eviction == [
                "group": "policy", "kind": "Eviction", "name": "pods/eviction", "namespaced": true, "singularName": "", "verbs": ["create"],
                "version": "v1",
            ])
        #expect(try value(Discovery.resources(group: "apps", version: "v1", in: resources))["apiVersion"] == "v1")
        #expect(Discovery.resources(group: "apps", version: "v2", in: resources) == nil)
    }

    @Test func `aggregated discovery holds the same in one document`() throws {
        let core = try value(Discovery.aggregatedLegacy(resources))
        #expect(core["apiVersion"] == "apidiscovery.k8s.io/v2" && core["kind"] == "APIGroupDiscoveryList")
        #expect(core["items"].array.count == 1)
        let groups = try value(Discovery.aggregatedGroups(resources))
        #expect(groups["items"].array.count == 20)
        let apps = try #require(groups["items"].array.first { $0["metadata"]["name"] == "apps" })
        let deployments = try #require(apps["versions"][0]["resources"].array.first { $0["resource"] == "deployments" })
        #expect(deployments["responseKind"] == ["group": "", "version": "", "kind": "Deployment"])
        #expect(deployments["scope"] == "Namespaced")
        let scale: Value = [
            "subresource": "scale", "responseKind": ["group": "autoscaling", "version": "v1", "kind": "Scale"], "verbs": ["get", "patch", "update"],
        ]
        #expect(deployments["subresources"].array.first == scale)
    }
}
