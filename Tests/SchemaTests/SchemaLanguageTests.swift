import ObjectModel
import Schema
import Testing

@Suite struct SchemaLanguageTests {
    static let text = """
        group example.org v1
        package org.example.v1
        proto org.example.v1

        kind Thing
          resource things thing cluster
          verbs get list
          column "Big One" string wide

        # A comment.
        type Thing kind
          > What it is.
          rule polish
          default spec.size = 3 when spec.shape=round|square
          apiVersion string
          spec ThingSpec 2
            > How it
            > should be.

        type ThingSpec atomic
          parts [Thing]? 1.4 required map(name,port) merge(name) = [{"a": "b c"}]
          size int32? 2 published = 5 when !parts
        """

    let registry = SchemaRegistry(files: [Array(text.utf8)], rules: [DefaultingRule("polish") { _ in }])

    @Test func `a kind block declares the resource`() throws {
        let kind = try #require(registry.kinds().first)
        #expect(kind.group == "example.org" && kind.version == "v1" && kind.kind == "Thing" && kind.typeName == "org.example.v1.Thing")
        #expect(kind.plural == "things" && kind.singular == "thing" && !kind.isNamespaced && kind.verbs == ["get", "list"])
        #expect(kind.columns == [KindDefinition.Column(name: "Big One", type: "string", priority: 1)])
    }

    @Test func `a type block declares fields, defaults and rules`() throws {
        let thing = try #require(registry.type(named: "org.example.v1.Thing"))
        #expect(thing.content.summary == "What it is.")
        #expect(thing.content.rules.map(\.name) == ["polish"])
        let rule = try #require(thing.content.defaults.first)
        #expect(rule.path == ["spec", "size"] && rule.value == 3 && rule.condition == .equals(["spec", "shape"], anyOf: ["round", "square"]))
        #expect(thing.field("spec")?.summary == "How it should be.")

        let spec = try #require(thing.field("spec")?.type.objectType)
        #expect(spec.content.isAtomic)
        let parts = try #require(spec.field("parts"))
        #expect(parts.isRequired && parts.presence == .pointer && parts.protobufPath == [1, 4])
        #expect(parts.listType == .map(keys: ["name", "port"]) && parts.patch.mergeKey == "name" && parts.patch.merges)
        #expect(parts.defaultValue == [["a": "b c"]])
        #expect(parts.type.objectType === thing)
        #expect(spec.field("size")?.defaultCondition == .absent(["parts"]))
        #expect(spec.field("size")?.isDefaultPublished == true)
    }

    @Test func `conditions look at siblings`() {
        let object: Value = ["type": "NodePort", "at": ["port": 1]]
        #expect(FieldCondition.equals(["type"], anyOf: ["NodePort", "LoadBalancer"]).holds(in: object))
        #expect(!FieldCondition.equals(["type"], anyOf: ["ClusterIP"]).holds(in: object))
        #expect(FieldCondition.present(["at", "port"]).holds(in: object))
        #expect(FieldCondition.absent(["at", "host"]).holds(in: object))
    }
}
