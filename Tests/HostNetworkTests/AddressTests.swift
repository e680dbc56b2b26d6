import HostNetwork
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("10.96.0.1", "10.96.0.1"), ("255.255.255.255", "255.255.255.255"), ("::", "::"), ("::1", "::1"), ("2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("1::", "1::"), ("fe80::1:2:3:4:5:6", "fe80:0:1:2:3:4:5:6"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ])
    func `an address is read and written in its canonical form`(text: String, canonical: String) throws {
        #expect(try #require(IPAddress(text)).description == canonical)
    }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", "1.2.3.-4", ":", ":::", "1:2", "1::2::3", "12345::", "::1.2.3", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:", "::g", "fe80::1%eth0", "1.2.3.4; drop", "::1.2.3.4:5",
    ])
    func `what is no address is refused`(text: String) { #expect(IPAddress(text) == nil) }

    @Test func `a prefix holds the addresses that share its bits`() throws {
        let prefix = try #require(IPPrefix("10.244.3.9/16"))
        #expect(prefix.description == "10.244.0.0/16")
        #expect(prefix.contains(.v4(10, 244, 255, 255)))
        #expect(!prefix.contains(.v4(10, 245, 0, 0)))
        #expect(try #require(IPPrefix("0.0.0.0/0")).contains(.v4(1, 2, 3, 4)))
        #expect(try #require(IPPrefix("::/0")).contains(try #require(IPAddress("fd00::1"))))
        #expect(try #require(IPPrefix("fd00::/64")).contains(try #require(IPAddress("fd00::ffff:0:0:1"))))
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "x/8", "10.0.0.0/8/8"] { #expect(IPPrefix(text) == nil) }
    }

    @Test func `bytes and numbers agree`() throws {
        let address = try #require(IPAddress("fd00::102:304"))
        #expect(IPAddress(bytes: address.bytes) == address)
        #expect(address.bytes.suffix(4) == [1, 2, 3, 4])
        #expect(IPAddress.v4(10, 0, 0, 255).advanced(by: 1) == .v4(10, 0, 1, 0))
    }
}
