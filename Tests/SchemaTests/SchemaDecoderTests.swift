import ObjectModel
import Schema
import Testing

@Suite struct SchemaDecoderTests {
    static let text = """
        group example.org v1
        package org.example.v1

        type Thing kind
          apiVersion string
          kind string
          spec ThingSpec

        type ThingSpec
          count int32?
          data bytes
          enabled bool
          labels {string}
          name string
          parts [Part]
          port intorstring?
          ratio double
          size quantity?
          tags [string]
          time time
          when microtime?

        type Part
          inner {Part}
          name string required always
        """

    let registry = SchemaRegistry(files: [Array(text.utf8)])

    func decode(_ spec: Value) throws -> (Value, [String]) {
        let type = try #require(registry.type(named: "org.example.v1.Thing"))
        var thing: Value = ["apiVersion": "example.org/v1", "kind": "Thing", "spec": spec]
        let unknown = try SchemaDecoder.decode(&thing, as: type)
        return (thing.spec, unknown)
    }

    @Test func `unknown fields are dropped and named with their paths`() throws {
        let (spec, unknown) = try decode(["nope": 1, "name": "a", "parts": [["name": "x"], ["name": "y", "b": 1, "inner": ["k": ["c": 2]]]]])
        #expect(unknown == ["spec.nope", "spec.parts[1].b", "spec.parts[1].inner.k.c"])
        #expect(spec == ["name": "a", "parts": [["name": "x"], ["name": "y", "inner": ["k": [:]]]]])
    }

    @Test func `keys are case-sensitive`() throws {
        let (spec, unknown) = try decode(["Name": "a"])
        #expect(spec == [:])
        #expect(unknown == ["spec.Name"])
    }

    @Test func `zeros go unless the field tells them from absence`() throws {
        let (spec, _) = try decode(["count": 0, "name": "", "enabled": false, "tags": [], "labels": [:], "parts": []])
        #expect(spec == ["count": 0])
    }

    @Test func `null is absence in objects and zero in lists and maps`() throws {
        let spec: Value = .object(["count": .null, "tags": [.null, "a"], "labels": .object(["a": .null]), "parts": .array([.null])])
        #expect(try decode(spec).0 == ["tags": ["", "a"], "labels": ["a": ""], "parts": [[:]]])
    }

    @Test func `times become UTC with the digits that the type has`() throws {
        let (spec, _) = try decode(["time": "2026-01-02T05:04:05.678+02:00", "when": "2026-01-02T03:04:05Z"])
        #expect(spec == ["time": "2026-01-02T03:04:05Z", "when": "2026-01-02T03:04:05.000000Z"])
    }

    @Test(
        arguments: [
            (["count": "3"], "json: cannot unmarshal string into Go struct field ThingSpec.spec.count of type int32"),
            (["count": 3_000_000_000], "json: cannot unmarshal number 3000000000 into Go struct field ThingSpec.spec.count of type int32"),
            (["count": 1.5], "json: cannot unmarshal number 1.5 into Go struct field ThingSpec.spec.count of type int32"),
            (["name": 3], "json: cannot unmarshal number into Go struct field ThingSpec.spec.name of type string"),
            (["labels": ["a": true]], "json: cannot unmarshal bool into Go struct field ThingSpec.spec.labels of type string"),
            (["labels": []], "json: cannot unmarshal array into Go struct field ThingSpec.spec.labels of type map[string]string"),
            (["parts": [:]], "json: cannot unmarshal object into Go struct field ThingSpec.spec.parts of type []v1.Part"),
            (["parts": [["name": 1]]], "json: cannot unmarshal number into Go struct field Part.spec.parts.name of type string"),
            (["parts": ["x"]], "json: cannot unmarshal string into Go struct field ThingSpec.spec.parts of type v1.Part"),
            (["data": "abc"], "illegal base64 data at input byte 3"),
            (["data": "a%cd"], "illegal base64 data at input byte 1"),
            (["time": "yesterday"], #"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#),
            (["size": true], "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        ] as [(Value, String)]) func `a value of the wrong type is told as Go's decoder tells it`(_ spec: Value, _ message: String) throws
    {
        let error = #expect(throws: DecodingError.self) { try decode(spec) }
        #expect(error?.description == message)
    }

    @Test func `the answer to a wrong type names the kind`() {
        let error = DecodingError(message: "oops").badRequest(object: ["apiVersion": "apps/v1", "kind": "Deployment"], kind: "Deployment")
        #expect(error.message == #"Deployment in version "v1" cannot be handled as a Deployment: oops"#)
        #expect(error.code == 400)
        let strict = DecodingError.strict(
            [#"unknown field "a""#, #"duplicate field "b""#], object: ["apiVersion": "v1", "kind": "Pod"], kind: "Pod")
        #expect(strict.message == #"Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "a", duplicate field "b""#)
    }
}
