import Foundation
import ObjectModel

/// What a node was started with that its removal must know: kept in the data directory as `node.json`.
struct NodeTraces {
    var podCIDR: CIDR
    var clusterCIDR: CIDR
    var serviceCIDR: String
    var cgroupRoot: String

    /// What is so unless something else was asked for.
    static func standard() throws -> NodeTraces {
        let cluster = try Settings.block(PodNetworkOptions.standardClusterCIDR, "--cluster-cidr", PodNetworkOptions.standardClusterCIDR)
        return NodeTraces(
            podCIDR: PodBlocks.first(of: cluster), clusterCIDR: cluster, serviceCIDR: PodNetworkOptions.standardServiceCIDR, cgroupRoot: "/")
    }

    private static let file = "node.json"

    func write(to directory: DataDirectory) throws {
        let value: Value = [
            "podCIDR": .string(podCIDR.description), "clusterCIDR": .string(clusterCIDR.description), "serviceCIDR": .string(serviceCIDR),
            "cgroupRoot": .string(cgroupRoot),
        ]
        let path = directory.file(Self.file)
        do {
            try Data(value.canonicalJSON()).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw Failure("cannot write \(path): \(DataDirectory.reason(error)); free some space, or choose another directory with --data-dir")
        }
    }

    init(podCIDR: CIDR, clusterCIDR: CIDR, serviceCIDR: String, cgroupRoot: String) {
        (self.podCIDR, self.clusterCIDR, self.serviceCIDR, self.cgroupRoot) = (podCIDR, clusterCIDR, serviceCIDR, cgroupRoot)
    }

    /// Nil where no node was started under this directory, or only by an older version.
    init?(of directory: DataDirectory) {
        guard let data = FileManager.default.contents(atPath: directory.file(Self.file)), let value = try? YAML.parse(data).value,
            let pods = value["podCIDR"].string.flatMap({ CIDR($0) }), let cluster = value["clusterCIDR"].string.flatMap({ CIDR($0) }),
            let services = value["serviceCIDR"].string, let root = value["cgroupRoot"].string
        else { return nil }
        self.init(podCIDR: pods, clusterCIDR: cluster, serviceCIDR: services, cgroupRoot: root)
    }
}
