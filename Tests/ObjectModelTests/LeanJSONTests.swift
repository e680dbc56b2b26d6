import Testing

@testable import ObjectModel

/// Objects as those read them who keep copies of whole collections.
struct LeanJSONTests {
    private static let managed = #""managedFields":[{"fieldsV1":{"f:a \" ] }":{}},"manager":"m","n":[1,-2.5e+3,true,null,{}]}]"#

    private static func pod(_ metadata: String) -> String {
        #"{"kind":"Pod","metadata":{"#
            + metadata + #""name":"a"},"spec":{"managedFields":[1],"containers":[{"name":"c","image":"example.com/a-long-name:1"}]}}"#
    }

    @Test("managed fields are left out, and nothing else") func managedFields() throws {
        let expected = try Value(json: Self.pod(""))
        #expect(try Value(leanJSON: Array(Self.pod(Self.managed + ",").utf8)) == expected)
        #expect(try Value(leanJSON: Array(Self.pod("").utf8)) == expected)
    }

    @Test("the objects of lists and events are read so too") func depths() throws {
        let (full, lean) = (Self.pod(Self.managed + ","), Self.pod(""))
        let list = #"{"metadata":{"managedFields":"of the list"},"items":["# + full + "," + full + "]}"
        let expected = try Value(json: #"{"metadata":{"managedFields":"of the list"},"items":["# + lean + "," + lean + "]}")
        #expect(try Value(leanJSON: Array(list.utf8), depth: 2) == expected)
        #expect(try Value(leanJSON: Array(#"{"type":"ADDED","object":\#(full)}"#.utf8), depth: 1)["object"] == Value(json: lean))
    }

    @Test(
        "what is left out must still be JSON of its shape",
        arguments: [
            #"{"metadata":{"managedFields":}}"#, #"{"metadata":{"managedFields":]}}"#, #"{"metadata":{"managedFields":[}"#,
            #"{"metadata":{"managedFields":"open"#, #"{"metadata":{"managedFields":"\"#, #"{"metadata":{"managedFields":,}}"#,
            #"{"metadata":{"managedFields""#, #"{"metadata":{"managedFields":[1,"#,
        ] as [String])
    func damaged(_ text: String) { #expect(throws: JSONError.self) { try Value(leanJSON: Array(text.utf8)) } }

    @Test("no nesting in what is left out exhausts the stack") func nesting() {
        let text = #"{"metadata":{"managedFields":"# + String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try Value(leanJSON: Array(text.utf8)) }
    }

    @Test("parts that recur are held once") func recurring() {
        let parts = RecurringParts()
        let text = Array(#"{"image":"example.com/a-long-name:1"}"#.utf8)
        func held(_ part: Value) -> Value { text.withUnsafeBytes { parts.held(part, text: $0) } }
        func storage(_ part: Value) -> UnsafeRawPointer? { part.fields.members.withUnsafeBytes { $0.baseAddress } }
        let first = held(["image": "example.com/a-long-name:1"])
        let second = held(["image": "example.com/a-long-name:1"])
        #expect(first == second)
        #expect(storage(first) == storage(second))
        // Two texts of one hash are still two parts.
        let other: Value = ["image": "example.com/another:1"]
        #expect(held(other) == other)
        #expect(held(first) == first)
    }
}
