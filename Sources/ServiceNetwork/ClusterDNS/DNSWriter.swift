import HostNetwork
import ObjectModel

/// Writes messages, with names compressed, up to a size.
struct DNSWriter {
    private(set) var bytes: [UInt8] = []

    /// Where suffixes of names stand that a pointer can lead to.
    private var offsets: [ArraySlice<UInt8>: Int] = [:]

    /// The question's name stands at the same place in every message, and most names are it.
    private var questionName: DNSName?
    private static let headerSize = 12

    /// The bytes of a message. What does not fit into `sizeMax` is left out; if that is an answer, the message says that it is truncated.
    static func bytes(_ message: DNSMessage, sizeMax: Int = 65535) -> [UInt8] {
        var writer = DNSWriter()
        writer.write(message, sizeMax: sizeMax)
        return writer.bytes
    }

    private mutating func write(_ message: DNSMessage, sizeMax: Int) {
        bytes.reserveCapacity(512)
        uint16(message.id)
        uint16(message.flags.rawValue)
        uint16(UInt16(message.questions.count))
        for _ in 0..<3 { uint16(0) }
        for question in message.questions {
            name(question.name)
            if questionName == nil { questionName = question.name }
            uint16(question.type.rawValue)
            uint16(question.recordClass)
        }
        // OPT comes last but is never left out.
        let limit = sizeMax - (message.edns == nil ? 0 : 11)
        let answers = records(message.answers, limit: limit)
        let authorities = answers < message.answers.count ? 0 : records(message.authorities, limit: limit)
        let isTruncated = answers < message.answers.count || authorities < message.authorities.count
        // Additional records are a courtesy: leaving some out is no truncation.
        var additionals = isTruncated ? 0 : records(message.additionals, limit: limit)
        if let edns = message.edns {
            additionals += 1
            bytes.append(0)
            uint16(DNSType.opt.rawValue)
            uint16(edns.payloadSize)
            uint32(UInt32(edns.extendedResponseCode) << 24 | UInt32(edns.version) << 16 | (edns.wantsDNSSEC ? 0x8000 : 0))
            uint16(0)
        }
        if isTruncated { patch(message.flags.union(.truncated).rawValue, at: 2) }
        patch(UInt16(answers), at: 6)
        patch(UInt16(authorities), at: 8)
        patch(UInt16(additionals), at: 10)
    }

    /// Writes as many records as fit; returns how many.
    private mutating func records(_ records: [DNSRecord], limit: Int) -> Int {
        for (index, record) in records.enumerated() {
            let start = bytes.count
            write(record)
            guard bytes.count <= limit else {
                bytes.removeSubrange(start...)
                // Pointers into what was just removed must not be used; nothing but OPT follows.
                offsets = offsets.filter { $0.value < start }
                return index
            }
        }
        return records.count
    }

    private mutating func write(_ record: DNSRecord) {
        name(record.name)
        uint16(record.type.rawValue)
        uint16(record.recordClass)
        uint32(record.ttl)
        let length = bytes.count
        uint16(0)
        switch record.data {
        case .a(let address): uint32(UInt32(truncatingIfNeeded: address.bits))
        case .aaaa(let bits): for shift in stride(from: 96, through: 0, by: -32) { uint32(UInt32(truncatingIfNeeded: bits >> UInt128(shift))) }
        case .ns(let target), .cname(let target), .ptr(let target): name(target)
        case .mx(let preference, let target):
            uint16(preference)
            name(target)
        case .srv(let priority, let weight, let port, let target):
            uint16(priority)
            uint16(weight)
            uint16(port)
            name(target, compressed: false)  // RFC 2782
        case .soa(let primary, let mailbox, let serial, let refresh, let retry, let expire, let minimum):
            name(primary)
            name(mailbox)
            for number in [serial, refresh, retry, expire, minimum] { uint32(number) }
        case .txt(let strings):
            for string in strings {
                bytes.append(UInt8(min(string.count, 255)))
                bytes.append(contentsOf: string.prefix(255))
            }
        case .other(_, let data): bytes.append(contentsOf: data)
        }
        patch(UInt16(truncatingIfNeeded: bytes.count - length - 2), at: length)
    }

    private mutating func name(_ name: DNSName, compressed: Bool = true) {
        if compressed, name == questionName { return uint16(0xc000 | UInt16(Self.headerSize)) }
        let wire = name.wire
        var index = 0
        while index < wire.count {
            let suffix = wire[index...]
            if compressed, let offset = offsets[suffix] { return uint16(0xc000 | UInt16(offset)) }
            if bytes.count < 0x4000 { offsets[suffix] = bytes.count }
            let end = index + 1 + Int(wire[index])
            bytes.append(contentsOf: wire[index..<end])
            index = end
        }
        bytes.append(0)
    }

    private mutating func uint16(_ value: UInt16) {
        bytes.append(UInt8(value >> 8))
        bytes.append(UInt8(value & 0xff))
    }

    private mutating func uint32(_ value: UInt32) {
        uint16(UInt16(value >> 16))
        uint16(UInt16(value & 0xffff))
    }

    private mutating func patch(_ value: UInt16, at offset: Int) {
        bytes[offset] = UInt8(value >> 8)
        bytes[offset + 1] = UInt8(value & 0xff)
    }
}
