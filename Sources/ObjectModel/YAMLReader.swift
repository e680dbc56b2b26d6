import CYaml

/// Builds values from libyaml's events, bounded in depth, and in what aliases may expand to.
struct YAMLReader {
    private var parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    private var anchors: [String: Anchored] = [:]
    private var duplicates: [YAML.Duplicate] = []
    private var depth = 0
    private var isAtEnd = false

    /// Nodes made so far, and those of them that came from aliases: what bounds a "billion laughs".
    private var nodes = 0
    private var aliased = 0

    private struct Anchored {
        var value: Value

        /// Nodes in the value, itself included.
        var size: Int
    }

    /// One event, copied out of libyaml's memory.
    private enum Event {
        case documentStart
        case streamEnd
        case scalar(text: String, tag: String, isPlain: Bool, anchor: String?, line: Int)
        case sequenceStart(anchor: String?, line: Int)
        case mappingStart(anchor: String?, line: Int)
        case end
        case alias(String, line: Int)
        case other
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAML.Failure) {
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw YAML.Failure("yaml: out of memory")
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    mutating func close() {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next document, or nil at the end.
    mutating func document() throws(YAML.Failure) -> YAML.Document? {
        anchors = [:]
        duplicates = []
        while !isAtEnd {
            switch try next() {
            case .streamEnd: isAtEnd = true
            case .documentStart:
                let value = try node(next()).value
                return YAML.Document(value: value, duplicates: duplicates)
            default: break
            }
        }
        return nil
    }

    // MARK: Nodes

    private mutating func node(_ event: Event) throws(YAML.Failure) -> Anchored {
        try count(1)
        switch event {
        case .scalar(let text, let tag, let isPlain, let anchor, let line):
            let value: Value
            do { value = try YAMLScalar.resolve(text, tag: tag, isPlain: isPlain) } catch { throw Self.failure(error.description, line: line) }
            return remember(Anchored(value: value, size: 1), anchor)
        case .sequenceStart(let anchor, let line): return remember(try sequence(line), anchor)
        case .mappingStart(let anchor, let line): return remember(try mapping(line), anchor)
        case .alias(let name, let line):
            guard let anchored = anchors[name] else { throw Self.failure("unknown anchor '\(name)' referenced", line: line) }
            aliased += anchored.size
            try count(anchored.size)
            return anchored
        default: throw YAML.Failure("yaml: did not find expected node content")
        }
    }

    private mutating func remember(_ anchored: Anchored, _ anchor: String?) -> Anchored {
        if let anchor { anchors[anchor] = anchored }
        return anchored
    }

    private mutating func sequence(_ line: Int) throws(YAML.Failure) -> Anchored {
        try enter(line)
        defer { depth -= 1 }
        var elements: [Value] = []
        var size = 1
        while true {
            let event = try next()
            if case .end = event { return Anchored(value: .array(elements), size: size) }
            let element = try node(event)
            elements.append(element.value)
            size += element.size
        }
    }

    private mutating func mapping(_ line: Int) throws(YAML.Failure) -> Anchored {
        try enter(line)
        defer { depth -= 1 }
        var members: [Fields.Member] = []
        var seen: Set<String> = []
        var merged: [Value] = []
        var size = 1
        while true {
            let event = try next()
            if case .end = event { break }
            if case .scalar("<<", "", true, _, let line) = event {
                let source = try node(next())
                size += source.size
                merged += try Self.mergeSources(source.value, line)
                continue
            }
            let line = Self.line(event)
            let key = try key(event)
            let value = try node(next())
            size += value.size + 1
            if !seen.insert(key).inserted { duplicates.append(YAML.Duplicate(line: line, key: key)) }
            members.append(Fields.Member(key: key, value: value.value))
        }
        // What is written here wins over what is merged in, and earlier sources win over later ones.
        for source in merged {
            for (key, value) in source.fields where seen.insert(key).inserted { members.append(Fields.Member(key: key, value: value)) }
        }
        return Anchored(value: .object(Fields(unsorted: members) { _ in }), size: size)
    }

    private static func mergeSources(_ value: Value, _ line: Int) throws(YAML.Failure) -> [Value] {
        let sources = value.isArray ? value.array : [value]
        guard sources.allSatisfy(\.isObject) else { throw failure("map merge requires map or sequence of maps as the value", line: line) }
        return sources
    }

    /// A key is a string in JSON: scalars of other types become one.
    private mutating func key(_ event: Event) throws(YAML.Failure) -> String {
        let line = Self.line(event)
        switch try node(event).value {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .integer(let integer): return String(integer)
        case .number(let number): return Value.number(number).description
        case .null: throw YAML.Failure("unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>")
        case .array, .object: throw Self.failure("invalid map key", line: line)
        }
    }

    // MARK: Bounds

    /// Nested collections, at most: the same bound as JSON's.
    private mutating func enter(_ line: Int) throws(YAML.Failure) {
        depth += 1
        if depth > JSONParser.depthMax { throw Self.failure("exceeded max depth of \(JSONParser.depthMax)", line: line) }
    }

    /// The rule of go-yaml: up to 400,000 nodes nearly all may come from aliases, from 4,000,000 on a tenth, and in between in proportion.
    private mutating func count(_ more: Int) throws(YAML.Failure) {
        nodes += more
        guard aliased > 100, nodes > 1000 else { return }
        let allowed: Double =
            nodes <= 400_000 ? 0.99 : nodes >= 4_000_000 ? 0.10 : 0.99 - 0.89 * Double(nodes - 400_000) / Double(3_600_000)
        if Double(aliased) / Double(nodes) > allowed { throw YAML.Failure("yaml: document contains excessive aliasing") }
    }

    // MARK: libyaml

    private mutating func next() throws(YAML.Failure) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { yaml_event_delete(&event) }
        let line = Int(event.start_mark.line) + 1
        switch event.type {
        case YAML_NO_EVENT, YAML_STREAM_END_EVENT: return .streamEnd
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return .scalar(
                text: text, tag: Self.text(scalar.tag) ?? "", isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, anchor: Self.text(scalar.anchor),
                line: line)
        case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: Self.text(event.data.sequence_start.anchor), line: line)
        case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: Self.text(event.data.mapping_start.anchor), line: line)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return .end
        case YAML_ALIAS_EVENT: return .alias(Self.text(event.data.alias.anchor) ?? "", line: line)
        default: return .other
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? { pointer.map { String(cString: $0) } }

    private static func line(_ event: Event) -> Int {
        switch event {
        case .scalar(_, _, _, _, let line), .sequenceStart(_, let line), .mappingStart(_, let line), .alias(_, let line): line
        default: 0
        }
    }

    private static func failure(_ problem: String, line: Int) -> YAML.Failure { YAML.Failure("yaml: line \(line): \(problem)") }

    /// libyaml's complaint, told as go-yaml (a port of it) tells it.
    private func problem() -> YAML.Failure {
        let text = parser.pointee.problem.map { String(cString: $0) } ?? "unknown problem parsing YAML content"
        var line = 0
        if parser.pointee.context_mark.line != 0 {
            line = Int(parser.pointee.context_mark.line)
            if parser.pointee.error == YAML_SCANNER_ERROR { line += 1 }
        } else if parser.pointee.problem_mark.line != 0 {
            line = Int(parser.pointee.problem_mark.line)
            if parser.pointee.error == YAML_SCANNER_ERROR { line += 1 }
        }
        return line == 0 ? YAML.Failure("yaml: \(text)") : Self.failure(text, line: line)
    }
}
