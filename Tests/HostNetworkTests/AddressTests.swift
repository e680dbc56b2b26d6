import HostNetwork
import ObjectModel
import Testing

@Suite struct AddressTests {
    @Test func `bytes and numbers agree`() throws {
        let address = try #require(IPAddress("fd00::102:304"))
        #expect(IPAddress(bytes: address.bytes) == address)
        #expect(address.bytes.suffix(4) == [1, 2, 3, 4])
        #expect(IPAddress(bytes: [10, 0, 0, 1]) == .v4(10, 0, 0, 1))
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }

    @Test func `of ranges within each other the widest stays`() throws {
        let ranges = ["10.1.0.0/16", "10.0.0.0/8", "10.255.0.1/8", "192.168.0.0/24"].compactMap { CIDR($0) }
        #expect(ranges.disjoint.map(\.description) == ["10.0.0.0/8", "192.168.0.0/24"])
    }

    @Test func `loopback and link-local addresses are known`() throws {
        #expect(IPAddress.v4(127, 1, 2, 3).isLoopback)
        #expect(try #require(IPAddress("::1")).isLoopback)
        #expect(try #require(IPAddress("fe80::1")).isLinkLocal)
        #expect(IPAddress.v4(169, 254, 1, 1).isLinkLocal)
        #expect(!IPAddress.v4(10, 0, 0, 1).isLoopback)
    }
}
