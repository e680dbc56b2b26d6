/// Objects as those hold them who keep copies of whole collections: without managed fields, and with the parts that recur held once for all.
extension JSONParser {
    /// Reads an object without `metadata.managedFields`, which is a third of many objects.
    /// - Parameter depth: how many objects and arrays the object lies in.
    static func parseLean(_ bytes: UnsafeRawBufferPointer, depth: Int) throws(JSONError) -> Value {
        var parser = JSONParser(bytes, leanDepth: depth + 1)
        return try parser.document()
    }

    /// Whether a key is that of an object's managed fields. Hears of each key, in order.
    mutating func isManagedFields(_ key: String) -> Bool {
        if depth == leanDepth { isInMetadata = key == "metadata" }
        return depth == leanDepth + 1 && isInMetadata && key == "managedFields"
    }

    /// A finished object or array, the one that others hold already if it is within an object that is read lean.
    @inline(__always) func recurring(_ part: Value, from start: Int) -> Value {
        guard leanDepth > 0, depth >= leanDepth, position - start <= RecurringParts.textMax else { return part }
        return RecurringParts.shared.held(part, text: UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
    }

    /// The same for a string: images, times and identifiers of what an object belongs to.
    func recurring(_ string: String, _ text: UnsafeRawBufferPointer) -> String {
        guard text.count <= Self.recurringStringMax else { return string }
        return RecurringParts.shared.held(.string(string), text: text).string ?? string
    }

    private static let recurringStringMax = 256

    /// Passes over a value without looking at more of it than where it ends.
    mutating func skipValue() throws(JSONError) {
        let outer = depth
        repeat {
            skipSpace()
            guard position < bytes.count else { throw endOfInput() }
            switch bytes[position] {
            case UInt8(ascii: "\""): try skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["): try enter()
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > outer else { throw unexpected("looking for beginning of value") }
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > outer else { throw unexpected("looking for beginning of value") }
                position += 1
            default: try skipScalar()
            }
            skipSpace()
        } while depth > outer
    }

    private mutating func skipString() throws(JSONError) {
        position += 1
        while true {
            position = JSONScan.plainEnd(bytes, from: position)
            guard position < bytes.count else { throw endOfInput() }
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): position += 2
            default: throw unexpected("in string literal")
            }
        }
    }

    /// A number or a word, up to what can stand behind it.
    private mutating func skipScalar() throws(JSONError) {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "+"), UInt8(ascii: "E"):
                position += 1
            default:
                if position == start { throw unexpected("looking for beginning of value") }
                return
            }
        }
    }
}

extension Value {
    /// Reads an object without its managed fields, for whoever keeps copies of whole collections: parts that recur are held once for all of them.
    /// - Parameter depth: how many objects and arrays the object lies in: 2 for the items of a list, 1 for the object of a watch event.
    public init(leanJSON bytes: [UInt8], depth: Int = 0) throws(JSONError) {
        let result = bytes.withUnsafeBytes { buffer in Result { () throws(JSONError) in try JSONParser.parseLean(buffer, depth: depth) } }
        self = try result.get()
    }
}
