import ObjectModel

extension StrategicMergePatch {
    /// A list without `merge` is replaced. One of scalars becomes the union; one of objects is merged by its key.
    static func mergeList(_ original: [Value], _ patch: [Value], _ field: Field) throws(APIError) -> Value {
        guard field.patch.merges else { return withoutDirectives(.array(patch)) }
        guard !(original.isEmpty && patch.isEmpty) else { return .array(original) }
        guard try holdObjects(original + patch) else {
            let merged = unique(original + patch)
            return .array(ordered(merged, by: patch, serverOrder: original, mergeKey: nil))
        }
        guard let key = field.patch.mergeKey else { throw .internalServerError("cannot merge lists without merge key for \(typeName(field))") }
        let (kept, changes) = try applyElementDirectives(original, patch, key)
        let merged = try mergeElements(kept, changes, key, field)
        for element in merged where element[key].isNull { throw missingKey(element, key) }
        return .array(ordered(merged, by: changes, serverOrder: kept, mergeKey: key))
    }

    /// `$patch` in elements: `delete` removes all elements with its key, `replace` in any element makes the patch the whole list.
    private static func applyElementDirectives(
        _ original: [Value], _ patch: [Value], _ key: String
    ) throws(APIError) -> (kept: [Value], changes: [Value]) {
        var original = original
        var changes: [Value] = []
        var replaces = false
        for element in patch {
            guard let directive = element.fields[Directive.patch] else {
                changes.append(element)
                continue
            }
            switch directive.string {
            case "delete":
                guard let value = element.fields[key] else { throw missingKey(element, key) }
                original.removeAll { $0[key] == value }
            case "replace": replaces = true
            case "merge": throw .internalServerError("merging lists cannot yet be specified in the patch")
            default: throw unknownDirective(directive, element)
            }
        }
        return replaces ? (changes.map(withoutDirectives), []) : (original, changes)
    }

    private static func mergeElements(_ original: [Value], _ changes: [Value], _ key: String, _ field: Field) throws(APIError) -> [Value] {
        guard case .list(let element) = field.type else { return original }
        var merged = original
        for change in changes {
            guard let value = change.fields[key] else { throw missingKey(change, key) }
            if let index = merged.firstIndex(where: { $0.fields[key] == value }) {
                merged[index] = try mergeObject(merged[index], change, element)
            } else {
                merged.append(withoutDirectives(change))
            }
        }
        return merged
    }

    /// `$deleteFromPrimitiveList/NAME`
    static func deletePrimitives(_ name: String, _ deleted: Value, from object: inout Value) throws(APIError) {
        guard case .array(let elements) = object[name] else { return }
        guard case .array(let deleted) = deleted else { throw .badRequest("invalid patch format of primitive list") }
        object[name] = .array(elements.filter { !deleted.contains($0) })
    }

    // MARK: Order

    /// `$setElementOrder/NAME` merges the list of that name and puts it in the order given; what only the server has stays about where it was.
    static func setElementOrders(_ original: inout Value, _ patch: inout Fields, _ type: ValueType?) throws(APIError) {
        for (key, order) in patch where key.hasPrefix(Directive.setElementOrder) {
            patch[key] = nil
            guard case .array(let order) = order else { throw .badRequest("invalid patch format of setElementOrder list") }
            let name = try Directive.target(of: key)
            let field = field(name, of: type)
            let changes = try list(patch[name])
            let current = try list(original.fields[name])
            try checkOrder(of: changes ?? [], by: order, mergeKey: field.patch.mergeKey)
            guard current != nil || changes != nil else { continue }
            let merged: [Value] =
                if let current, let changes { try mergeList(current, changes, field).array } else {
                    current ?? withoutDirectives(.array(changes ?? [])).array
                }
            original[name] = .array(ordered(merged, by: order, serverOrder: current ?? [], mergeKey: field.patch.mergeKey))
            patch[name] = nil
        }
    }

    private static func list(_ value: Value?) throws(APIError) -> [Value]? {
        switch value {
        case nil, .null?: nil
        case .array(let elements)?: elements
        default: throw .badRequest("invalid patch format of setElementOrder list")
        }
    }

    /// The patch's elements must come in the order that the directive says, and be among those it lists.
    private static func checkOrder(of changes: [Value], by order: [Value], mergeKey: String?) throws(APIError) {
        guard !changes.isEmpty, !order.isEmpty else { return }
        var rest = order[...]
        for change in changes where change[Directive.patch].isNull {
            guard let index = rest.firstIndex(where: { identity($0, mergeKey) == identity(change, mergeKey) }) else {
                throw .internalServerError(
                    "The order in patch list:\n\(GoFormat.string(.array(changes)))\n doesn't match $setElementOrder list:\n\(GoFormat.string(.array(order)))\n"
                )
            }
            rest = rest[(index + 1)...]
        }
    }

    /// Elements that the order names follow it; the others keep the server's. Both orders hold; where they leave a choice,
    /// an element that only the server has goes before one that stood behind it.
    private static func ordered(_ merged: [Value], by order: [Value], serverOrder: [Value], mergeKey: String?) -> [Value] {
        func place(_ element: Value, in list: [Value]) -> Int? { list.firstIndex { identity($0, mergeKey) == identity(element, mergeKey) } }
        func sorted(_ elements: [Value], by list: [Value]) -> [Value] {
            let places = elements.enumerated().map { (place: place($1, in: list) ?? -1, index: $0, element: $1) }
            return places.sorted { ($0.place, $0.index) < ($1.place, $1.index) }.map(\.element)
        }
        var named = sorted(merged.filter { place($0, in: order) != nil }, by: order)[...]
        var serverOnly = sorted(merged.filter { place($0, in: order) == nil }, by: serverOrder)[...]
        var result: [Value] = []
        while let left = serverOnly.first, let right = named.first {
            if let leftPlace = place(left, in: serverOrder), let rightPlace = place(right, in: serverOrder), leftPlace < rightPlace {
                result.append(serverOnly.removeFirst())
            } else {
                result.append(named.removeFirst())
            }
        }
        return result + serverOnly + named
    }

    private static func identity(_ element: Value, _ mergeKey: String?) -> Value { mergeKey.map { element[$0] } ?? element }

    // MARK: Elements

    /// Whether the elements are objects. They are all of one type, and not lists.
    private static func holdObjects(_ elements: [Value]) throws(APIError) -> Bool {
        if elements.contains(where: \.isArray) { throw .unprocessable }
        let objects = elements.count(where: \.isObject)
        guard objects == 0 || objects == elements.count else {
            throw .internalServerError("list element types are not identical: \(GoFormat.string(.array(elements)))")
        }
        return objects > 0
    }

    private static func unique(_ elements: [Value]) -> [Value] {
        var seen: Set<Value> = []
        return elements.filter { seen.insert($0).inserted }
    }

    private static func missingKey(_ element: Value, _ key: String) -> APIError {
        .internalServerError("map: \(GoFormat.string(element)) does not contain declared merge key: \(key)")
    }

    private static func typeName(_ field: Field) -> String { field.type?.objectType?.shortName ?? "" }
}
