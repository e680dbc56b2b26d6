/// A list of operations on an object (RFC 6902).
///
/// Behaves, and complains, as the library that upstream uses (evanphx/json-patch 4): negative indices count from the end, `add` and `replace`
/// of the root differ, an operation without a value writes `null`.
public struct JSONPatch: Sendable {
    public let operations: [Operation]

    public struct Operation: Sendable {
        public let kind: String

        /// Nil where the operation has none.
        public let path: String?
        public let from: String?
        public let value: Value
    }

    /// Why a patch could not be read or applied.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String

        /// True where a `test` operation failed.
        public let isTestFailure: Bool

        init(_ description: String, isTestFailure: Bool = false) {
            self.description = description
            self.isTestFailure = isTestFailure
        }
    }

    public init(_ patch: Value) throws(Failure) {
        guard case .array(let elements) = patch else {
            throw Failure("json: cannot unmarshal \(Self.goName(patch)) into Go value of type jsonpatch.Patch")
        }
        var operations: [Operation] = []
        for element in elements {
            guard element.isObject else { throw Failure("json: cannot unmarshal \(Self.goName(element)) into Go value of type jsonpatch.Operation") }
            operations.append(
                Operation(
                    kind: element["op"].string ?? "unknown", path: element["path"].string, from: element["from"].string, value: element["value"]))
        }
        self.operations = operations
    }

    private static func goName(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// The object after all operations, or the first failure.
    public func applied(to document: Value) throws(Failure) -> Value {
        var document = document
        for operation in operations { try operation.apply(to: &document) }
        return document
    }
}

extension JSONPatch.Operation {
    fileprivate typealias Failure = JSONPatch.Failure

    fileprivate func apply(to document: inout Value) throws(Failure) {
        switch kind {
        case "add": try add(to: &document)
        case "remove": try remove(from: &document)
        case "replace": try replace(in: &document)
        case "move": try move(in: &document)
        case "copy": try copy(in: &document)
        case "test": try test(document)
        default: throw Failure("Unexpected kind: \(kind)")
        }
    }

    private func add(to document: inout Value) throws(Failure) {
        guard let path else { throw Failure("add operation failed to decode path: missing value") }
        guard let place = Place(path, in: document) else {
            throw Failure("add operation does not apply: doc is missing path: \"\(path)\": missing value")
        }
        do { try place.add(value, to: &document) } catch { throw Failure("error in add for path: '\(path)': \(error)") }
    }

    private func remove(from document: inout Value) throws(Failure) {
        guard let path else { throw Failure("remove operation failed to decode path: missing value") }
        guard let place = Place(path, in: document) else {
            throw Failure("remove operation does not apply: doc is missing path: \"\(path)\": missing value")
        }
        do { try place.remove(from: &document) } catch { throw Failure("error in remove for path: '\(path)': \(error)") }
    }

    private func replace(in document: inout Value) throws(Failure) {
        guard let path else { throw Failure("replace operation failed to decode path: missing value") }
        if path.isEmpty {
            guard value.isObject || value.isArray else { throw Failure("replace operation value must be object or array") }
            document = value
            return
        }
        guard let place = Place(path, in: document) else {
            throw Failure("replace operation does not apply: doc is missing path: \(path): missing value")
        }
        do { _ = try place.get(document) } catch { throw Failure("replace operation does not apply: doc is missing key: \(path): missing value") }
        do { try place.set(value, in: &document) } catch { throw Failure("error in remove for path: '\(path)': \(error)") }
    }

    private func move(in document: inout Value) throws(Failure) {
        guard let from else { throw Failure("move operation failed to decode from: operation, missing from field: missing value") }
        guard let source = Place(from, in: document) else {
            throw Failure("move operation does not apply: doc is missing from path: \(from): missing value")
        }
        let moved: Value
        do {
            moved = try source.get(document)
            try source.remove(from: &document)
        } catch { throw Failure("error in move for path: '\(source.key)': \(error)") }
        guard let path else { throw Failure("move operation failed to decode path: operation, missing path field: missing value") }
        guard let target = Place(path, in: document) else {
            throw Failure("move operation does not apply: doc is missing destination path: \(path): missing value")
        }
        do { try target.add(moved, to: &document) } catch { throw Failure("error in move for path: '\(path)': \(error)") }
    }

    private func copy(in document: inout Value) throws(Failure) {
        guard let from else { throw Failure("copy operation failed to decode from: operation, missing from field: missing value") }
        guard let source = Place(from, in: document) else {
            throw Failure("copy operation does not apply: doc is missing from path: \(from): missing value")
        }
        let copied: Value
        do { copied = try source.get(document) } catch { throw Failure("error in copy for from: '\(from)': \(error)") }
        guard let path else { throw Failure("copy operation failed to decode path: missing value") }
        guard let target = Place(path, in: document) else {
            throw Failure("copy operation does not apply: doc is missing destination path: \(path): missing value")
        }
        do { try target.add(copied, to: &document) } catch { throw Failure("error while adding value during copy: \(error)") }
    }

    private func test(_ document: Value) throws(Failure) {
        guard let path else { throw Failure("test operation failed to decode path: missing value") }
        var found = document
        if !path.isEmpty {
            guard let place = Place(path, in: document) else {
                throw Failure("test operation does not apply: is missing path: \(path): missing value")
            }
            do {
                found = try place.get(document)
            } catch {
                // A member that is not there equals `null`.
                guard error.isMissing else { throw Failure("error in test for path: '\(path)': \(error)") }
                found = .null
            }
        }
        guard found == value else { throw Failure("testing value \(path) failed: test failed", isTestFailure: true) }
    }
}

/// Where an operation works: a container that exists, and a key in it that may not.
private struct Place {
    let parent: [String]
    let key: String

    struct Problem: Error, CustomStringConvertible {
        let description: String
        var isMissing = false
    }

    /// Nil where the container is missing, or is neither object nor array.
    init?(_ path: String, in document: Value) {
        // Upstream's patches overlook what comes before the first slash, but not that there is none.
        guard path.utf8.contains(UInt8(ascii: "/")), let pointer = JSONPointer(String(path.drop { $0 != "/" })), let last = pointer.tokens.last else {
            return nil
        }
        parent = pointer.tokens.dropLast()
        key = last
        var container = document
        for token in parent {
            switch container {
            case .object(let fields): container = fields[token] ?? .null
            case .array(let elements):
                guard let index = try? Self.index(token, elements.count) else { return nil }
                container = elements[index]
            default: return nil
            }
        }
        guard container.isObject || container.isArray else { return nil }
    }

    func get(_ document: Value) throws(Problem) -> Value {
        var container = document
        for token in parent { container = Self.child(token, container) }
        if case .array(let elements) = container { return elements[try Self.index(key, elements.count)] }
        guard let member = container.fields[key] else {
            throw Problem(description: "unable to get nonexistent key: \(key): missing value", isMissing: true)
        }
        return member
    }

    func set(_ value: Value, in document: inout Value) throws(Problem) {
        try change(&document) { (container: inout Value) throws(Problem) in
            if case .array(var elements) = container {
                elements[try Self.index(key, elements.count)] = value
                container = .array(elements)
            } else {
                Self.put(value, key, into: &container)
            }
        }
    }

    func add(_ value: Value, to document: inout Value) throws(Problem) {
        try change(&document) { (container: inout Value) throws(Problem) in
            guard case .array(var elements) = container else { return Self.put(value, key, into: &container) }
            if key == "-" {
                elements.append(value)
            } else {
                guard let index = Int(key) else {
                    throw Problem(description: "value was not a proper array index: '\(key)': strconv.Atoi: parsing \(quoted(key)): invalid syntax")
                }
                guard index <= elements.count, index >= -elements.count else { throw Self.outside(index) }
                elements.insert(value, at: index < 0 ? index + elements.count : index)
            }
            container = .array(elements)
        }
    }

    func remove(from document: inout Value) throws(Problem) {
        try change(&document) { (container: inout Value) throws(Problem) in
            if case .array(var elements) = container {
                elements.remove(at: try Self.index(key, elements.count))
                container = .array(elements)
                return
            }
            guard case .object(var fields) = container, fields.contains(key) else {
                throw Problem(description: "Unable to remove nonexistent key: \(key): missing value", isMissing: true)
            }
            fields[key] = nil
            container = .object(fields)
        }
    }

    // MARK: Parts

    private func change(_ document: inout Value, _ body: (inout Value) throws(Problem) -> Void) throws(Problem) {
        try Self.descend(&document, parent[...], body)
    }

    private static func descend(_ value: inout Value, _ path: ArraySlice<String>, _ body: (inout Value) throws(Problem) -> Void) throws(Problem) {
        guard let token = path.first else { return try body(&value) }
        var child = child(token, value)
        try descend(&child, path.dropFirst(), body)
        if case .array(var elements) = value {
            elements[try index(token, elements.count)] = child
            value = .array(elements)
        } else {
            put(child, token, into: &value)
        }
    }

    private static func child(_ token: String, _ container: Value) -> Value {
        if case .array(let elements) = container { return (try? index(token, elements.count)).map { elements[$0] } ?? .null }
        return container.fields[token] ?? .null
    }

    /// Keeps a `null`, which assignment through `Value` would take for a removal.
    private static func put(_ value: Value, _ key: String, into container: inout Value) {
        var fields = container.fields
        fields[key] = value
        container = .object(fields)
    }

    private static func index(_ token: String, _ count: Int) throws(Problem) -> Int {
        guard let index = Int(token) else { throw Problem(description: "strconv.Atoi: parsing \(quoted(token)): invalid syntax") }
        guard index < count, index >= -count else { throw outside(index) }
        return index < 0 ? index + count : index
    }

    private static func outside(_ index: Int) -> Problem {
        Problem(description: "Unable to access invalid index: \(index): invalid index referenced")
    }
}
