/// Which nodes hold which image.
final class ImageSpread {
    private var sizes: [String: [Int: Int64]] = [:]

    func add(_ node: NodeInfo) { for (name, size) in node.images { sizes[name, default: [:]][node.index] = size } }

    func remove(_ node: NodeInfo) {
        for name in node.images.keys {
            sizes[name]?[node.index] = nil
            if sizes[name]?.isEmpty == true { sizes[name] = nil }
        }
    }

    /// The image's size on each node that holds it, by `NodeInfo.index`.
    func holders(_ image: String) -> [Int: Int64] { sizes[Self.normalized(image)] ?? [:] }

    /// An image without a tag is the one tagged `latest`.
    static func normalized(_ image: String) -> String {
        let afterSlash = image.lastIndex(of: "/").map { image[$0...] } ?? image[...]
        return afterSlash.contains(":") || image.contains("@") ? image : image + ":latest"
    }
}
