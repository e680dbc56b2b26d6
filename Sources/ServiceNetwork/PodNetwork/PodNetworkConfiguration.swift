import HostNetwork
import ObjectModel

extension PodNetwork {
    /// How the pods of one node are connected.
    public struct Configuration: Sendable {
        /// This node's name, to find the pods whose host ports it serves.
        public var nodeName: String

        /// The networks that this node's pods get addresses from, one per family at most.
        public var podCIDRs: [CIDR]

        /// The networks of all pods of the cluster: traffic within them keeps its source.
        public var clusterCIDRs: [CIDR]

        /// The networks of cluster IPs. The host gets a route for them over the bridge, so that it reaches Services without a default route too.
        public var serviceCIDRs: [CIDR]

        /// The bridge that the pods hang on.
        public var bridge: InterfaceName

        /// Nil means as the interface has that the default route leads over, or 1500.
        public var mtu: Int?

        /// Where the container runtime looks for the network's configuration, such as `/etc/cni/net.d`.
        public var configurationDirectory: String

        /// Where addresses in use are noted (`host-local`), under the data directory.
        public var addressDirectory: String

        public init(
            nodeName: String, podCIDRs: [CIDR], clusterCIDRs: [CIDR], serviceCIDRs: [CIDR], bridge: InterfaceName = "apus0", mtu: Int? = nil,
            configurationDirectory: String, addressDirectory: String
        ) {
            self.nodeName = nodeName
            self.podCIDRs = podCIDRs
            self.clusterCIDRs = clusterCIDRs
            self.serviceCIDRs = serviceCIDRs
            self.bridge = bridge
            self.mtu = mtu
            self.configurationDirectory = configurationDirectory
            self.addressDirectory = addressDirectory
        }
    }
}

extension PodNetwork.Configuration {
    /// The host's address on the bridge, which is the pods' gateway: the first of the network.
    public func gateway(of podCIDR: CIDR) -> IPAddress { podCIDR.address(at: 1) ?? podCIDR.network }

    /// A hardware address made from the gateway's IP address. A bridge without one of its own takes its ports', and changes it as pods come and go.
    var hardwareAddress: [UInt8] {
        let bytes = podCIDRs.first.map { gateway(of: $0).bytes } ?? [0, 0, 0, 1]
        return [0x0a, 0x58] + bytes.suffix(4)
    }
}
