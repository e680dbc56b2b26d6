import ClusterClient
import Identity
import ObjectModel
import Storage
import Testing

@testable import APIServer

/// What `limit`, `continue`, `resourceVersion`, `resourceVersionMatch` and `sendInitialEvents` promise.
@Suite("Lists and watches") struct ListAndWatchTests {
    private static let path = "/api/v1/namespaces/default/configmaps"

    /// One that can be read.
    private static let token = ContinueToken(revision: 1, after: "default/a").text

    private static func token(_ object: Value) -> String { Base64URL.encode(object.json()) }

    private static func list(_ server: TestServer, _ query: [String: String]) async throws -> (status: Int, body: Value) {
        try await server.send(APIRequest(.get, path, query: query.map { ($0.key, $0.value) }))
    }

    @Test("a page whose revision is compacted away can be gone on with, at the price of consistency") func inconsistentPages() async throws {
        let store = MemoryStore()
        let server = try await TestServer(store: store)
        for index in 0..<4 { try await server.admin.create(.configMaps, TestServer.configMap("m\(index)")) }
        let old = ContinueToken(revision: store.revision, after: "default/m1")
        // More changes than the history in memory holds, so that the token's revision is to be had from the store alone.
        for index in 0..<2100 {
            try await server.admin.patch(.configMaps, namespace: "default", name: "m3", .merge, ["data": ["k": .string("\(index)")]])
        }
        try await store.compact(through: store.revision)
        let (status, failure) = try await Self.list(server, ["limit": "2", "continue": old.text])
        #expect(status == 410)
        #expect(failure["reason"].string == "Expired")
        let token = try #require(failure["metadata"]["continue"].string)
        let (again, rest) = try await Self.list(server, ["limit": "1", "continue": token])
        #expect(again == 200)
        #expect(rest["items"].array.map(\.name) == ["m2"])
        #expect(rest["metadata"]["resourceVersion"].string == String(store.revision))
        let (_, last) = try await Self.list(server, ["limit": "1", "continue": try #require(rest["metadata"]["continue"].string)])
        #expect(last["items"].array.map(\.name) == ["m3"])
        #expect(last["metadata"]["continue"].isNull)
    }

    @Test("a list at an exact revision is as it was then, from memory and from the store") func exactRevisions() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let (_, version) = try await server.admin.list(.configMaps, namespace: "default")
        for round in 0..<2 {
            if round == 1 {
                for index in 0..<2100 {
                    try await server.admin.patch(.configMaps, namespace: "default", name: "b", .merge, ["data": ["k": .string("\(index)")]])
                }
            } else {
                try await server.admin.create(.configMaps, TestServer.configMap("b"))
                try await server.admin.delete(.configMaps, namespace: "default", name: "a")
            }
            let (status, list) = try await Self.list(server, ["resourceVersion": version, "resourceVersionMatch": "Exact"])
            #expect(status == 200)
            #expect(list["items"].array.map(\.name).filter { $0 != "kube-root-ca.crt" } == ["a"])
            #expect(list["metadata"]["resourceVersion"].string == version)
        }
    }

    @Test("what `resourceVersion` means with `limit` and without is what upstream's table says") func meaningOfRevisions() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let (_, then) = try await server.admin.list(.configMaps, namespace: "default")
        try await server.admin.create(.configMaps, TestServer.configMap("b"))
        let (_, now) = try await server.admin.list(.configMaps, namespace: "default")
        let cases: [(query: [String: String], names: [String], revision: String)] = [
            ([:], ["a", "b"], now), (["resourceVersion": "0"], ["a", "b"], now), (["resourceVersion": then], ["a", "b"], now),
            (["resourceVersion": then, "resourceVersionMatch": "NotOlderThan"], ["a", "b"], now),
            (["resourceVersion": then, "resourceVersionMatch": "Exact"], ["a"], then),
            (["limit": "9"], ["a", "b"], now), (["limit": "9", "resourceVersion": "0"], ["a", "b"], now),
            (["limit": "9", "resourceVersion": then], ["a"], then), (["limit": "0", "resourceVersion": then], ["a", "b"], now),
            (["limit": "-1", "resourceVersion": then], ["a", "b"], now),
            (["limit": "9", "resourceVersion": then, "resourceVersionMatch": "Exact"], ["a"], then),
            (["limit": "9", "resourceVersion": then, "resourceVersionMatch": "NotOlderThan"], ["a", "b"], now),
            (["limit": "9", "resourceVersion": then, "fieldSelector": "metadata.name=b"], ["b"], now),
        ]
        for (query, names, revision) in cases {
            let (status, list) = try await Self.list(server, query)
            #expect(status == 200 && list.resourceVersion == revision, "\(query): \(list)")
            #expect(list["items"].array.map(\.name).filter { $0 != "kube-root-ca.crt" } == names, "\(query)")
        }
    }

    @Test("pages are from one revision, whatever happens between them; what remains is told unless something is selected")
    func pagesWhileThingsChange() async throws {
        let server = try await TestServer()
        for name in ["a", "b", "c", "d", "e"] { try await server.admin.create(.configMaps, TestServer.configMap(name, ["v": "1"])) }
        var (status, page) = try await Self.list(server, ["limit": "2"])
        let revision = page.resourceVersion
        let all = try await Self.list(server, [:]).body["items"].array.map(\.name)
        #expect(status == 200 && page.metadata["remainingItemCount"].int == all.count - 2)
        try await server.admin.delete(.configMaps, namespace: "default", name: "c")
        try await server.admin.create(.configMaps, TestServer.configMap("bb"))
        try await server.admin.patch(.configMaps, namespace: "default", name: "d", .merge, ["data": ["v": "2"]])
        var names = page["items"].array.map(\.name)
        while let next = page.metadata["continue"].string {
            (status, page) = try await Self.list(server, ["limit": "2", "continue": next])
            #expect(status == 200 && page.resourceVersion == revision)
            for item in page["items"].array where item.name == "d" { #expect(item["data"]["v"] == "1") }
            names += page["items"].array.map(\.name)
            #expect(page.metadata["remainingItemCount"].int ?? 0 == all.count - names.count)
        }
        #expect(names == all)
        for selector in ["labelSelector", "fieldSelector"] {
            let (_, some) = try await Self.list(server, ["limit": "1", selector: selector == "labelSelector" ? "!x" : "metadata.name!=a"])
            #expect(some.metadata["continue"].string != nil && some.metadata["remainingItemCount"].isNull)
        }
    }

    @Test("a watch that is to begin no earlier than a revision that is not there yet says so in an event") func watchFromTheFuture() async throws {
        let server = try await TestServer()
        let query: [(name: String, value: String)] = [
            ("watch", "true"), ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan"), ("resourceVersion", "1000000"),
        ]
        var events = try await server.admin.transport.watch(APIRequest(.get, Self.path, query: query)).makeAsyncIterator()
        let event = try await events.next()
        #expect(event?.kind == .error && event?.object["code"] == 504 && event?.object["reason"] == "Timeout")
        #expect(event?.object["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge")
        #expect(try await events.next() == nil)
    }

    @Test("options that do not go together are refused, field by field")
    func refused() async throws {
        let server = try await TestServer()
        let cases: [(query: [String: String], code: Int, message: String)] = [
            (
                ["resourceVersionMatch": "Exact"], 422,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
            ),
            (
                ["resourceVersionMatch": "Exact", "resourceVersion": "0"], 422,
                "resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""
            ),
            (
                ["resourceVersionMatch": "Newest", "resourceVersion": "1"], 422,
                "resourceVersionMatch: Unsupported value: \"Newest\": supported values: \"Exact\", \"NotOlderThan\", \"\""
            ),
            (["sendInitialEvents": "true"], 422, "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
            (
                ["watch": "1", "sendInitialEvents": "true"], 422,
                "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            ),
            (
                ["watch": "1", "resourceVersionMatch": "NotOlderThan"], 422,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            ),
            (
                ["watch": "1", "resourceVersion": "abc"], 500,
                #"resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax"#
            ),
            (["watch": "1", "resourceVersion": "-1"], 500, #"parsing "-1": invalid syntax"#),
            (
                ["resourceVersion": "abc"], 400,
                #"invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax"#
            ),
            (["resourceVersion": "-1"], 400, "parsing \"-1\": invalid syntax"),
            (["resourceVersion": "99999999999999999999"], 400, "parsing \"99999999999999999999\": value out of range"),
            (["resourceVersion": "18446744073709551615"], 504, "Timeout: Too large resource version: "),
            (["resourceVersion": "1", "continue": Self.token], 400, "specifying resource version is not allowed when using continue"),
            (["resourceVersion": "x", "continue": Self.token], 400, "specifying resource version is not allowed when using continue"),
            (
                ["resourceVersion": "0", "resourceVersionMatch": "NotOlderThan", "continue": Self.token], 422,
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided"
            ),
            (["labelSelector": "a in"], 400, "unable to parse requirement: "),
            (["fieldSelector": "a"], 400, "invalid selector: 'a'; can't understand 'a'"),
            (["labelSelector": "a in", "fieldSelector": "a", "limit": "x"], 400, "unable to parse requirement: "),
            (["continue": "nonsense"], 400, "invalid continue token: continue key is not valid"),
            (["continue": "ab.d"], 400, "invalid continue token: continue key is not valid: illegal base64 data at input byte 2"),
            (["continue": "abcde"], 400, "illegal base64 data at input byte 4"),
            (["continue": Self.token(["v": "v9"])], 400, "continue key is not valid: server does not recognize this encoded version v9"),
            (
                ["continue": Self.token(["v": "meta.k8s.io/v1", "rv": 0, "start": "a"])], 400,
                "continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
            ),
            (
                ["continue": Self.token(["v": "meta.k8s.io/v1", "rv": 1, "start": ""])], 400,
                "continue key is not valid: encoded start key empty (version meta.k8s.io/v1)"
            ),
            (["limit": "x"], 400, #"strconv.ParseInt: parsing "x": invalid syntax"#),
            (["watch": "1", "timeoutSeconds": "x"], 400, #"strconv.ParseInt: parsing "x": invalid syntax"#),
            (["resourceVersion": "18446744073709551615", "resourceVersionMatch": "NotOlderThan"], 504, "Timeout: Too large resource version: "),
            (["resourceVersion": "18446744073709551615", "resourceVersionMatch": "Exact"], 504, "Timeout: Too large resource version: "),
            (
                ["watch": "1", "sendInitialEvents": "false", "resourceVersionMatch": "Exact"], 422,
                #"resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan""#
            ),
            (["fieldSelector": "spec.x=1"], 400, "\"spec.x\" is not a known field selector: only"),
        ]
        for (query, code, message) in cases {
            let (status, body) = try await Self.list(server, query)
            #expect(status == code, "\(query)")
            #expect(body["message"].string?.contains(message) == true, "\(query): \(body["message"])")
        }
    }

    @Test("a watch may begin with what is there, closed by a bookmark that says so") func watchList() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        try await server.admin.create(.configMaps, TestServer.configMap("b"))
        let query: [(name: String, value: String)] = [
            ("watch", "true"), ("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan"), ("allowWatchBookmarks", "true"),
        ]
        var events = try await server.admin.transport.watch(APIRequest(.get, Self.path, query: query)).makeAsyncIterator()
        var names: [String] = []
        while let event = try await events.next() {
            if event.kind == .bookmark {
                #expect(event.object["metadata"]["annotations"]["k8s.io/initial-events-end"].string == "true")
                #expect(event.object.resourceVersion == String(server.standard.registry.revision))
                break
            }
            #expect(event.kind == .added)
            names.append(event.object.name)
        }
        #expect(names.filter { $0 != "kube-root-ca.crt" } == ["a", "b"])
        try await server.admin.create(.configMaps, TestServer.configMap("c"))
        #expect(try await events.next()?.object.name == "c")
    }

    @Test("a watch without a revision begins with what is there, and goes on") func watchFromNow() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let request = APIRequest(.get, Self.path, query: [("watch", "true"), ("fieldSelector", "metadata.name!=kube-root-ca.crt")])
        var events = try await server.admin.transport.watch(request).makeAsyncIterator()
        #expect(try await events.next()?.object.name == "a")
        try await server.admin.create(.configMaps, TestServer.configMap("b"))
        #expect(try await events.next()?.object.name == "b")
    }

    @Test("a watch from a revision that is gone begins, and says so in an event") func watchTooOld() async throws {
        let store = MemoryStore()
        let server = try await TestServer(store: store)
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let old = String(store.revision)
        for index in 0..<2100 {
            try await server.admin.patch(.configMaps, namespace: "default", name: "a", .merge, ["data": ["k": .string("\(index)")]])
        }
        try await store.compact(through: store.revision)
        var events = try await server.admin.watch(.configMaps, namespace: "default", resourceVersion: old).makeAsyncIterator()
        let event = try await events.next()
        #expect(event?.kind == .error)
        #expect(event?.object["code"].int == 410)
        #expect(event?.object["reason"].string == "Expired")
        #expect(try await events.next() == nil)
    }
}
