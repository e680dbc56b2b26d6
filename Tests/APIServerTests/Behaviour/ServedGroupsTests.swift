import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// What a client finds out before it asks for anything.
@Suite struct ServedGroupsTests {
    let server: TestServer
    private static let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    private static let beta = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

    init() async throws { server = try await TestServer() }

    private func get(_ path: String, accept: String = "application/json") async throws -> (status: Int, contentType: String, body: Value) {
        let response = try await server.admin.transport.send(APIRequest(.get, path, accept: accept))
        return (response.status, response.contentType, (try? Value(json: response.body)) ?? .null)
    }

    /// A resource of each group that conformance asks for by name.
    private static let known: [(String, String)] = [
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"), ("apps", "deployments"), ("authentication.k8s.io", "tokenreviews"),
        ("authorization.k8s.io", "selfsubjectaccessreviews"), ("autoscaling", "horizontalpodautoscalers"), ("batch", "jobs"),
        ("certificates.k8s.io", "certificatesigningrequests"), ("coordination.k8s.io", "leases"), ("discovery.k8s.io", "endpointslices"),
        ("events.k8s.io", "events"), ("networking.k8s.io", "ingresses"), ("node.k8s.io", "runtimeclasses"), ("policy", "poddisruptionbudgets"),
        ("rbac.authorization.k8s.io", "clusterroles"), ("scheduling.k8s.io", "priorityclasses"), ("storage.k8s.io", "csinodes"),
        ("flowcontrol.apiserver.k8s.io", "flowschemas"),
    ]

    @Test(arguments: known) func everyGroupVersionLeadsToItsResources(group: String, plural: String) async throws {
        let groups = try await get("/apis").body["groups"].array
        let found = try #require(groups.first { $0["name"].string == group })
        let version = found["versions"].array.map { $0["version"].string ?? "" }
        #expect(version.contains("v1"))
        let resources = try await get("/apis/\(group)/v1").body
        #expect(resources.kind == "APIResourceList" && resources["groupVersion"].string == "\(group)/v1")
        #expect(resources["resources"].array.contains { $0["name"].string == plural })
    }

    @Test func everyGroupPrefersAVersionThatItServes() async throws {
        for group in try await get("/apis").body["groups"].array {
            let name = group["name"].string ?? ""
            let own = try await get("/apis/\(name)").body
            #expect(own.kind == "APIGroup" && own["name"].string == name)
            let preferred = own["preferredVersion"]["groupVersion"].string ?? ""
            #expect(preferred.hasPrefix("\(name)/") && preferred == group["preferredVersion"]["groupVersion"].string)
            #expect(own["versions"].array.contains { $0["groupVersion"].string == preferred })
            #expect(try await get("/apis/\(preferred)").status == 200)
        }
    }

    @Test func everyGroupIsInTheAggregatedDocument() async throws {
        let core = try await get("/api", accept: Self.aggregated).body
        #expect(core.kind == "APIGroupDiscoveryList" && core.apiVersion == "apidiscovery.k8s.io/v2" && core["items"].array.count == 1)
        let versions = core["items"][0]["versions"].array
        #expect(versions.map { $0["version"] } == ["v1"])
        #expect(versions[0]["resources"].array.contains { $0["resource"] == "pods" && $0["responseKind"]["kind"] == "Pod" })
        let groups = try await get("/apis", accept: Self.aggregated).body["items"].array
        let plain = try await get("/apis").body["groups"].array
        #expect(groups.map(\.name) == plain.map { $0["name"].string ?? "" })
        for (group, plural) in Self.known {
            let item = try #require(groups.first { $0.name == group })
            let version = try #require(item["versions"].array.first { $0["version"] == "v1" })
            #expect(version["resources"].array.contains { $0["resource"].string == plural } && version["freshness"] == "Current", "\(group)")
        }
    }

    @Test func theAcceptHeaderPicksTheDocument() async throws {
        for path in ["/api", "/apis"] {
            let plainKind = path == "/api" ? "APIVersions" : "APIGroupList"
            for (accept, kind) in [
                (Self.aggregated, "APIGroupDiscoveryList"), ("\(Self.beta),application/json", plainKind), ("application/json", plainKind),
                ("application/json,\(Self.aggregated)", plainKind),
                ("\(Self.aggregated),application/json", "APIGroupDiscoveryList"), ("application/json;g=x;v=y;as=z,application/json", plainKind),
                ("*/*", plainKind), ("", plainKind),
            ] {
                let (status, contentType, body) = try await get(path, accept: accept)
                #expect(status == 200 && body.kind == kind, "\(path) \(accept)")
                #expect(contentType.contains("APIGroupDiscoveryList") == (kind == "APIGroupDiscoveryList"), "\(contentType)")
            }
            for accept in [Self.beta, "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList", "text/html"] {
                #expect(try await get(path, accept: accept).status == 406)
            }
        }
    }

    @Test func theVersionIsTold() async throws {
        let (status, _, version) = try await get("/version")
        #expect(status == 200 && version["major"] == "1" && version["gitVersion"].string?.hasPrefix("v1.36") == true)
        #expect(version["minor"].string.flatMap { Int($0) } == 36)
    }
}
