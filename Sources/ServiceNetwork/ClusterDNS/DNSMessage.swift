import HostNetwork
import ObjectModel

/// A DNS message (RFC 1035, EDNS0 of RFC 6891).
struct DNSMessage: Equatable, Sendable {
    var id: UInt16
    var flags: DNSFlags
    var questions: [DNSQuestion] = []
    var answers: [DNSRecord] = []
    var authorities: [DNSRecord] = []
    var additionals: [DNSRecord] = []

    /// The OPT pseudo-record; nil where the message has none.
    var edns: EDNS?

    struct EDNS: Equatable, Sendable {
        var payloadSize: UInt16
        var version: UInt8 = 0
        var extendedResponseCode: UInt8 = 0

        /// The DO bit: the client wants DNSSEC's records.
        var wantsDNSSEC: Bool = false
    }
}

/// The second word of a message's header.
struct DNSFlags: OptionSet, Sendable, Hashable {
    var rawValue: UInt16

    static let response = DNSFlags(rawValue: 0x8000)
    static let authoritative = DNSFlags(rawValue: 0x0400)
    static let truncated = DNSFlags(rawValue: 0x0200)
    static let recursionDesired = DNSFlags(rawValue: 0x0100)
    static let recursionAvailable = DNSFlags(rawValue: 0x0080)
    static let authenticData = DNSFlags(rawValue: 0x0020)
    static let checkingDisabled = DNSFlags(rawValue: 0x0010)

    /// Zero is a query.
    var opcode: UInt16 { rawValue >> 11 & 0xf }

    var responseCode: DNSResponseCode {
        get { DNSResponseCode(rawValue: UInt8(rawValue & 0xf)) }
        set { rawValue = rawValue & 0xfff0 | UInt16(newValue.rawValue & 0xf) }
    }
}

struct DNSResponseCode: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt8

    static let noError = DNSResponseCode(rawValue: 0)
    static let formatError = DNSResponseCode(rawValue: 1)
    static let serverFailure = DNSResponseCode(rawValue: 2)
    static let noSuchName = DNSResponseCode(rawValue: 3)
    static let notImplemented = DNSResponseCode(rawValue: 4)
    static let refused = DNSResponseCode(rawValue: 5)
}

struct DNSType: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt16

    static let a = DNSType(rawValue: 1)
    static let ns = DNSType(rawValue: 2)
    static let cname = DNSType(rawValue: 5)
    static let soa = DNSType(rawValue: 6)
    static let ptr = DNSType(rawValue: 12)
    static let mx = DNSType(rawValue: 15)
    static let txt = DNSType(rawValue: 16)
    static let aaaa = DNSType(rawValue: 28)
    static let srv = DNSType(rawValue: 33)
    static let opt = DNSType(rawValue: 41)
    static let any = DNSType(rawValue: 255)
}

struct DNSQuestion: Hashable, Sendable {
    var name: DNSName
    var type: DNSType

    /// 1 is the Internet.
    var recordClass: UInt16 = 1
}

struct DNSRecord: Equatable, Sendable {
    var name: DNSName
    var recordClass: UInt16 = 1
    var ttl: UInt32
    var data: Data

    enum Data: Equatable, Sendable {
        case a(IPAddress)
        case aaaa(UInt128)
        case ns(DNSName)
        case cname(DNSName)
        case ptr(DNSName)
        case mx(preference: UInt16, DNSName)
        case srv(priority: UInt16, weight: UInt16, port: UInt16, target: DNSName)
        case soa(primary: DNSName, mailbox: DNSName, serial: UInt32, refresh: UInt32, retry: UInt32, expire: UInt32, minimum: UInt32)

        /// Strings of at most 255 bytes.
        case txt([[UInt8]])

        /// Anything else, as it came. Its names are not compressed (RFC 3597).
        case other(DNSType, [UInt8])
    }

    var type: DNSType {
        switch data {
        case .a: .a
        case .aaaa: .aaaa
        case .ns: .ns
        case .cname: .cname
        case .ptr: .ptr
        case .mx: .mx
        case .srv: .srv
        case .soa: .soa
        case .txt: .txt
        case .other(let type, _): type
        }
    }

    /// An address record of the family that the address is of.
    static func address(_ name: DNSName, _ address: IPAddress, ttl: UInt32) -> DNSRecord {
        DNSRecord(name: name, ttl: ttl, data: address.isIPv4 ? .a(address) : .aaaa(address.bits))
    }
}
