import ObjectModel
import TestSupport
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "0", "-1", "9223372036854775807", "1.5", "\"\"", "[]", "{}", #"{"a":[1,2,{"b":null}],"c":"\"\\\n"}"#, #""日本😀""#, "[[[[]]]]",
        "1e+100",
    ])
    func `writes what it reads`(text: String) throws {
        #expect(try Value(json: text).description == text)
    }

    @Test(arguments: [
        ("", "unexpected end of JSON input"), ("{", "unexpected end of JSON input"), ("[1,]", "invalid character ']' looking for beginning of value"),
        (#"{"a" 1}"#, "invalid character '1' after object key"), ("tru", "unexpected end of JSON input"),
        ("trux", "invalid character 'x' in literal true (expecting 'e')"),
        ("1 2", "invalid character '2' after top-level value"), ("\"\u{1}\"", "invalid character '\\x01' in string literal"),
        ("01", "invalid character '1' after top-level value"),
        (#""\q""#, "invalid character 'q' in string escape code"), ("nul1", "invalid character '1' in literal null (expecting 'l')"),
        ("-", "unexpected end of JSON input"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"), ("[1 2]", "invalid character '2' after array element"),
        (#"{"a":1 "b"}"#, "invalid character '\"' after object key:value pair"),
    ])
    func `tells what Go's decoder tells`(text: String, message: String) {
        do {
            _ = try Value(json: text)
            Issue.record("accepted")
        } catch { #expect(error.message == message) }
    }

    @Test func `whole numbers are integers, all else is a number`() throws {
        #expect(
            try Value(json: "[1,1.0,1e2,9223372036854775808,-9223372036854775808]") == [
                1, .number(1), .number(100), .number(9.223372036854775808e18), .integer(.min),
            ])
    }

    @Test func `reads escapes and repairs what is not Unicode`() throws {
        #expect(try Value(json: #""\u0041\ud83d\ude00\/\b""#) == "A😀/\u{8}")
        #expect(try Value(json: #""\ud83dx""#) == "\u{FFFD}x")
        #expect(try Value(json: Array("\"a".utf8) + [0xFF] + Array("\"".utf8)) == "a\u{FFFD}")
    }

    @Test func `the last of equal keys stays, and repetitions are told with their path`() throws {
        let text = #"{"spec":{"replicas":1,"a":[{"b":1,"b":2}],"replicas":2},"spec":{"x":1}}"#
        let result = try Array(text.utf8).withUnsafeBytes { bytes in try JSONParser.parseReportingDuplicates(bytes) }
        #expect(result.value == ["spec": ["x": 1]])
        #expect(result.duplicates == ["spec.a[0].b", "spec.replicas", "spec"])
    }

    @Test func `refuses endless nesting`() {
        #expect(throws: JSONError.self) { try Value(json: String(repeating: "[", count: 1_000_000)) }
    }

    @Test func `keys that look alike but are other bytes are other keys`() throws {
        let value = try Value(json: "{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(value.fields.count == 2)
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(Value("\u{E9}") != Value("e\u{301}"))
    }

    @Test func `canonical form has apiVersion, kind and metadata in front`() throws {
        let value = try Value(json: #"{"a":1,"kind":"K","zmetadata":1,"metadata":{"name":"x"},"apiVersion":"v1"}"#)
        #expect(
            String(decoding: value.canonicalJSON(), as: UTF8.self) == #"{"apiVersion":"v1","kind":"K","metadata":{"name":"x"},"a":1,"zmetadata":1}"#)
    }

    @Test func `reads back whatever it writes`() throws {
        var dice = Dice(seed: 11)
        for _ in 0..<3_000 {
            let value = dice.object(depth: 4)
            #expect(try Value(json: value.json()) == value)
        }
    }
}
