import ObjectModel

/// Cuts the body of a watch into its events: one JSON object a line, in pieces of any size.
struct WatchLines {
    private var rest: [UInt8] = []

    /// A longer line ends the watch: no object is that large.
    static let lineBytesMax = 16 << 20

    /// The events that are whole with these bytes.
    mutating func events(_ bytes: some Collection<UInt8>) throws -> [WatchEvent] {
        var events: [WatchEvent] = []
        var bytes = bytes[...]
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            rest += bytes[..<end]
            bytes = bytes[bytes.index(after: end)...]
            if !rest.isEmpty { events.append(try Self.event(rest)) }
            rest.removeAll(keepingCapacity: true)
        }
        rest += bytes
        guard rest.count <= Self.lineBytesMax else {
            throw APIError(.internalError, "an event of the watch is longer than \(Self.lineBytesMax) bytes")
        }
        return events
    }

    private static func event(_ line: [UInt8]) throws -> WatchEvent {
        let value = try Value(leanJSON: line, depth: 1)
        guard let type = value["type"].string, let kind = WatchEvent.Kind(rawValue: type) else {
            throw APIError(.internalError, "unknown event of a watch: \(value["type"])")
        }
        return WatchEvent(kind, value["object"])
    }
}
