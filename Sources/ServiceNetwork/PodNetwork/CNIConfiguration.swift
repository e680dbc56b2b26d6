import HostNetwork
import ObjectModel

/// The configuration of the pod network as container runtimes read it (CNI 1.0.0).
///
/// The `bridge` plugin makes the interfaces and `host-local` gives out the addresses. Masquerading and host ports are not left to plugins: those
/// of the time speak iptables only; they are rules of our own.
enum CNIConfiguration {
    /// `10-` sorts before what others leave in the directory; runtimes take the first.
    static let fileName = "10-apus.conflist"

    static func conflist(_ configuration: PodNetwork.Configuration, mtu: Int) -> Value {
        let ranges = configuration.podCIDRs.map { podCIDR -> Value in
            [["subnet": .string("\(podCIDR.masked)"), "gateway": .string("\(configuration.gateway(of: podCIDR))")]]
        }
        let routes = configuration.podCIDRs.map { podCIDR -> Value in ["dst": .string(podCIDR.family == .v4 ? "0.0.0.0/0" : "::/0")] }
        let bridge: Value = [
            "type": "bridge", "bridge": .string("\(configuration.bridge)"), "isGateway": true, "ipMasq": false, "hairpinMode": true,
            "mtu": Value(mtu),
            "ipam": ["type": "host-local", "dataDir": .string(configuration.addressDirectory), "ranges": .array(ranges), "routes": .array(routes)],
        ]
        return ["cniVersion": "1.0.0", "name": "apus", "plugins": [bridge]]
    }
}
