import ObjectModel
import TestSupport
import Testing

@Suite struct JSONPatchTests {
    private func apply(_ patch: String, to document: String) throws -> Value {
        try JSONPatch(Value(json: patch)).applied(to: Value(json: document))
    }

    @Test(arguments: [
        (#"{"a":1}"#, #"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
        (#"{"a":[1,3]}"#, #"[{"op":"add","path":"/a/1","value":2}]"#, #"{"a":[1,2,3]}"#),
        (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/-","value":2}]"#, #"{"a":[1,2]}"#),
        (#"{"a":[1,3]}"#, #"[{"op":"add","path":"/a/-1","value":2}]"#, #"{"a":[1,2,3]}"#),
        (#"{"a":1}"#, #"[{"op":"add","path":"/a"}]"#, #"{"a":null}"#),
        (#"{"a":1,"b":2}"#, #"[{"op":"remove","path":"/a"}]"#, #"{"b":2}"#),
        (#"{"a":[1,2,3]}"#, #"[{"op":"remove","path":"/a/0"}]"#, #"{"a":[2,3]}"#),
        (#"{"a":{"b":1}}"#, #"[{"op":"replace","path":"/a/b","value":[1]}]"#, #"{"a":{"b":[1]}}"#),
        (#"{"a":1}"#, #"[{"op":"replace","path":"","value":{"b":2}}]"#, #"{"b":2}"#),
        (#"{"a":{"b":1},"c":{}}"#, #"[{"op":"move","from":"/a/b","path":"/c/d"}]"#, #"{"a":{},"c":{"d":1}}"#),
        (#"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/c"}]"#, #"{"a":{"b":1},"c":{"b":1}}"#),
        (#"{"a/b":1,"m~n":2}"#, #"[{"op":"replace","path":"/a~1b","value":3},{"op":"remove","path":"/m~0n"}]"#, #"{"a/b":3}"#),
        (#"{"a":1}"#, #"[{"op":"test","path":"/a","value":1},{"op":"test","path":"/z","value":null}]"#, #"{"a":1}"#),
        (#"{"a":{"b":null}}"#, #"[{"op":"replace","path":"/a/b","value":1}]"#, #"{"a":{"b":1}}"#),
    ])
    func `applies operations`(document: String, patch: String, result: String) throws {
        #expect(try apply(patch, to: document) == Value(json: result))
    }

    @Test(arguments: [
        (#"[{"op":"test","path":"/a","value":2}]"#, "testing value /a failed: test failed"),
        (#"[{"op":"remove","path":"/z"}]"#, "error in remove for path: '/z': Unable to remove nonexistent key: z: missing value"),
        (#"[{"op":"replace","path":"/z","value":1}]"#, "replace operation does not apply: doc is missing key: /z: missing value"),
        (#"[{"op":"add","path":"/z/y","value":1}]"#, #"add operation does not apply: doc is missing path: "/z/y": missing value"#),
        (#"[{"op":"add","path":"/l/9","value":1}]"#, "error in add for path: '/l/9': Unable to access invalid index: 9: invalid index referenced"),
        (
            #"[{"op":"add","path":"/l/x","value":1}]"#,
            "error in add for path: '/l/x': value was not a proper array index: 'x': strconv.Atoi: parsing \"x\": invalid syntax"
        ),
        (#"[{"op":"remove","path":"/l/4"}]"#, "error in remove for path: '/l/4': Unable to access invalid index: 4: invalid index referenced"),
        (#"[{"op":"copy","from":"/z","path":"/y"}]"#, "error in copy for from: '/z': unable to get nonexistent key: z: missing value"),
        (#"[{"op":"move","from":"/z/y","path":"/y"}]"#, "move operation does not apply: doc is missing from path: /z/y: missing value"),
        (#"[{"op":"spin","path":"/a"}]"#, "Unexpected kind: spin"),
        (#"{"op":"add"}"#, "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
    ])
    func `tells upstream's reason`(patch: String, reason: String) {
        do {
            _ = try apply(patch, to: #"{"a":1,"l":[1,2]}"#)
            Issue.record("applied")
        } catch { #expect("\(error)" == reason) }
    }

    @Test func `marks a failed test`() throws {
        let patch = try JSONPatch([["op": "test", "path": "/a", "value": 1]])
        do {
            _ = try patch.applied(to: ["a": 2])
            Issue.record("applied")
        } catch { #expect(error.isTestFailure) }
    }
}

@Suite struct MergePatchTests {
    /// The examples of RFC 7386.
    @Test(arguments: [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#), (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
        (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
        (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
        (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
        (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
        (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#), ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
    func `merges as the RFC's examples`(document: String, patch: String, result: String) throws {
        #expect(try Value(json: document).applying(mergePatch: Value(json: patch)) == Value(json: result))
    }

    @Test func `a patch between two objects makes one into the other`() throws {
        var dice = Dice(seed: 3)
        for _ in 0..<500 {
            let left = dice.object(depth: 3)
            let right = dice.object(depth: 3)
            #expect(left.applying(mergePatch: left.mergePatch(to: right)) == right)
        }
    }
}

@Suite struct JSONPointerTests {
    @Test func `reads into objects and arrays`() throws {
        let value: Value = ["a": ["b/c": [10, 20]], "m~n": 1]
        #expect(JSONPointer("/a/b~1c/1").flatMap { value[pointer: $0] } == 20)
        #expect(JSONPointer("/m~0n").flatMap { value[pointer: $0] } == 1)
        #expect(JSONPointer("").flatMap { value[pointer: $0] } == value)
        #expect(JSONPointer("/a/x").flatMap { value[pointer: $0] } == nil)
        #expect(JSONPointer("a") == nil)
    }

    @Test func `writes what it reads`() {
        #expect(JSONPointer("/a~1b/~0/")?.description == "/a~1b/~0/")
    }
}
