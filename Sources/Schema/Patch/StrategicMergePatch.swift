import ObjectModel

/// A strategic merge patch (`application/strategic-merge-patch+json`): like a JSON merge patch, but lists whose fields declare a merge
/// key are merged element by element, and `$`-directives say what a plain value can't.
public enum StrategicMergePatch {
    /// Applies a patch to an object. The result is not yet checked: decode it as its type, which tells of fields that there aren't.
    public static func apply(_ patch: Value, to original: Value, type: TypeDefinition) throws(APIError) -> Value {
        guard patch.isObject else { throw .badRequest("invalid JSON document") }
        return try mergeObject(original, patch, .object(type))
    }

    // MARK: Objects

    static func mergeObject(_ original: Value, _ patch: Value, _ type: ValueType?) throws(APIError) -> Value {
        if let directive = patch.fields[Directive.patch] { return try replaceOrDelete(directive, patch) }
        var result = original.isObject ? original : [:]
        var patch = patch.fields
        try retainKeys(&result, &patch)
        try setElementOrders(&result, &patch, type)
        for (key, change) in patch {
            if key.hasPrefix(Directive.deleteFromPrimitiveList) {
                try deletePrimitives(try Directive.target(of: key), change, from: &result)
            } else if change.isNull {
                result[key] = nil
            } else {
                result[key] = try mergeMember(result[key], change, field(key, of: type))
            }
        }
        return result
    }

    private static func mergeMember(_ original: Value, _ change: Value, _ field: Field) throws(APIError) -> Value {
        switch (original, change) {
        case (.object, .object): field.patch.replaces ? withoutDirectives(change) : try mergeObject(original, change, field.type)
        case (.array, .array): try mergeList(original.array, change.array, field)
        default: withoutDirectives(change)
        }
    }

    /// `$patch` in an object that isn't an element of a merged list.
    private static func replaceOrDelete(_ directive: Value, _ patch: Value) throws(APIError) -> Value {
        switch directive.string {
        case "replace":
            var result = patch
            result[Directive.patch] = nil
            return result
        case "delete": return [:]
        default: throw unknownDirective(directive, patch)
        }
    }

    /// `$retainKeys` clears what it doesn't list, and must list all that the patch sets.
    private static func retainKeys(_ original: inout Value, _ patch: inout Fields) throws(APIError) {
        guard let list = patch[Directive.retainKeys] else { return }
        patch[Directive.retainKeys] = nil
        guard case .array(let elements) = list else { throw .badRequest("invalid patch format of retainKeys") }
        let retained = elements.compactMap(\.string)
        for (key, value) in patch where !value.isNull && !Directive.isOnList(key) && !retained.contains(key) {
            throw .unprocessable
        }
        var members = original.fields
        members.removeAll { key, _ in !retained.contains(key) }
        original = .object(members)
    }

    // MARK: What a field declares

    struct Field {
        var type: ValueType?
        var patch: FieldDefinition.PatchStrategy
    }

    static func field(_ name: String, of type: ValueType?) -> Field {
        switch type {
        case .object(let type):
            guard let field = type.field(name) else { break }
            return Field(type: field.type, patch: field.patch)
        case .map(let element): return Field(type: element, patch: .init())
        default: break
        }
        return Field(type: nil, patch: .init())
    }

    // MARK: Directives

    enum Directive {
        static let patch = "$patch"
        static let retainKeys = "$retainKeys"
        static let deleteFromPrimitiveList = "$deleteFromPrimitiveList"
        static let setElementOrder = "$setElementOrder"

        static func isOnList(_ key: String) -> Bool { key.hasPrefix(deleteFromPrimitiveList) || key.hasPrefix(setElementOrder) }

        /// `$setElementOrder/containers` → `containers`
        static func target(of key: String) throws(APIError) -> String {
            let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0] == deleteFromPrimitiveList || parts[0] == setElementOrder { return String(parts[1]) }
            throw .badRequest("invalid patch format of \(key.hasPrefix(setElementOrder) ? "setElementOrder list" : "primitive list")")
        }
    }

    /// What stays of a patch's value where there is nothing to merge it with: no directives and no nulls.
    static func withoutDirectives(_ value: Value) -> Value {
        switch value {
        case .object(let members):
            var kept = Fields()
            for (key, member) in members where key != Directive.patch && key != Directive.retainKeys && !Directive.isOnList(key) && !member.isNull {
                kept[key] = withoutDirectives(member)
            }
            return .object(kept)
        case .array(let elements):
            return .array(elements.filter { $0[Directive.patch].isNull }.map(withoutDirectives))
        default: return value
        }
    }

    static func unknownDirective(_ directive: Value, _ patch: Value) -> APIError {
        .internalServerError("unknown patch type: \(GoFormat.string(directive)) in map: \(GoFormat.string(patch))")
    }
}

extension APIError {
    /// 422 as upstream words it where it keeps the reason to itself: a failed `test` of a JSON patch, a path that isn't there.
    public static let unprocessable = APIError(.invalid, "the server rejected our request due to an error in our request", details: .init())

    /// 500 with upstream's plain words: it answers so where a patch breaks a rule that no client is expected to break.
    static func internalServerError(_ message: String) -> APIError { APIError(.unknown, message, code: 500) }
}
