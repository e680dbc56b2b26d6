import ClusterClient
import ObjectModel
import Testing

@testable import APIServer

/// Options in a query as sloppy, old and foreign clients write them.
@Suite("Query options") struct QueryOptionsTests {
    private static let path = "/api/v1/namespaces/default/configmaps"

    private static func options(_ query: [(name: String, value: String)], _ server: TestServer) throws -> ListOptions {
        let request = APIRequest(.get, path, query: query)
        let resource = try #require(server.standard.registry.resource(group: "", version: "v1", plural: "configmaps"))
        return try ListOptions(request, resource, try RequestInfo(request))
    }

    @Test("anything but 0 and false sets a flag", arguments: ["true", "True", "1", "yes", ""]) func flags(value: String) async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        let request = APIRequest(.get, Self.path, query: [("watch", value), ("allowWatchBookmarks", value)])
        var events = try await server.admin.transport.watch(request).makeAsyncIterator()
        #expect(try await events.next()?.object.name == "a")
        let bookmark = try await events.next()
        #expect(bookmark?.kind == .bookmark, "a watch from nowhere says when it has told all that is there")
        #expect(bookmark?.object.metadata["annotations"]["k8s.io/initial-events-end"] == "true")
        for off in ["0", "false", "False"] {
            let (status, list) = try await server.send(APIRequest(.get, Self.path, query: [("watch", off)]))
            #expect(status == 200 && list.kind == "ConfigMapList")
        }
        let applied = APIRequest(
            .patch, "\(Self.path)/a", query: [("fieldManager", "m"), ("force", value)], contentType: "application/apply-patch+yaml",
            body: Array(#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"b"}}"#.utf8))
        #expect(try await server.send(applied).status == 200)
    }

    @Test("what should be a number and is none is refused") func numbers() async throws {
        let server = try await TestServer()
        let cases: [(String, String, String)] = [
            ("limit", "x", #"strconv.ParseInt: parsing "x": invalid syntax"#), ("limit", "", #"strconv.ParseInt: parsing "": invalid syntax"#),
            ("timeoutSeconds", "1s", #"strconv.ParseInt: parsing "1s": invalid syntax"#),
            ("limit", "99999999999999999999", #"strconv.ParseInt: parsing "99999999999999999999": value out of range"#),
        ]
        for (name, value, message) in cases {
            let (status, body) = try await server.send(APIRequest(.get, Self.path, query: [(name, value)]))
            #expect(status == 400 && body["message"].string == message, "\(name)=\(value): \(body)")
        }
        let (status, body) = try await server.send(APIRequest(.delete, "\(Self.path)/a", query: [("gracePeriodSeconds", "x")], body: []))
        #expect(status == 400 && body["message"].string == #"strconv.ParseInt: parsing "x": invalid syntax"#)
        #expect(try Self.options([("timeoutSeconds", "0")], server).timeout == nil, "no time at all is as good as none said")
        #expect(try Self.options([("timeoutSeconds", "7")], server).timeout == .seconds(7))
        #expect(try Self.options([("limit", "-1")], server).limit == nil)
    }

    @Test("a watch's options that do not go together are all told of") func watchProblems() async throws {
        let server = try await TestServer()
        let request = APIRequest(
            .get, Self.path, query: [("watch", "1"), ("sendInitialEvents", "true"), ("resourceVersionMatch", "Exact"), ("continue", "x")])
        let (status, body) = try await server.send(request)
        #expect(status == 422)
        #expect(
            body["details"]["causes"].array.compactMap { $0["message"].string } == [
                "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                #"Unsupported value: "Exact": supported values: "NotOlderThan""#,
                "Forbidden: resourceVersionMatch is forbidden when continue is provided",
            ])
    }

    @Test("a field that nothing can be selected by is refused in the words of its kind") func fields() async throws {
        let server = try await TestServer()
        let cases: [(String, String, String?)] = [
            ("/api/v1/pods", "spec.x=1", "field label not supported: spec.x"),
            ("/api/v1/nodes", "metadata.namespace=a", "field label not supported: metadata.namespace"),
            ("/apis/batch/v1/jobs", "spec.x=1", #"field label "spec.x" not supported for Job"#),
            ("/apis/apps/v1/deployments", "spec.x=1", #""spec.x" is not a known field selector: only "metadata.name", "metadata.namespace""#),
            ("/api/v1/pods", "status.podIPs=10.0.0.1", nil), ("/api/v1/pods", "spec.host=n1", nil),
            ("/api/v1/persistentvolumes", "metadata.namespace=a", nil),
        ]
        for (path, selector, message) in cases {
            let (status, body) = try await server.send(APIRequest(.get, path, query: [("fieldSelector", selector)]))
            #expect(status == (message == nil ? 200 : 400) && body["message"].string == message, "\(path) \(selector): \(body)")
        }
        try await server.admin.create(.pods, TestServer.pod("web"))
        let (_, old) = try await server.send(APIRequest(.get, "/api/v1/pods", query: [("fieldSelector", "spec.host=")]))
        #expect(old["items"].array.map(\.name) == ["web"], "spec.host is the node's name as old clients have it")
    }

    @Test("the old addresses of watches lead to watches, and an object is no watch whatever its query says") func oldWatches() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        try await server.admin.create(.configMaps, TestServer.configMap("b"))
        for (path, name) in [
            ("/api/v1/watch/namespaces/default/configmaps/b", "b"), ("/api/v1/watch/namespaces/default/configmaps", "a"),
            ("/api/v1/watch/namespaces/default", "default"), ("/apis/apps/v1/watch/deployments", ""),
        ] {
            var events = try await server.admin.transport.watch(APIRequest(.get, path, query: [("allowWatchBookmarks", "1")])).makeAsyncIterator()
            #expect(try await events.next()?.object.name == name, "\(path)")
        }
        let (status, object) = try await server.send(APIRequest(.get, "\(Self.path)/a", query: [("watch", "true")]))
        #expect(status == 200 && object.kind == "ConfigMap")
        let other = APIRequest(.get, "/api/v1/watch/namespaces/default/configmaps/b", query: [("fieldSelector", "metadata.name=a")])
        let (code, refusal) = try await server.send(other)
        #expect(code == 400 && refusal["message"] == "fieldSelector metadata.name doesn't match requested name")
    }

    @Test("only a list or watch asks for one name by its field selector") func selectedNames() throws {
        func name(_ method: APIRequest.Method, _ selector: String, watch: Bool = false) throws -> String {
            let query = [(name: "fieldSelector", value: selector)] + (watch ? [("watch", "1")] : [])
            return try RequestInfo(APIRequest(method, Self.path, query: query)).attributes(UserInfo(name: "u")).name
        }
        #expect(try name(.get, "metadata.name=a") == "a" && name(.get, "metadata.name=a", watch: true) == "a")
        #expect(try name(.get, "metadata.name!=a").isEmpty && name(.get, "metadata.namespace=a").isEmpty && name(.get, "metadata.name").isEmpty)
        #expect(try name(.post, "metadata.name=a").isEmpty && name(.delete, "metadata.name=a").isEmpty, "who may create a may not create b")
        for name in ["..", ".", "a/b", "a%2fb"] { #expect(try self.name(ofList: name).isEmpty) }
    }

    private func name(ofList name: String) throws -> String {
        try RequestInfo(APIRequest(.get, Self.path, query: [("fieldSelector", "metadata.name=\(name)")])).attributes(UserInfo(name: "u")).name
    }

    @Test("creations go to the collection, replacements and patches to an object") func methods() async throws {
        let server = try await TestServer()
        for (method, path) in [(APIRequest.Method.post, "\(Self.path)/a"), (.put, Self.path), (.patch, Self.path), (.post, "/api/v1/nodes/a")] {
            let body = TestServer.configMap("a").json()
            let (status, answer) = try await server.send(APIRequest(method, path, contentType: "application/merge-patch+json", body: body))
            #expect(status == 405 && answer["reason"] == "MethodNotAllowed", "\(method) \(path): \(answer)")
        }
    }

    @Test("an object is not read at a version that is none, or not there yet") func versionsOfOne() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        func get(_ version: String) async throws -> (status: Int, body: Value) {
            try await server.send(APIRequest(.get, "\(Self.path)/a", query: [("resourceVersion", version)]))
        }
        for version in ["", "0", "1"] { #expect(try await get(version).status == 200) }
        for version in ["abc", "-1", "+1", "1.5"] {
            let (status, body) = try await get(version)
            let message = #"resourceVersion: Invalid value: "\#(version)": strconv.ParseUint: parsing "\#(version)": invalid syntax"#
            #expect(status == 500 && body["message"].string == message && body["reason"].isNull && body["details"].isNull, "\(body)")
        }
        let (status, body) = try await get("1000000")
        #expect(status == 504 && body["reason"] == "Timeout", "\(body)")
        #expect(body["message"].string?.hasPrefix("Timeout: Too large resource version: 1000000, current: ") == true)
        #expect(body["details"]["retryAfterSeconds"].int == 1)
        #expect(body["details"]["causes"] == [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]])
    }

    @Test("all that is wrong with a write's options is told at once, before its body is read") func optionsOfWrites() async throws {
        let server = try await TestServer()
        let long = String(repeating: "m", count: 129)
        let cases: [(query: [(name: String, value: String)], messages: [String])] = [
            ([("fieldManager", long)], ["Too long: may not be more than 128 bytes"]),
            ([("fieldManager", "ä\u{7}")], [#"Invalid value: "ä\u0007": invalid character U+0007 (at position 2)"#]),
            ([("dryRun", "Some")], [#"Unsupported value: ["Some"]: supported values: "All""#]),
            ([("dryRun", "All"), ("dryRun", "b")], [#"Unsupported value: ["All","b"]: supported values: "All""#]),
            ([("fieldValidation", "Loud")], [#"Unsupported value: "Loud": supported values: "", "Ignore", "Strict", "Warn""#]),
            (
                [("fieldValidation", "loud"), ("dryRun", "x"), ("fieldManager", long)],
                [
                    "Too long: may not be more than 128 bytes", #"Unsupported value: ["x"]: supported values: "All""#,
                    #"Unsupported value: "loud": supported values: "", "Ignore", "Strict", "Warn""#,
                ]
            ),
        ]
        for (query, messages) in cases {
            for (method, path, kind) in [
                (APIRequest.Method.post, Self.path, "CreateOptions"), (.put, "\(Self.path)/a", "UpdateOptions"),
                (.patch, "\(Self.path)/a", "PatchOptions"),
            ] {
                let type = method == .patch ? "application/merge-patch+json" : "application/json"
                let (status, body) = try await server.send(APIRequest(method, path, query: query, contentType: type, body: Array("{".utf8)))
                #expect(status == 422 && body["reason"] == "Invalid" && body["details"]["kind"].string == kind, "\(body)")
                #expect(body["details"]["causes"].array.compactMap { $0["message"].string } == messages, "\(body)")
            }
        }
    }

    @Test("options of a deletion mean the same in a query and in a body, and are refused alike") func optionsOfDeletions() async throws {
        let server = try await TestServer()
        try await server.admin.create(.configMaps, TestServer.configMap("a"))
        func delete(_ query: [(name: String, value: String)], _ options: Value?) async throws -> (status: Int, body: Value) {
            try await server.send(
                APIRequest(.delete, "\(Self.path)/a", query: query, contentType: "application/json", body: options?.json() ?? []))
        }
        let cases: [(query: [(name: String, value: String)], options: Value, messages: [String])] = [
            (
                [("propagationPolicy", "Later")], ["propagationPolicy": "Later"],
                [#"Unsupported value: "Later": supported values: "Background", "Foreground", "Orphan", "nil""#]
            ),
            (
                [("propagationPolicy", "Orphan"), ("orphanDependents", "true")], ["propagationPolicy": "Orphan", "orphanDependents": true],
                [#"Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set"#]
            ),
            (
                [("propagationPolicy", "Later"), ("dryRun", "x")], ["propagationPolicy": "Later", "dryRun": ["x"]],
                [
                    #"Unsupported value: "Later": supported values: "Background", "Foreground", "Orphan", "nil""#,
                    #"Unsupported value: ["x"]: supported values: "All""#,
                ]
            ),
        ]
        for (query, options, messages) in cases {
            for (status, body) in [try await delete(query, nil), try await delete([], options)] {
                #expect(status == 422 && body["details"]["kind"] == "DeleteOptions", "\(body)")
                #expect(body["details"]["causes"].array.compactMap { $0["message"].string } == messages, "\(body)")
            }
        }
        for options: Value in [["gracePeriodSeconds": "soon"], ["dryRun": "All"], ["orphanDependents": "yes"], ["preconditions": []]] {
            let (status, body) = try await delete([], options)
            #expect(status == 400 && body["message"].string?.contains("cannot be handled as a DeleteOptions") == true, "\(body)")
        }
        #expect(try await server.admin.find(.configMaps, namespace: "default", name: "a") != nil)
        #expect(try await delete([], ["gracePeriodSeconds": -1, "unknown": 1]).status == 200, "what is negative counts as one second")
    }
}
