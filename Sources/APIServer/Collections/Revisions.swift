/// Puts revisions into encoded objects. What is on disk has no resource version, for it is known only once the commit is; canonical JSON begins with
/// `apiVersion`, `kind` and `metadata`, so the first `"metadata":{` is where it belongs.
enum Revisions {
    private static let opening = Array(#""metadata":{"#.utf8)
    private static let field = Array(#""resourceVersion":""#.utf8)

    /// The object with its resource version, from what the store keeps.
    static func splice(_ revision: Int64, into stored: [UInt8]) -> [UInt8] {
        guard let position = end(of: opening, in: stored) else { return stored }
        let digits = Array(String(revision).utf8)
        var out: [UInt8] = []
        out.reserveCapacity(stored.count + field.count + digits.count + 2)
        out += stored[..<position]
        out += field
        out += digits
        out.append(UInt8(ascii: "\""))
        if stored[position] != UInt8(ascii: "}") { out.append(UInt8(ascii: ",")) }
        out += stored[position...]
        return out
    }

    /// The same object under another resource version: a deletion's event carries the last state and the deletion's revision.
    static func replace(_ revision: Int64, in spliced: [UInt8]) -> [UInt8] {
        guard let start = end(of: opening, in: spliced), spliced[start...].starts(with: field) else { return spliced }
        let digits = start + field.count
        let end = spliced[digits...].firstIndex(of: UInt8(ascii: "\"")) ?? digits
        return Array(spliced[..<digits]) + Array(String(revision).utf8) + Array(spliced[end...])
    }

    private static func end(of pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        for start in 0...(bytes.count - pattern.count) where bytes[start] == pattern[0] && bytes[start..<start + pattern.count].elementsEqual(pattern)
        {
            return start + pattern.count
        }
        return nil
    }
}
