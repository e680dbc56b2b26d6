import HostNetwork
import ObjectModel

/// Why bytes are no DNS message.
enum DNSFormatError: Error { case malformed }

/// Reads messages. Whatever the bytes, it ends: it never reads beyond them, and a name's pointers only lead backwards.
struct DNSReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func message(_ bytes: [UInt8]) throws(DNSFormatError) -> DNSMessage {
        var reader = DNSReader(bytes)
        return try reader.message()
    }

    /// The identifier of anything that is long enough to have a header.
    static func header(_ bytes: [UInt8]) -> (id: UInt16, flags: DNSFlags)? {
        guard bytes.count >= 12 else { return nil }
        return (UInt16(bytes[0]) << 8 | UInt16(bytes[1]), DNSFlags(rawValue: UInt16(bytes[2]) << 8 | UInt16(bytes[3])))
    }

    private mutating func message() throws(DNSFormatError) -> DNSMessage {
        var message = DNSMessage(id: try uint16(), flags: DNSFlags(rawValue: try uint16()))
        let counts = (questions: try uint16(), answers: try uint16(), authorities: try uint16(), additionals: try uint16())
        for _ in 0..<counts.questions {
            message.questions.append(DNSQuestion(name: try name(), type: DNSType(rawValue: try uint16()), recordClass: try uint16()))
        }
        for _ in 0..<counts.answers { if let record = try record(&message) { message.answers.append(record) } }
        for _ in 0..<counts.authorities { if let record = try record(&message) { message.authorities.append(record) } }
        for _ in 0..<counts.additionals { if let record = try record(&message) { message.additionals.append(record) } }
        return message
    }

    /// A record; nil for OPT, which becomes the message's `edns`.
    private mutating func record(_ message: inout DNSMessage) throws(DNSFormatError) -> DNSRecord? {
        let name = try name()
        let type = DNSType(rawValue: try uint16())
        let recordClass = try uint16()
        let ttl = try uint32()
        let length = Int(try uint16())
        let end = position + length
        guard end <= bytes.count else { throw .malformed }
        if type == .opt {
            // A second OPT, or one that is not the root's, makes the message malformed (RFC 6891).
            guard message.edns == nil, name == .root else { throw .malformed }
            message.edns = DNSMessage.EDNS(
                payloadSize: recordClass, version: UInt8(truncatingIfNeeded: ttl >> 16), extendedResponseCode: UInt8(ttl >> 24),
                wantsDNSSEC: ttl & 0x8000 != 0)
            position = end
            return nil
        }
        let data = try data(type, length: length, end: end)
        guard position == end else { throw .malformed }
        return DNSRecord(name: name, recordClass: recordClass, ttl: ttl, data: data)
    }

    private mutating func data(_ type: DNSType, length: Int, end: Int) throws(DNSFormatError) -> DNSRecord.Data {
        switch type {
        case .a:
            guard length == 4 else { throw .malformed }
            return .a(IPAddress(ipv4: try uint32()))
        case .aaaa:
            guard length == 16 else { throw .malformed }
            var bits: UInt128 = 0
            for _ in 0..<4 { bits = bits << 32 | UInt128(try uint32()) }
            return .aaaa(bits)
        case .ns: return .ns(try name())
        case .cname: return .cname(try name())
        case .ptr: return .ptr(try name())
        case .mx: return .mx(preference: try uint16(), try name())
        case .srv: return .srv(priority: try uint16(), weight: try uint16(), port: try uint16(), target: try name())
        case .soa:
            return .soa(
                primary: try name(), mailbox: try name(), serial: try uint32(), refresh: try uint32(), retry: try uint32(), expire: try uint32(),
                minimum: try uint32())
        case .txt:
            var strings: [[UInt8]] = []
            while position < end {
                let count = Int(try uint8())
                guard position + count <= end else { throw .malformed }
                strings.append(Array(bytes[position..<(position + count)]))
                position += count
            }
            return .txt(strings)
        default:
            defer { position = end }
            return .other(type, Array(bytes[position..<end]))
        }
    }

    /// A name, in lower case.
    private mutating func name() throws(DNSFormatError) -> DNSName {
        var wire: [UInt8] = []
        var index = position
        var hasJumped = false
        while true {
            guard index < bytes.count else { throw .malformed }
            let length = Int(bytes[index])
            switch length {
            case 0:
                if !hasJumped { position = index + 1 }
                return DNSName(wire: wire)
            case 1...63:
                guard index + 1 + length <= bytes.count, wire.count + 1 + length < DNSName.lengthMax else { throw .malformed }
                wire.append(UInt8(length))
                for byte in bytes[(index + 1)...(index + length)] { wire.append(DNSName.lowercased(byte)) }
                index += 1 + length
            case 0xc0...0xff:
                guard index + 1 < bytes.count else { throw .malformed }
                let target = (length & 0x3f) << 8 | Int(bytes[index + 1])
                // Only backwards, so that it ends.
                guard target < index else { throw .malformed }
                if !hasJumped { position = index + 2 }
                hasJumped = true
                index = target
            default: throw .malformed
            }
        }
    }

    private mutating func uint8() throws(DNSFormatError) -> UInt8 {
        guard position < bytes.count else { throw .malformed }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func uint16() throws(DNSFormatError) -> UInt16 {
        guard position + 2 <= bytes.count else { throw .malformed }
        defer { position += 2 }
        return UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1])
    }

    private mutating func uint32() throws(DNSFormatError) -> UInt32 { UInt32(try uint16()) << 16 | UInt32(try uint16()) }
}
