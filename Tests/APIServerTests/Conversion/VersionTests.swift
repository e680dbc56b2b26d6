import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// One object under two versions.
@Suite struct VersionTests {
    private static let core = "/api/v1/namespaces/default/events"
    private static let events = "/apis/events.k8s.io/v1/namespaces/default/events"

    private static let event: Value = [
        "apiVersion": "v1", "kind": "Event", "metadata": ["name": "e", "namespace": "default"], "message": "it happened", "reason": "R",
        "type": "Normal",
        "count": 2, "involvedObject": ["kind": "Pod", "name": "p", "namespace": "default"], "source": ["component": "c"],
        "firstTimestamp": "2026-01-01T00:00:00Z",
    ]

    @Test func eventsOfTheCoreGroupAreEventsOfTheOther() async throws {
        let server = try await TestServer()
        let (status, created) = try await server.post(Self.core, Self.event)
        #expect(status == 201 && created["message"] == "it happened")
        var (_, other) = try await server.send(APIRequest(.get, "\(Self.events)/e"))
        #expect(other.apiVersion == "events.k8s.io/v1" && other["note"] == "it happened" && other["regarding"]["name"] == "p")
        #expect(other["deprecatedCount"] == 2 && other["deprecatedSource"]["component"] == "c" && other.resourceVersion == created.resourceVersion)

        let (_, found) = try await server.send(APIRequest(.get, Self.events, query: [("fieldSelector", "regarding.name=p,reason=R")]))
        #expect(found.kind == "EventList" && found["items"].array.map { $0["note"] } == ["it happened"])
        let (_, none) = try await server.send(APIRequest(.get, Self.events, query: [("fieldSelector", "regarding.name=q")]))
        #expect(none["items"].array.isEmpty)

        // There only the series goes on.
        other["series"] = ["count": 2, "lastObservedTime": "2026-01-01T00:00:01Z"]
        let (replaced, answer) = try await server.send(APIRequest(.put, "\(Self.events)/e", body: other.json()))
        #expect(replaced == 200 && answer["series"]["count"] == 2 && answer.apiVersion == "events.k8s.io/v1")
        let (_, now) = try await server.send(APIRequest(.get, "\(Self.core)/e"))
        #expect(now["series"]["count"] == 2 && now["message"] == "it happened" && now.apiVersion == "v1")
        other = answer
        other["note"] = "again"
        let (refused, why) = try await server.send(APIRequest(.put, "\(Self.events)/e", body: other.json()))
        #expect(refused == 422 && why["details"]["causes"].array.map { $0["field"] } == ["message"])
    }

    @Test func tablesOfBothVersionsShowTheSame() async throws {
        let server = try await TestServer()
        _ = try await server.post(Self.core, Self.event)
        var rows: [Value] = []
        for path in [Self.core, Self.events] {
            let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
            let (_, table) = try await server.send(APIRequest(.get, path, query: [("includeObject", "Object")], accept: accept))
            rows.append(table["rows"][0]["cells"])
            #expect(table["rows"][0]["object"].apiVersion == (path == Self.core ? "v1" : "events.k8s.io/v1"))
        }
        #expect(rows[0] == rows[1] && rows[0][3] == "pod/p")
        let (status, _) = try await server.send(
            APIRequest(.get, Self.core, query: [("includeObject", "All")], accept: "application/json;as=Table;v=v1;g=meta.k8s.io"))
        #expect(status == 400)
    }

    @Test func aWatchTellsEventsInItsOwnVersion() async throws {
        let server = try await TestServer()
        let resource = Resource(group: "events.k8s.io", version: "v1", plural: "events", kind: "Event", isNamespaced: true)
        let watch = try await server.admin.watch(resource, namespace: "default", resourceVersion: "")
        _ = try await server.post(Self.core, Self.event)
        for try await event in watch where event.kind != .bookmark {
            #expect(event.object.apiVersion == "events.k8s.io/v1" && event.object["note"] == "it happened")
            break
        }
    }

    @Test func autoscalersOfBothVersionsAreTheSame() async throws {
        let server = try await TestServer()
        let path = "namespaces/default/horizontalpodautoscalers"
        let (status, created) = try await server.post(
            "/apis/autoscaling/v1/\(path)",
            [
                "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": ["name": "h", "namespace": "default"],
                "spec": ["scaleTargetRef": ["kind": "Deployment", "name": "d", "apiVersion": "apps/v1"], "maxReplicas": 5],
            ])
        #expect(status == 201 && created["spec"]["targetCPUUtilizationPercentage"] == 80 && created.apiVersion == "autoscaling/v1")
        var (_, v2) = try await server.send(APIRequest(.get, "/apis/autoscaling/v2/\(path)/h"))
        #expect(v2.apiVersion == "autoscaling/v2" && v2["spec"]["metrics"].array.count == 1)
        v2["spec"]["metrics"].append([
            "type": "Resource", "resource": ["name": "memory", "target": ["type": "AverageValue", "averageValue": "1Gi"]],
        ])
        let (replaced, _) = try await server.send(APIRequest(.put, "/apis/autoscaling/v2/\(path)/h", body: v2.json()))
        #expect(replaced == 200)
        let (_, v1) = try await server.send(APIRequest(.get, "/apis/autoscaling/v1/\(path)/h"))
        #expect(v1["spec"]["targetCPUUtilizationPercentage"] == 80)
        #expect(v1.annotations["autoscaling.alpha.kubernetes.io/metrics"]?.contains("memory") == true)
        // What comes back through v1 is the whole.
        let (again, _) = try await server.send(APIRequest(.put, "/apis/autoscaling/v1/\(path)/h", body: v1.json()))
        #expect(again == 200)
        let (_, end) = try await server.send(APIRequest(.get, "/apis/autoscaling/v2/\(path)/h"))
        #expect(end["spec"]["metrics"].array.count == 2 && end.annotations.isEmpty)
    }
}
