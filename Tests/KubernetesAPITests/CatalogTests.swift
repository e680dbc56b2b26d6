import KubernetesAPI
import Schema
import Testing

@Suite struct CatalogTests {
    let catalog = Catalog.builtIn

    @Test func `has the resources of all group versions in discovery's order`() {
        #expect(catalog.resources.count == 68)
        #expect(catalog.groupVersions.count == 22)
        #expect(catalog.groupVersions.first == Catalog.GroupVersion(group: "", version: "v1"))
        #expect(catalog.groups.prefix(3) == ["apiregistration.k8s.io", "apps", "events.k8s.io"])
        #expect(catalog.versions(of: "autoscaling") == ["v2", "v1"])
        #expect(catalog.preferredVersion(of: "autoscaling") == "v2")
    }

    @Test func `finds a resource by its plural and by its kind`() throws {
        let byPlural = try #require(catalog.resource(group: "apps", version: "v1", plural: "deployments"))
        let byKind = try #require(catalog.kind(group: "apps", version: "v1", kind: "Deployment"))
        #expect(byPlural === byKind)
        #expect(byPlural.shortNames == ["deploy"])
        #expect(byPlural.categories == ["all"])
        #expect(byPlural.isNamespaced)
        #expect(byPlural.listKind == "DeploymentList")
        #expect(byPlural.subresource("scale")?.groupVersion?.group == "autoscaling")
        #expect(byPlural.columns.map(\.name) == ["Name", "Ready", "Up-to-date", "Available", "Age", "Containers", "Images", "Selector"])
        #expect(byPlural.columns.last?.priority == 1)
        #expect(catalog.resource(group: "apps", version: "v1", plural: "pods") == nil)
    }

    @Test func `finds the types of kinds that have no resource`() {
        #expect(catalog.type(group: "policy", version: "v1", kind: "Eviction")?.name == "io.k8s.api.policy.v1.Eviction")
        #expect(catalog.type(group: "autoscaling", version: "v1", kind: "Scale")?.field("spec") != nil)
        #expect(catalog.type(group: "", version: "v1", kind: "DeleteOptions")?.field("preconditions") != nil)
    }

    @Test func `every type can be read, has its fields in order and tells protobuf numbers apart`() throws {
        for name in catalog.registry.typeNames {
            let type = try #require(catalog.registry.type(named: name))
            #expect(type.fields.map(\.name) == type.fields.map(\.name).sorted())
            let numbers = type.fields.map(\.protobufPath).filter { !$0.isEmpty }
            #expect(Set(numbers).count == numbers.count, "\(name)")
        }
    }
}
