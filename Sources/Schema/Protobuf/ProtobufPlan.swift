import ObjectModel

/// How JSON of a type becomes its message, laid out flat: what a transcoder looks up for each field it meets, without counting a reference. Types are laid out
/// when they are first met.
///
/// A plan learns: it notes which field followed which, and how many bytes a message's length took, and guesses the same the next time. A wrong guess costs
/// time, nothing else.
struct ProtobufPlan: Sendable {
    struct Field: Sendable {
        var kind = Kind.skipped

        /// Zeros are the same as absent.
        var dropsZero = false

        /// How many bytes the message's length took.
        var width: UInt8 = 1
        var number: Int32 = 0

        /// Of a message, its index; else the place of what is within: a list's element, a map's value.
        var content: Int32 = 0

        /// The place of the field that followed.
        var follower: Int32 = 0

        /// Where `"name":` stands in `labels`.
        var labelStart: Int32 = 0
        var labelCount: Int32 = 0
    }

    enum Kind: UInt8, Sendable {
        /// Not written.
        case skipped
        case string, bool, integer, quantity, intOrString, time, list, map, message

        /// A message whose fields are the type's own: what Go embeds.
        case embedded

        /// JSON as it stands.
        case raw

        /// Written from a tree.
        case tree
    }

    private(set) var fields: [Field] = []
    private var labels: [UInt8] = []

    /// Those of `fields`.
    private var types: [ValueType] = []
    private var messages: [(type: TypeDefinition, places: Range<Int>)] = []
    private var indexes: [ObjectIdentifier: Int32] = [:]

    /// Of a type, which is message 0.
    init(_ type: TypeDefinition) { _ = index(of: type) }

    // MARK: Looking up

    /// Where a message's fields are, by their names. The first is none, but has the message's first field as its follower.
    @inline(__always) mutating func places(of message: Int) -> Range<Int> {
        let places = messages[message].places
        return places.isEmpty ? layOut(message) : places
    }

    /// Passes over the key of a field, and the colon, if they come next.
    @inline(__always) func skip(_ place: Int, _ text: inout JSONCursor) -> Bool {
        let field = fields[place]
        return labels.withUnsafeBytes { labels in
            text.skip(UnsafeRawBufferPointer(rebasing: labels[Int(field.labelStart)..<Int(field.labelStart + field.labelCount)]))
        }
    }

    /// The same for any of these fields. Looks behind `last` first, for keys come in the order of the names.
    func skip(oneOf places: Range<Int>, after last: Int, _ text: inout JSONCursor) -> Int? {
        for place in last + 1..<places.upperBound where skip(place, &text) { return place }
        for place in places.lowerBound..<last + 1 where skip(place, &text) { return place }
        return nil
    }

    func type(_ place: Int) -> ValueType { types[place] }

    // MARK: Learning

    @inline(__always) mutating func note(follower: Int, of place: Int) { fields[place].follower = Int32(follower) }

    @inline(__always) mutating func note(width: Int, of place: Int) {
        if fields[place].width != width { fields[place].width = UInt8(width) }
    }

    // MARK: Laying out

    private mutating func index(of type: TypeDefinition) -> Int32 {
        if let index = indexes[ObjectIdentifier(type)] { return index }
        let index = Int32(messages.count)
        messages.append((type, 0..<0))
        indexes[ObjectIdentifier(type)] = index
        return index
    }

    private mutating func layOut(_ message: Int) -> Range<Int> {
        let definitions = messages[message].type.content.fields
        let places = fields.count..<fields.count + definitions.count + 1
        for name in [""] + definitions.map(\.name) {
            let label = Array("\"\(name)\":".utf8)
            let follower = min(fields.count + 1, places.upperBound - 1)
            fields.append(Field(follower: Int32(follower), labelStart: Int32(labels.count), labelCount: Int32(label.count)))
            labels += label
            types.append(.any)
        }
        for (place, field) in zip(places.dropFirst(), definitions) where !field.protobufPath.isEmpty {
            fields[place].dropsZero = field.presence != .pointer && field.type.dropsZero
            layOut(field.type, field.protobufPath[...], at: place)
        }
        messages[message].places = places
        return places
    }

    /// A value that is written under the last number of a path, in messages within each other under those before.
    private mutating func layOut(_ type: ValueType, _ path: ArraySlice<Int>, at place: Int) {
        types[place] = type
        fields[place].number = Int32(path.first ?? 0)
        let laid = path.count > 1 ? (.embedded, within(type, path.dropFirst())) : kind(type, path)
        fields[place].kind = laid.kind
        fields[place].content = laid.content
    }

    private mutating func kind(_ type: ValueType, _ path: ArraySlice<Int>) -> (kind: Kind, content: Int32) {
        switch type {
        case .string: (.string, 0)
        case .bool: (.bool, 0)
        case .int32, .int64: (.integer, 0)
        case .quantity: (.quantity, 0)
        case .intOrString: (.intOrString, 0)
        case .time: (.time, 0)
        case .any, .embeddedObject, .fieldSet: (.raw, 0)
        case .object(let type): (.message, index(of: type))
        case .list(let element): (.list, within(element, path))
        // A list in a map, as `extra` of a user has them, is a message of its own.
        case .map(let value): (.map, within(value, value.isList ? [2, 1] : [2]))
        default: (.tree, 0)
        }
    }

    /// The place of a value that has no name.
    private mutating func within(_ type: ValueType, _ path: ArraySlice<Int>) -> Int32 {
        let place = fields.count
        fields.append(Field())
        types.append(type)
        layOut(type, path, at: place)
        return Int32(place)
    }
}
