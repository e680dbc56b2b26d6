/// A domain name as its labels on the wire, in lower case: each label's length, then its bytes. The root's zero byte is left out.
struct DNSName: Hashable, Sendable {
    /// Bytes on the wire with the root's, at most (RFC 1035).
    static let lengthMax = 255

    static let root = DNSName(wire: [])

    let wire: [UInt8]

    /// For bytes that are known to be labels in lower case.
    init(wire: [UInt8]) { self.wire = wire }

    /// Reads `web.default.svc.cluster.local`, with or without the dot at the end. Nil for a label that is empty or longer than 63 bytes.
    init?(_ text: String) {
        var wire: [UInt8] = []
        wire.reserveCapacity(text.utf8.count + 2)
        let text = text.hasSuffix(".") ? text.dropLast() : text[...]
        if !text.isEmpty {
            for label in text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
                guard (1...63).contains(label.count) else { return nil }
                wire.append(UInt8(label.count))
                wire.append(contentsOf: label.map(Self.lowercased))
            }
        }
        guard wire.count < Self.lengthMax else { return nil }
        self.wire = wire
    }

    /// The labels from left to right.
    var labels: [ArraySlice<UInt8>] {
        var labels: [ArraySlice<UInt8>] = []
        var index = 0
        while index < wire.count {
            let end = index + 1 + Int(wire[index])
            labels.append(wire[(index + 1)..<end])
            index = end
        }
        return labels
    }

    /// The name with a label in front, or nil where that is too long.
    func prefixed(by label: some Collection<UInt8>) -> DNSName? {
        guard (1...63).contains(label.count), wire.count + label.count + 1 < Self.lengthMax else { return nil }
        return DNSName(wire: [UInt8(label.count)] + label.map(Self.lowercased) + wire)
    }

    /// The labels in front of `zone`, or nil for a name that is not in it.
    func labels(below zone: DNSName) -> [ArraySlice<UInt8>]? {
        let start = wire.count - zone.wire.count
        guard start >= 0, wire[start...].elementsEqual(zone.wire) else { return nil }
        var labels: [ArraySlice<UInt8>] = []
        var index = 0
        while index < start {
            let end = index + 1 + Int(wire[index])
            labels.append(wire[(index + 1)..<end])
            index = end
        }
        return index == start ? labels : nil
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}

extension DNSName: CustomStringConvertible {
    /// With the dot at the end; bytes that are no plain text as `\DDD`.
    var description: String {
        var text = ""
        for label in labels {
            for byte in label {
                let isPlain = byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: ".") && byte != UInt8(ascii: "\\")
                text += isPlain ? String(UnicodeScalar(byte)) : "\\" + "00\(byte)".suffix(3)
            }
            text += "."
        }
        return text.isEmpty ? "." : text
    }
}
