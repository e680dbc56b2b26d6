import HostNetwork
import ObjectModel

/// A container's port that the host listens on (`hostPort`).
struct HostPort: Hashable, Sendable {
    /// Nil where every address of the host will do.
    var hostAddress: IPAddress?
    var hostPort: UInt16
    var transport: TransportProtocol
    var podAddress: IPAddress
    var containerPort: UInt16

    /// The host ports of a pod that runs on this node; none for a pod in the host's own network, whose ports are the host's anyway.
    static func all(of pod: Value) -> [HostPort] {
        let spec = pod.spec
        guard spec["hostNetwork"].bool != true, !["Succeeded", "Failed"].contains(pod.status["phase"].string) else { return [] }
        var addresses = pod.status["podIPs"].array.compactMap { $0["ip"].string.flatMap { IPAddress($0) } }
        if addresses.isEmpty { addresses = [pod.status["podIP"].string.flatMap { IPAddress($0) }].compactMap(\.self) }
        guard !addresses.isEmpty else { return [] }
        // A native sidecar may have host ports too.
        let sidecars = spec["initContainers"].array.filter { $0["restartPolicy"].string == "Always" }
        return (spec["containers"].array + sidecars).flatMap { $0["ports"].array }.flatMap { port in
            addresses.compactMap { HostPort(port, podAddress: $0) }
        }
    }

    private init?(_ port: Value, podAddress: IPAddress) {
        guard let hostPort = port["hostPort"].int.flatMap(UInt16.init(exactly:)), hostPort > 0,
            let containerPort = port["containerPort"].int.flatMap(UInt16.init(exactly:)),
            let transport = TransportProtocol(api: port["protocol"].string ?? "TCP")
        else { return nil }
        let address = port["hostIP"].string.flatMap { IPAddress($0) }.flatMap { $0.isUnspecified ? nil : $0 }
        if let address, address.family != podAddress.family { return nil }
        hostAddress = address
        self.hostPort = hostPort
        self.transport = transport
        self.podAddress = podAddress
        self.containerPort = containerPort
    }
}
