import Glibc
import HostNetwork
import ObjectModel
import Testing

let isRoot = geteuid() == 0

/// All of it in network namespaces made for the test: nothing touches the host's own.
@Suite(.enabled(if: isRoot, "network namespaces need root")) struct NamespaceTests {
    @Test func `a transaction is carried out as a whole or not at all`() async throws {
        let namespace = try NetworkNamespace()
        let nftables = try LibNFTables(networkNamespace: namespace.path)
        var transaction = NFTransaction(table: "apus-test")
        transaction.addTable()
        transaction.addChain("chain-1")
        try await nftables.apply(transaction)
        var failing = NFTransaction(table: "apus-test")
        failing.addChain("chain-2")
        failing.deleteChain("no-such-chain")
        await #expect(throws: HostNetworkError.self) { try await nftables.apply(failing) }
        let listed = try #require(try await nftables.list(table: "apus-test"))
        #expect(listed.contains("chain chain-1"))
        #expect(!listed.contains("chain-2"))
        #expect(try await nftables.list(table: "apus-none") == nil)
    }

    @Test func `a refused change tells why`() async throws {
        let namespace = try NetworkNamespace()
        let nftables = try LibNFTables(networkNamespace: namespace.path)
        var transaction = NFTransaction(table: "apus-test")
        transaction.addRule("chain-1", "accept")
        let error = await #expect(throws: HostNetworkError.self) { try await nftables.apply(transaction) }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("No such file or directory") == true)
    }

    @Test func `a table is deleted whether it is there or not`() async throws {
        let namespace = try NetworkNamespace()
        let nftables = try LibNFTables(networkNamespace: namespace.path)
        var transaction = NFTransaction(table: "apus-test")
        transaction.deleteTable()
        try await nftables.apply(transaction)
        try await nftables.apply(transaction)
        #expect(try await nftables.list(table: "apus-test") == nil)
    }

    @Test func `a bridge gets its addresses and routes, twice over`() async throws {
        let namespace = try NetworkNamespace()
        let network = try LinuxNetworkStack(networkNamespace: namespace.path)
        for _ in 1...2 {
            try await network.ensureBridge("apus0", hardwareAddress: [0x0a, 0x58, 10, 244, 0, 1], mtu: 1400)
            try await network.ensureAddress(.v4(10, 244, 0, 1), prefixLength: 24, on: "apus0")
            try await network.ensureAddress(try #require(IPAddress("fd00:244::1")), prefixLength: 64, on: "apus0")
            try await network.ensureRoute(try #require(CIDR("10.96.0.0/12")), via: nil, on: "apus0")
            try await network.ensureRoute(try #require(CIDR("10.244.1.0/24")), via: .v4(10, 244, 0, 9), on: nil)
        }
        let bridge = try #require(try await network.links().first { $0.name == "apus0" })
        #expect(bridge.mtu == 1400 && bridge.isUp && bridge.kind == "bridge")
        let addresses = try await network.addresses().filter { $0.linkIndex == bridge.index && !$0.address.isLinkLocal }
        #expect(Set(addresses.map { "\($0.address)/\($0.prefixLength)" }) == ["10.244.0.1/24", "fd00:244::1/64"])
        let routes = try await network.routes(.v4)
        #expect(routes.contains(NetworkRoute(destination: try #require(CIDR("10.96.0.0/12")), linkIndex: bridge.index, maker: 4)))
        #expect(routes.contains { $0.gateway == .v4(10, 244, 0, 9) && $0.leadsToNode })
        try await network.deleteRoute(try #require(CIDR("10.244.1.0/24")), via: nil, on: nil)
        try await network.deleteRoute(try #require(CIDR("10.244.1.0/24")), via: nil, on: nil)
        #expect(try await network.routes(.v4).allSatisfy { $0.gateway == nil })
        try await network.deleteLink("apus0")
        try await network.deleteLink("apus0")
        #expect(try await network.links().allSatisfy { $0.name != "apus0" })
    }

    @Test func `sysctls are those of the namespace`() async throws {
        let namespace = try NetworkNamespace()
        let network = try LinuxNetworkStack(networkNamespace: namespace.path)
        let outside = try await LinuxNetworkStack().sysctl("net/ipv4/ip_forward")
        try await network.setSysctl("net/ipv4/ip_forward", outside == "1" ? "0" : "1")
        #expect(try await network.sysctl("net/ipv4/ip_forward") != outside)
        #expect(try await LinuxNetworkStack().sysctl("net/ipv4/ip_forward") == outside)
        #expect(try await network.sysctl("net/no/such/setting") == nil)
        await #expect(throws: HostNetworkError.self) { try await network.setSysctl("net/../kernel/hostname", "x") }
    }
}

@Suite struct NFTextTests {
    @Test func `a name of the API's becomes a name only if it is one`() {
        let name: String = "svc/default/web/tcp-80"
        #expect(NFName(name)?.description == name)
        for text in ["", "a b", "a;b/c", "a/b }", "a/\n", "1a/b", "reject", "a/ü", String(repeating: "a/", count: 200)] {
            #expect(NFName(text) == nil)
        }
        for text in ["", "a b", "a/b", "..", "interface-too-long", "a\"b"] { #expect(InterfaceName(text) == nil) }
    }

    @Test func `elements of one set share a command`() {
        var transaction = NFTransaction(table: "apus")
        transaction.addElements("set-1", ["\(IPAddress.v4(1, 2, 3, 4)) . \(TransportProtocol.tcp) . \(80)", "5.6.7.8 . udp . 53"])
        transaction.deleteElements("set-1", [])
        #expect(transaction.description == "add element inet apus set-1 { 1.2.3.4 . tcp . 80, 5.6.7.8 . udp . 53 }\n")
    }
}
