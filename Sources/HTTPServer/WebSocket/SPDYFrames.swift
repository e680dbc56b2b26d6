/// The part of SPDY/3.1 that a client of Kubernetes' streaming servers needs: opening streams, sending and taking their data.
///
/// Headers are compressed with zlib from a dictionary that both sides know. What is sent here is framed so but not made smaller (zlib's "stored"
/// blocks); what the server says in headers is not of interest and never unpacked.
enum SPDYFrames {
    private static let version: [UInt8] = [0x80, 3]

    /// zlib's header that names the dictionary of SPDY/3 by its checksum; at the start of a connection's first header block.
    private static let compressionHeader: [UInt8] = [0x78, 0xBB, 0xE3, 0xC6, 0xA7, 0xC2]

    /// Opens a stream. The first one of a connection begins the compressed headers of all of them.
    static func open(stream: UInt32, headers: [(name: String, value: String)], isFirst: Bool) -> [UInt8] {
        var text = bigEndian(UInt32(headers.count))
        for (name, value) in headers {
            text += bigEndian(UInt32(name.utf8.count)) + Array(name.utf8) + bigEndian(UInt32(value.utf8.count)) + Array(value.utf8)
        }
        let length = UInt16(truncatingIfNeeded: text.count)
        var block = isFirst ? compressionHeader : []
        // A stored block, then an empty one, at which the reader hands out what it has.
        block += [0, UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)] + text + [0, 0, 0, 0xFF, 0xFF]
        let payload = bigEndian(stream) + bigEndian(0) + [0, 0] + block
        return version + [0, 1, 0] + bigEndian(UInt32(payload.count)).dropFirst() + payload
    }

    static func data(stream: UInt32, _ bytes: some Collection<UInt8>, isLast: Bool = false) -> [UInt8] {
        bigEndian(stream) + [isLast ? 1 : 0] + bigEndian(UInt32(bytes.count)).dropFirst() + bytes
    }

    /// The answer to a ping is the ping.
    static func ping(_ id: UInt32) -> [UInt8] { version + [0, 6, 0, 0, 0, 4] + bigEndian(id) }

    private static func bigEndian(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
}

/// Reads what a SPDY server sends, in whatever pieces it comes.
struct SPDYReader {
    enum Event: Equatable {
        /// The server has taken a stream.
        case opened(stream: UInt32)
        case data(stream: UInt32, [UInt8], isLast: Bool)
        case reset(stream: UInt32)
        case ping(UInt32)
    }

    private var buffer: [UInt8] = []
    private var start = 0

    /// Data of a frame that is still to come: it is passed on without waiting for the frame's end.
    private var open: (stream: UInt32, left: Int, isLast: Bool)?

    mutating func read(_ bytes: some Collection<UInt8>) -> [Event] {
        buffer += bytes
        var events: [Event] = []
        while let event = next() { if let event = event { events.append(event) } }
        buffer.removeSubrange(..<start)
        start = 0
        return events
    }

    /// Nil for want of bytes; an inner nil for a frame that says nothing of interest.
    private mutating func next() -> Event?? {
        if let (stream, left, isLast) = open {
            let count = min(left, buffer.count - start)
            guard count > 0 || left == 0 else { return nil }
            let bytes = Array(buffer[start..<start + count])
            start += count
            open = count == left ? nil : (stream, left - count, isLast)
            return .some(.data(stream: stream, bytes, isLast: isLast && count == left))
        }
        guard buffer.count - start >= 8 else { return nil }
        let length = Int(number(at: start + 4) & 0xFF_FFFF)
        guard buffer[start] & 0x80 != 0 else {
            open = (number(at: start), length, buffer[start + 4] & 1 != 0)
            start += 8
            return .some(nil)
        }
        guard buffer.count - start >= 8 + length else { return nil }
        let kind = buffer[start + 3]
        let first = length >= 4 ? number(at: start + 8) : 0
        start += 8 + length
        switch kind {
        case 2: return .some(.opened(stream: first & 0x7FFF_FFFF))
        case 3: return .some(.reset(stream: first & 0x7FFF_FFFF))
        case 6: return .some(.ping(first))
        default: return .some(nil)
        }
    }

    private func number(at index: Int) -> UInt32 { buffer[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) } }
}
