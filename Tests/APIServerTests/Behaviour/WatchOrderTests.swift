import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// Watches that begin where another ended, and many at a time.
@Suite(.timeLimit(.minutes(2))) struct WatchOrderTests {
    private func line(_ event: WatchEvent) -> String { "\(event.kind.rawValue) \(event.object.name) \(event.object.resourceVersion)" }

    /// The first events of a watch, bookmarks aside.
    private func take(_ count: Int, _ server: TestServer, from version: String, labels: String = "") async throws -> [WatchEvent] {
        let stream = try await server.admin.watch(.configMaps, namespace: "default", labelSelector: labels, resourceVersion: version)
        var events: [WatchEvent] = []
        for try await event in stream where event.kind != .bookmark {
            events.append(event)
            if events.count == count { break }
        }
        return events
    }

    @Test func aWatchGoesOnWhereAnotherEnded() async throws {
        let server = try await TestServer()
        var (_, version) = try await server.admin.list(.configMaps, namespace: "default")
        try await server.admin.create(.configMaps, TestServer.configMap("m"))
        try await server.admin.patch(.configMaps, namespace: "default", name: "m", .merge, ["data": ["mutation": "1"]])
        let first = try await take(2, server, from: version)
        #expect(first.map(\.kind) == [.added, .modified])
        // What happens while nobody watches is told to whoever comes back.
        version = first[1].object.resourceVersion
        try await server.admin.patch(.configMaps, namespace: "default", name: "m", .merge, ["data": ["mutation": "2"]])
        try await server.admin.delete(.configMaps, namespace: "default", name: "m")
        let second = try await take(2, server, from: version)
        #expect(second.map(\.kind) == [.modified, .deleted])
        #expect(second.map { $0.object["data"]["mutation"] } == ["2", "2"])
    }

    @Test func aWatchFromAVersionBetweenTellsOnlyWhatCameAfter() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("m"))
        let middle = try await server.admin.patch(.configMaps, namespace: "default", name: "m", .merge, ["data": ["mutation": "1"]])
        try await server.admin.patch(.configMaps, namespace: "default", name: "m", .merge, ["data": ["mutation": "2"]])
        try await server.admin.delete(.configMaps, namespace: "default", name: "m")
        let events = try await take(2, server, from: middle.resourceVersion)
        #expect(events.map(\.kind) == [.modified, .deleted] && events[0].object["data"]["mutation"] == "2")
    }

    @Test func objectsThatLeaveASelectionAreDeletedAndCanComeBack() async throws {
        let server = try await TestServer()
        let (_, version) = try await server.admin.list(.configMaps, namespace: "default")
        func label(_ value: String, _ mutation: String) async throws {
            try await server.admin.patch(
                .configMaps, namespace: "default", name: "m", .merge,
                ["metadata": ["labels": ["w": .string(value)]], "data": ["mutation": .string(mutation)]])
        }
        try await server.admin.create(.configMaps, TestServer.configMap("m"))
        try await label("in", "1")
        try await label("out", "2")
        try await label("out", "3")
        try await label("in", "4")
        try await server.admin.delete(.configMaps, namespace: "default", name: "m")
        let events = try await take(4, server, from: version, labels: "w=in")
        #expect(events.map(\.kind) == [.added, .deleted, .added, .deleted])
        // What left is told as it was last in the selection, under the version that took it out.
        #expect(events.map { $0.object["data"]["mutation"] } == ["1", "1", "4", "4"])
        #expect(zip(events, events.dropFirst()).allSatisfy { (Int($0.object.resourceVersion) ?? 0) < (Int($1.object.resourceVersion) ?? 0) })
    }

    @Test func watchesFromEveryVersionHearTheSameInTheSameOrder() async throws {
        let server = try await TestServer()
        let (_, version) = try await server.admin.list(.configMaps, namespace: "default")
        let early = try await server.admin.watch(.configMaps, namespace: "default", resourceVersion: version)
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for index in 0..<25 {
                        let name = "m\(writer)-\(index % 5)"
                        if index < 5 {
                            _ = try? await server.admin.create(.configMaps, TestServer.configMap(name))
                        } else if index.isMultiple(of: 7) {
                            try? await server.admin.delete(.configMaps, namespace: "default", name: name)
                        } else {
                            _ = try? await server.admin.patch(
                                .configMaps, namespace: "default", name: name, .merge, ["data": ["k": .string("\(index)")]])
                        }
                    }
                }
            }
        }
        let end = try await server.admin.create(.configMaps, TestServer.configMap("end"))
        var all: [WatchEvent] = []
        for try await event in early where event.kind != .bookmark {
            all.append(event)
            if event.object.name == end.name { break }
        }
        let versions = all.map { Int($0.object.resourceVersion) ?? 0 }
        #expect(versions == versions.sorted() && Set(versions).count == versions.count)
        for start in [0, 1, all.count / 2, all.count - 2] {
            let events = try await take(all.count - start - 1, server, from: all[start].object.resourceVersion)
            #expect(events.map(line) == all.dropFirst(start + 1).map(line))
        }
    }
}
