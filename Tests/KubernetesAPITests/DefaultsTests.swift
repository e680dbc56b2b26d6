import FoundationEssentials
import KubernetesAPI
import ObjectModel
import Schema
import Testing

@Suite struct DefaultsTests {
    struct Example: Sendable, CustomTestStringConvertible {
        var given: Value
        var expected: Value

        var testDescription: String { "\(given.apiVersion) \(given.kind)" }
    }

    static let examples: [Example] = {
        var examples: [Example] = []
        var given: Value = nil
        for line in Golden.lines("defaults.txt") {
            if line.hasPrefix("given "), let value = try? Value(json: String(line.dropFirst(9))) { given = value }
            if line.hasPrefix("becomes "), let value = try? Value(json: String(line.dropFirst(9))) {
                examples.append(Example(given: given, expected: value))
            }
        }
        return examples
    }()

    @Test func `there are examples`() { #expect(Self.examples.count == 64) }

    @Test(arguments: examples) func `an object becomes what upstream makes of it`(_ example: Example) throws {
        let object = try Golden.completed(example.given)
        #expect(object == example.expected, "\(Golden.difference(object, example.expected))")
    }

    @Test(arguments: examples) func `completing twice changes nothing`(_ example: Example) throws {
        let object = try Golden.completed(example.given)
        #expect(try Golden.completed(object) == object)
    }
}

enum Golden {
    static func lines(_ name: String) -> [Substring] {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        guard let data = FileManager.default.contents(atPath: "\(folder)/Golden/\(name)") else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true)
    }

    static func type(of object: Value) throws -> TypeDefinition {
        let parts = object.apiVersion.split(separator: "/").map(String.init)
        let group = parts.count == 2 ? parts[0] : ""
        return try #require(Catalog.builtIn.type(group: group, version: parts.last ?? "", kind: object.kind))
    }

    /// Decoded and defaulted, with nothing for strict validation to object to.
    static func completed(_ object: Value) throws -> Value {
        var object = object
        let type = try type(of: object)
        let unknown = try SchemaDecoder.decode(&object, as: type)
        #expect(unknown.isEmpty)
        Defaulter.apply(to: &object, type: type)
        return object
    }

    /// The paths at which two values differ.
    static func difference(_ left: Value, _ right: Value, at path: String = "") -> [String] {
        switch (left, right) {
        case (.object(let leftFields), .object(let rightFields)):
            Set(leftFields.keys).union(rightFields.keys).sorted().flatMap { key -> [String] in
                guard let one = leftFields[key] else { return ["\(path).\(key) missing: \(right[key])"] }
                guard let other = rightFields[key] else { return ["\(path).\(key) too much: \(one)"] }
                return difference(one, other, at: "\(path).\(key)")
            }
        case (.array(let leftElements), .array(let rightElements)) where leftElements.count == rightElements.count:
            zip(leftElements, rightElements).enumerated().flatMap { difference($1.0, $1.1, at: "\(path)[\($0)]") }
        default: left == right ? [] : ["\(path): \(left) is not \(right)"]
        }
    }
}
