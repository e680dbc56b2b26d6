import ObjectModel

/// A netlink message being written: header, a fixed part, attributes. Integers are in the machine's order unless said otherwise.
struct NetlinkMessage {
    static let headerSize = 16

    private(set) var bytes: [UInt8]

    init(type: UInt16, flags: UInt16) {
        bytes = []
        append(UInt32(0))  // the length, known at the end
        append(type)
        append(flags)
        append(UInt32(0))  // the sequence number, given when sent
        append(UInt32(0))
    }

    mutating func append(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) } }

    mutating func append(bytes more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    mutating func attribute(_ type: UInt16, _ payload: some Collection<UInt8>) {
        append(UInt16(4 + payload.count))
        append(type)
        bytes.append(contentsOf: payload)
        pad()
    }

    mutating func attribute(_ type: UInt16, _ value: UInt32) { withUnsafeBytes(of: value) { attribute(type, Array($0)) } }

    /// A text with the zero byte that ends it.
    mutating func attribute(_ type: UInt16, text: String) { attribute(type, Array(text.utf8) + [0]) }

    /// An attribute whose payload is attributes.
    mutating func nested(_ type: UInt16, _ fill: (inout NetlinkMessage) -> Void) {
        let start = bytes.count
        append(UInt16(0))
        append(type | 0x8000)
        fill(&self)
        patch(UInt16(bytes.count - start), at: start)
    }

    /// The message ready to send.
    func finished(sequence: UInt32) -> [UInt8] {
        var copy = self
        copy.patch(UInt32(bytes.count), at: 0)
        copy.patch(sequence, at: 8)
        return copy.bytes
    }

    private mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }

    private mutating func patch(_ value: some FixedWidthInteger, at offset: Int) {
        withUnsafeBytes(of: value) { raw in
            for (index, byte) in raw.enumerated() { bytes[offset + index] = byte }
        }
    }
}

/// Reading of messages and attributes out of what the kernel sent. Anything malformed ends the walk.
struct NetlinkReader {
    let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    func integer<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T? {
        let start = bytes.startIndex + offset
        guard offset >= 0, start + MemoryLayout<T>.size <= bytes.endIndex else { return nil }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: T.self) }
    }

    /// The messages of one datagram: type and payload after the header.
    var messages: [(type: UInt16, sequence: UInt32, payload: NetlinkReader)] {
        var result: [(type: UInt16, sequence: UInt32, payload: NetlinkReader)] = []
        var offset = 0
        while let length: UInt32 = integer(at: offset), let type: UInt16 = integer(at: offset + 4), let sequence: UInt32 = integer(at: offset + 8),
            length >= UInt32(NetlinkMessage.headerSize), offset + Int(length) <= bytes.count
        {
            let start = bytes.startIndex + offset
            result.append((type, sequence, NetlinkReader(bytes[(start + NetlinkMessage.headerSize)..<(start + Int(length))])))
            offset += (Int(length) + 3) & ~3
        }
        return result
    }

    /// The attributes after `skip` bytes of fixed part, by type without its flag bits.
    func attributes(after skip: Int = 0) -> [UInt16: NetlinkReader] {
        var result: [UInt16: NetlinkReader] = [:]
        var offset = skip
        while let length: UInt16 = integer(at: offset), let type: UInt16 = integer(at: offset + 2), length >= 4, offset + Int(length) <= bytes.count {
            let start = bytes.startIndex + offset
            result[type & 0x3fff] = NetlinkReader(bytes[(start + 4)..<(start + Int(length))])
            offset += (Int(length) + 3) & ~3
        }
        return result
    }

    /// A text without the zero byte that ends it.
    var text: String { String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }

    var uint32: UInt32? { integer(at: 0) }

    /// Two bytes in network order.
    var port: UInt16? { integer(at: 0, as: UInt16.self).map(UInt16.init(bigEndian:)) }

    var address: IPAddress? { IPAddress(bytes: bytes) }
}
