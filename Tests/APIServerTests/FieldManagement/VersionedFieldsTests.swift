import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// Managed fields of kinds that exist in two versions: an entry keeps the version that it was written in.
@Suite struct VersionedFieldsTests {
    let server: TestServer
    private static let v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/h"
    private static let v2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/h"
    private static let core = "/api/v1/namespaces/default/events/e"
    private static let events = "/apis/events.k8s.io/v1/namespaces/default/events/e"

    init() async throws { server = try await TestServer() }

    private func apply(_ path: String, _ object: Value, by manager: String, force: Bool = false) async throws -> (status: Int, body: Value) {
        var query = [(name: "fieldManager", value: manager)]
        if force { query.append(("force", "true")) }
        return try await server.send(APIRequest(.patch, path, query: query, contentType: "application/apply-patch+yaml", body: object.json()))
    }

    private func get(_ path: String) async throws -> Value { try await server.send(APIRequest(.get, path)).body }

    private static func autoscaler(_ version: String, _ spec: Value) -> Value {
        var object: Value = [
            "apiVersion": .string("autoscaling/\(version)"), "kind": "HorizontalPodAutoscaler", "metadata": ["name": "h", "namespace": "default"],
            "spec": ["scaleTargetRef": ["kind": "Deployment", "name": "d", "apiVersion": "apps/v1"], "maxReplicas": 5],
        ]
        for (name, value) in spec.fields { object["spec"][name] = value }
        return object
    }

    private static let memory: Value = [
        "metrics": [["type": "Resource", "resource": ["name": "memory", "target": ["type": "Utilization", "averageUtilization": 60]]]]
    ]

    private static func entry(_ manager: String, of object: Value) -> Value {
        object.metadata["managedFields"].array.first { $0["manager"].string == manager } ?? .null
    }

    // MARK: Applies in both versions

    @Test func oneManagerAppliesInEitherVersion() async throws {
        var answer = try await apply(Self.v1, Self.autoscaler("v1", ["targetCPUUtilizationPercentage": 50]), by: "k")
        #expect(answer.status == 201, "\(answer.body)")
        #expect(Self.entry("k", of: answer.body)["apiVersion"] == "autoscaling/v1")

        answer = try await apply(Self.v2, Self.autoscaler("v2", Self.memory), by: "k")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body["spec"]["metrics"] == Self.memory["metrics"])
        #expect(answer.body.metadata["managedFields"].array.count == 1)
        var entry = Self.entry("k", of: answer.body)
        #expect(entry["apiVersion"] == "autoscaling/v2" && entry["fieldsV1"]["f:spec"]["f:metrics"] == [:])
        // Whoever reads in the other version sees the entry as it was written.
        #expect(Self.entry("k", of: try await get(Self.v1)) == entry)

        // The list is one piece in the other version, and there still: what it held beside stays, though nobody owns it now.
        answer = try await apply(Self.v1, Self.autoscaler("v1", ["targetCPUUtilizationPercentage": 70, "minReplicas": 2]), by: "k")
        entry = Self.entry("k", of: answer.body)
        #expect(entry["apiVersion"] == "autoscaling/v1" && entry["fieldsV1"]["f:spec"]["f:targetCPUUtilizationPercentage"] == [:])
        let now = try await get(Self.v2)
        #expect(now["spec"]["metrics"].array.map { $0["resource"]["name"] } == ["memory", "cpu"] && now["spec"]["minReplicas"] == 2)
        answer = try await apply(Self.v2, Self.autoscaler("v2", Self.memory), by: "k")
        #expect(answer.body["spec"]["metrics"] == Self.memory["metrics"] && answer.body["spec"]["minReplicas"] == 1)
    }

    // MARK: Conflicts across versions

    @Test func aConflictIsFoundInTheVersionOfTheOwner() async throws {
        _ = try await apply(Self.v2, Self.autoscaler("v2", Self.memory), by: "owner")
        let other = Self.autoscaler("v1", ["targetCPUUtilizationPercentage": 50])
        var answer = try await apply(Self.v1, other, by: "other")
        #expect(answer.status == 409)
        let causes = answer.body["details"]["causes"].array
        #expect(causes.map { $0["field"] } == [".spec.metrics"] && causes[0]["message"] == "conflict with \"owner\"")
        answer = try await apply(Self.v1, other, by: "other", force: true)
        #expect(answer.status == 200)
        let entry = Self.entry("owner", of: answer.body)
        #expect(entry["fieldsV1"]["f:spec"]["f:metrics"].isNull && entry["fieldsV1"]["f:spec"]["f:maxReplicas"] == [:])
        #expect(Self.entry("other", of: answer.body)["apiVersion"] == "autoscaling/v1")
    }

    @Test func whatDiffersInNeitherVersionIsShared() async throws {
        _ = try await apply(Self.v2, Self.autoscaler("v2", ["minReplicas": 2]), by: "owner")
        let answer = try await apply(Self.v1, Self.autoscaler("v1", ["minReplicas": 2]), by: "other")
        #expect(answer.status == 200, "\(answer.body)")
        #expect(answer.body.metadata["managedFields"].array.count == 2)
    }

    // MARK: Updates

    @Test func anUpdateInOneVersionTakesFieldsOfTheOther() async throws {
        _ = try await apply(Self.v2, Self.autoscaler("v2", Self.memory), by: "owner")
        let answer = try await server.send(
            APIRequest(
                .patch, Self.v1, query: [("fieldManager", "editor")], contentType: "application/merge-patch+json",
                body: (["spec": ["targetCPUUtilizationPercentage": 40]] as Value).json()))
        #expect(answer.status == 200)
        let now = try await get(Self.v2)
        #expect(now["spec"]["metrics"].array.count == 2)
        #expect(Self.entry("owner", of: now)["fieldsV1"]["f:spec"]["f:metrics"].isNull)
        let entry = Self.entry("editor", of: now)
        #expect(entry["apiVersion"] == "autoscaling/v1" && entry["fieldsV1"]["f:spec"]["f:targetCPUUtilizationPercentage"] == [:])
    }

    @Test func anUpdateOfSomethingElseLeavesThemAlone() async throws {
        _ = try await apply(Self.v2, Self.autoscaler("v2", Self.memory), by: "owner")
        let before = Self.entry("owner", of: try await get(Self.v2))
        _ = try await server.send(
            APIRequest(
                .patch, Self.v1, query: [("fieldManager", "editor")], contentType: "application/merge-patch+json",
                body: (["metadata": ["labels": ["a": "b"]]] as Value).json()))
        #expect(Self.entry("owner", of: try await get(Self.v2)) == before)
    }

    // MARK: Events

    @Test func eventsAreAppliedInBothGroups() async throws {
        let time: Value = "2026-01-01T00:00:00Z"
        let one: Value = [
            "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e", "namespace": "default"], "message": "it happened", "reason": "R",
            "type": "Normal", "involvedObject": ["kind": "Pod", "name": "p", "namespace": "default"], "source": ["component": "c"],
            "firstTimestamp": time, "lastTimestamp": time, "series": ["count": 2, "lastObservedTime": time],
        ]
        var answer = try await apply(Self.core, one, by: "k")
        #expect(answer.status == 201, "\(answer.body)")
        var other = try await get(Self.events)
        #expect(Self.entry("k", of: other)["fieldsV1"]["f:message"] == [:] && other["note"] == "it happened")
        answer = try await apply(
            Self.events, ["apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": ["name": "e", "namespace": "default"], "note": "again"],
            by: "other")
        #expect(answer.status == 409)
        #expect(answer.body["details"]["causes"].array.map { $0["field"] } == [".message"])
        answer = try await server.send(
            APIRequest(
                .patch, Self.events, query: [("fieldManager", "editor")], contentType: "application/merge-patch+json",
                body: (["series": ["count": 3]] as Value).json()))
        #expect(answer.status == 200 && answer.body["series"]["count"] == 3, "\(answer.body)")
        other = try await get(Self.core)
        #expect(Self.entry("k", of: other)["fieldsV1"]["f:series"]["f:count"].isNull)
        #expect(Self.entry("editor", of: other)["apiVersion"] == "events.k8s.io/v1")
        #expect(Self.entry("editor", of: other)["fieldsV1"]["f:series"]["f:count"] == [:])
    }
}
