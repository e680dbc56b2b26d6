import ObjectModel

/// Reads a `type` block. The files ship inside of the program and are covered by tests, so a mistake in one is a programmer's error.
enum TypeParser {
    static func parse(_ lines: inout SchemaLines, in file: SchemaFile, _ registry: SchemaRegistry) -> TypeContent {
        var fields: [PendingField] = []
        var defaults: [DefaultRule] = []
        var rules: [DefaultingRule] = []
        var modifiers: [String] = []
        var summary: [String] = []
        while let line = lines.next() {
            if let prose = line.prose {
                if fields.isEmpty { summary.append(prose) } else { fields[fields.count - 1].summary.append(prose) }
                continue
            }
            switch line.words.first {
            case "type" where line.indentation == 0: modifiers = Array(line.words.dropFirst(2))
            case "default" where line.words.count == 2 && line.assigned != nil:
                let (value, condition) = assignment(line.assigned ?? "", in: file)
                defaults.append(DefaultRule(path: path(line.word(1)), value: value, condition: condition))
            case "rule" where line.words.count == 2: rules.append(registry.rule(named: line.word(1)))
            default: fields.append(PendingField(line: line))
            }
        }
        return TypeContent(
            fields: fields.map { field($0, in: file, registry) }, defaults: defaults, rules: rules, isAtomic: modifiers.contains("atomic"),
            kindScope: modifiers.contains("everywhere") ? .everyGroupVersion : modifiers.contains("kind") ? .groupVersion : .none,
            summary: summary.isEmpty ? nil : summary.joined(separator: " "))
    }

    private struct PendingField {
        var line: SchemaLines.Line
        var summary: [String] = []
    }

    /// `replicas int32? 1 required map(name) merge(name) = 1 when …`
    private static func field(_ pending: PendingField, in file: SchemaFile, _ registry: SchemaRegistry) -> FieldDefinition {
        let line = pending.line
        var typeWord = line.word(1)
        let isPointer = typeWord.hasSuffix("?")
        if isPointer { typeWord.removeLast() }
        let type = valueType(typeWord, in: file, registry)
        var presence: FieldDefinition.Presence = isPointer ? .pointer : .plain
        var isRequired = false
        var isPublished = false
        var isAtomic = false
        var listType: FieldDefinition.ListType?
        var patch = FieldDefinition.PatchStrategy()
        var numbers: [Int] = []
        var enumeration: [String] = []
        for word in line.words.dropFirst(2) {
            let (name, arguments) = call(word)
            switch name {
            case "required": isRequired = true
            case "always": presence = .always
            case "published": isPublished = true
            case "atomic": if type.isList || type.isBytes { listType = .atomic } else { isAtomic = true }
            case "granular": break
            case "set": listType = .set
            case "map": listType = .map(keys: arguments)
            case "enum": enumeration = arguments
            case "merge":
                patch.merges = true
                patch.mergeKey = arguments.first
            case "merge,retainKeys":
                patch.merges = true
                patch.retainsKeys = true
                patch.mergeKey = arguments.first
            case "retainKeys": patch.retainsKeys = true
            case "replace": patch.replaces = true
            default:
                numbers = name.split(separator: ".").compactMap { Int($0) }
                precondition(!numbers.isEmpty, "schema file \(file.package): a field can't be \(word)")
            }
        }
        let assigned = line.assigned.map { assignment($0, in: file) }
        return FieldDefinition(
            name: line.word(0), type: type, isRequired: isRequired, presence: presence, defaultValue: assigned?.value,
            defaultCondition: assigned?.condition, isDefaultPublished: isPublished, listType: listType, isAtomic: isAtomic, patch: patch,
            protobufPath: numbers, enumeration: enumeration, summary: pending.summary.isEmpty ? nil : pending.summary.joined(separator: " "))
    }

    /// `merge(name)` → `merge`, `[name]`
    private static func call(_ word: String) -> (name: String, arguments: [String]) {
        guard word.hasSuffix(")"), let open = word.firstIndex(of: "(") else { return (word, []) }
        let inside = word[word.index(after: open)...].dropLast()
        return (String(word[..<open]), inside.split(separator: ",").map(String.init))
    }

    private static func valueType(_ word: String, in file: SchemaFile, _ registry: SchemaRegistry) -> ValueType {
        if word.hasPrefix("[") { return .list(valueType(String(word.dropFirst().dropLast()), in: file, registry)) }
        if word.hasPrefix("{") { return .map(valueType(String(word.dropFirst().dropLast()), in: file, registry)) }
        switch word {
        case "string": return .string
        case "bool": return .bool
        case "int32": return .int32
        case "int64": return .int64
        case "double": return .double
        case "bytes": return .bytes
        case "quantity": return .quantity
        case "intorstring": return .intOrString
        case "time": return .time
        case "microtime": return .microTime
        case "json": return .any
        case "raw": return .embeddedObject
        case "fieldsv1": return .fieldSet
        case "schemaorarray": return .schemaOrArray(named("JSONSchemaProps", in: file, registry))
        case "schemaorbool": return .schemaOrBool(named("JSONSchemaProps", in: file, registry))
        case "schemaorstrings": return .schemaOrStrings(named("JSONSchemaProps", in: file, registry))
        default: return .object(named(word, in: file, registry))
        }
    }

    /// `PodSpec` in the file's own package, or `core.PodSpec` in one that the file uses.
    private static func named(_ word: String, in file: SchemaFile, _ registry: SchemaRegistry) -> TypeDefinition {
        let parts = word.split(separator: ".", maxSplits: 1).map(String.init)
        let name = parts.count == 2 ? "\(file.aliases[parts[0]] ?? parts[0]).\(parts[1])" : "\(file.package).\(word)"
        guard let type = registry.type(named: name) else { preconditionFailure("schema file \(file.package): there is no type \(name)") }
        return type
    }

    /// `"Cluster" when type=NodePort|LoadBalancer`
    private static func assignment(_ text: String, in file: SchemaFile) -> (value: Value, condition: FieldCondition?) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let when = words.lastIndex(of: "when")
        let json = words[..<(when ?? words.endIndex)].joined(separator: " ")
        guard let value = try? Value(json: json) else { preconditionFailure("schema file \(file.package): \(json) is not JSON") }
        return (value, when.map { condition(words[($0 + 1)...].joined(separator: " ")) })
    }

    private static func condition(_ text: String) -> FieldCondition {
        if text.hasPrefix("!") { return .absent(path(String(text.dropFirst()))) }
        let sides = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard sides.count == 2 else { return .present(path(text)) }
        return .equals(path(sides[0]), anyOf: sides[1].split(separator: "|").map(String.init))
    }

    private static func path(_ text: String) -> [String] { text.split(separator: ".").map(String.init) }
}
