/// The blocks of a cluster's pod addresses, one a node.
public enum PodBlocks {
    /// The first of 254 pods, or all where the cluster has no more.
    public static func first(of cluster: CIDR) -> CIDR {
        CIDR(cluster.network, prefixLength: max(cluster.prefixLength, cluster.network.isIPv4 ? 24 : 120))
    }

    /// How many there are; those beyond 65,536 are left alone.
    public static func count(of cluster: CIDR) -> Int { min(cluster.count / first(of: cluster).count, 65_536) }

    /// The first block at or after number `start`, then from the beginning on, that shares no address with those that are taken; nil where all are.
    public static func free(of cluster: CIDR, taken: [CIDR], from start: Int = 0) -> (block: CIDR, number: Int)? {
        let (size, count) = (first(of: cluster), count(of: cluster))
        for offset in 0..<count {
            let number = (start + offset) % count
            guard let address = cluster.address(at: number * size.count) else { return nil }
            let block = CIDR(address, prefixLength: size.prefixLength)
            if !taken.contains(where: { $0.contains(block.network) || block.contains($0.network) }) { return (block, number) }
        }
        return nil
    }

    /// The blocks that a Node object has.
    public static func held(by node: Value) -> [CIDR] {
        let texts = node.spec["podCIDRs"].strings
        return (texts.isEmpty ? [node.spec["podCIDR"].string].compactMap(\.self) : texts).compactMap { CIDR($0) }
    }
}
