import ClusterClient
import HostNetwork
import ObjectModel
import Testing

@testable import ServiceNetwork

@Suite struct `Routes to other nodes' pods` {
    private func node(_ name: String, _ block: String, _ address: String) -> Value {
        [
            "metadata": ["name": .string(name)], "spec": ["podCIDR": .string(block), "podCIDRs": [.string(block)]],
            "status": ["addresses": [["type": "Hostname", "address": .string(name)], ["type": "InternalIP", "address": .string(address)]]],
        ]
    }

    @Test func `lead over each one's address of the block's family, and not to oneself`() throws {
        let nodes = [
            node("own", "10.244.0.0/24", "192.0.2.1"), node("other", "10.244.1.0/24", "192.0.2.2"), node("six", "10.244.2.0/24", "2001:db8::1"),
            ["metadata": ["name": "new"], "spec": [:]],
        ]
        let wanted = NodeRoutes.wanted(nodes, on: "own")
        #expect(wanted == [try #require(CIDR("10.244.1.0/24")): try #require(IPAddress("192.0.2.2"))])
    }

    @Test func `are removed without those that others made`() async throws {
        let network = RecordingNetworkStack()
        await network.ensureBridge("apus0", hardwareAddress: [0, 0, 0, 0, 0, 0], mtu: 1500)
        try await network.ensureRoute(try #require(CIDR("10.96.0.0/16")), via: nil, on: "apus0")
        try await network.ensureRoute(try #require(CIDR("10.244.1.0/24")), via: IPAddress("192.0.2.2"), on: nil)
        try await NodeRoutes.remove(network)
        #expect(await network.routes(.v4).map(\.destination) == [try #require(CIDR("10.96.0.0/16"))])
    }
}
