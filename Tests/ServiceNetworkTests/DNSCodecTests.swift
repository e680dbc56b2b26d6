import ObjectModel
import TestSupport
import Testing

@testable import ServiceNetwork

@Suite struct DNSCodecTests {
    private func name(_ text: String) throws -> DNSName { try #require(DNSName(text)) }

    @Test func `every kind of record survives writing and reading`() throws {
        let zone = try name("cluster.local")
        let web = try name("web.default.svc.cluster.local")
        var message = DNSMessage(id: 0xbeef, flags: [.response, .recursionDesired], questions: [DNSQuestion(name: web, type: .a)])
        message.answers = [
            DNSRecord(name: web, ttl: 30, data: .a(IPAddress(ipv4: 0x0a60_0001))),
            DNSRecord(name: web, ttl: 30, data: .aaaa(0xfd00_0000_0000_0000_0000_0000_0000_0001)),
            DNSRecord(name: web, ttl: 5, data: .cname(zone)), DNSRecord(name: zone, ttl: 5, data: .ns(web)),
            DNSRecord(name: web, ttl: 5, data: .ptr(web)),
            DNSRecord(name: web, ttl: 5, data: .mx(preference: 10, zone)),
            DNSRecord(name: web, ttl: 5, data: .srv(priority: 1, weight: 2, port: 3, target: web)),
            DNSRecord(name: web, ttl: 5, data: .txt([Array("1.1.0".utf8), [], [0xff]])),
            DNSRecord(name: web, ttl: 5, data: .other(DNSType(rawValue: 257), [0, 5, 1, 2, 3])),
        ]
        message.authorities = [
            DNSRecord(name: zone, ttl: 30, data: .soa(primary: web, mailbox: zone, serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5))
        ]
        message.edns = .init(payloadSize: 1232, wantsDNSSEC: true)
        #expect(try DNSReader.message(DNSWriter.bytes(message)) == message)
    }

    @Test func `names are compressed`() throws {
        let web = try name("web.default.svc.cluster.local")
        var message = DNSMessage(id: 1, flags: .response, questions: [DNSQuestion(name: web, type: .a)])
        message.answers = [DNSRecord(name: web, ttl: 1, data: .a(IPAddress(ipv4: 1)))]
        // Header, question, and a record that is a pointer and 14 bytes.
        #expect(DNSWriter.bytes(message).count == 12 + web.wire.count + 1 + 4 + 16)
    }

    @Test func `what does not fit is left out and told`() throws {
        let web = try name("web.default.svc.cluster.local")
        var message = DNSMessage(id: 1, flags: .response, questions: [DNSQuestion(name: web, type: .a)])
        message.answers = (0..<100).map { DNSRecord(name: web, ttl: 1, data: .a(IPAddress(ipv4: UInt32($0)))) }
        message.edns = .init(payloadSize: 1232)
        let bytes = DNSWriter.bytes(message, sizeMax: 512)
        #expect(bytes.count <= 512)
        let read = try DNSReader.message(bytes)
        #expect(read.flags.contains(.truncated) && read.edns == message.edns)
        #expect(read.answers == Array(message.answers.prefix(read.answers.count)) && read.answers.count > 20)
        message.additionals = message.answers
        message.answers = []
        let courtesy = try DNSReader.message(DNSWriter.bytes(message, sizeMax: 512))
        #expect(!courtesy.flags.contains(.truncated))
    }

    @Test func `a name's pointer leads backwards only`() {
        let header: [UInt8] = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        for name: [UInt8] in [[0xc0, 12], [0xc0, 14], [1, 97, 0xc0, 12], [0xc0], [64, 0], [63, 1], [0xc0, 0xff]] {
            let bytes = header + name + [0, 1, 0, 1]
            #expect(throws: DNSFormatError.self) { try DNSReader.message(bytes) }
        }
    }

    @Test func `a name has limits`() throws {
        #expect(DNSName(String(repeating: "a", count: 64)) == nil)
        #expect(DNSName("a..b") == nil)
        let longest = String(repeating: "a234567.", count: 31) + "a2345"
        #expect(DNSName(longest) != nil)
        #expect(DNSName(longest + "6") == nil)
        #expect(try name("WeB.Default") == name("web.default."))
        #expect(try name("a.b.c").labels(below: name("b.c"))?.count == 1)
        #expect(try name("ab.c").labels(below: name("b.c")) == nil)
        #expect(try name("a.b.c").description == "a.b.c.")
    }

    @Test func `no bytes make the reader trap, and what it reads it can write`() throws {
        var random = SeededRandom(seed: 1)
        let web = try name("web.default.svc.cluster.local")
        var seed = DNSMessage(id: 1, flags: .response, questions: [DNSQuestion(name: web, type: .srv)])
        seed.answers = [
            DNSRecord(name: web, ttl: 1, data: .srv(priority: 0, weight: 1, port: 80, target: web)),
            DNSRecord(name: web, ttl: 1, data: .txt([[1, 2, 3]])),
            DNSRecord(name: web, ttl: 1, data: .soa(primary: web, mailbox: web, serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5)),
        ]
        seed.edns = .init(payloadSize: 512)
        let template = DNSWriter.bytes(seed)
        var understood = 0
        for _ in 0..<30_000 {
            var bytes = template
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            }
            if Bool.random(using: &random) { bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random))) }
            guard let message = try? DNSReader.message(bytes) else { continue }
            understood += 1
            let again = try DNSReader.message(DNSWriter.bytes(message))
            #expect(again == message)
        }
        #expect(understood > 1000)
    }
}
