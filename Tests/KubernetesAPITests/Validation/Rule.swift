import KubernetesAPI
import ObjectModel
import Schema
import Testing

/// One change of an object that is right, and all that is wrong then.
struct Rule: Sendable, CustomTestStringConvertible {
    let patch: String
    let problems: [String]

    /// `patch` is a JSON merge patch; each problem reads `path: message`.
    init(_ patch: String, _ problems: String...) {
        self.patch = patch
        self.problems = problems
    }

    init(_ patch: String, list problems: [String]) {
        self.patch = patch
        self.problems = problems
    }

    /// The same where the patch is one of the spec.
    var inSpec: Rule { Rule(#"{"spec":\#(patch)}"#, list: problems) }

    var testDescription: String { patch }

    /// What validation says of an object as it is after decoding and defaults.
    static func problems(_ object: Value, old: Value? = nil, subresource: String = "") throws -> [String] {
        let parts = object.apiVersion.split(separator: "/").map(String.init)
        let (group, version) = parts.count == 2 ? (parts[0], parts[1]) : ("", object.apiVersion)
        let definition = try #require(Catalog.builtIn.kind(group: group, version: version, kind: object.kind))
        return try KindValidation.validate(completed(object), old: old.map(completed), definition: definition, subresource: subresource)
            .map { "\($0.path): \($0.message)" }
    }

    private static func completed(_ object: Value) throws -> Value { try Golden.completed(object) }

    /// Checks a creation of `base` with the patch.
    func check(_ base: Value) throws {
        #expect(try Self.problems(base.applying(mergePatch: Value(json: patch))) == problems)
    }

    /// Checks an update of `base` by the patch.
    func check(updating base: Value, subresource: String = "") throws {
        #expect(try Self.problems(base.applying(mergePatch: Value(json: patch)), old: base, subresource: subresource) == problems)
    }
}
