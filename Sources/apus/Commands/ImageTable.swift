import ContainerRuntime

/// The images of a machine as a table, one line a name.
struct ImageTable {
    private var rows: [[String]] = []

    init(_ images: [CRIImage]) {
        for image in images {
            let id = String(image.id.drop { $0 != ":" }.dropFirst().prefix(12))
            let names = image.repoTags.isEmpty ? image.repoDigests : image.repoTags
            for name in names.isEmpty ? ["<none>"] : names { rows.append([name, id, Self.size(image.size)]) }
        }
        rows.sort { ($0[0], $0[1]) < ($1[0], $1[1]) }
    }

    var text: String {
        let lines = [["IMAGE", "ID", "SIZE"]] + rows
        let widths = (0..<2).map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count + 2) }.joined() + line[2]
        }.joined(separator: "\n")
    }

    /// `512 B`, `1.9 MiB`: three digits at most.
    static func size(_ bytes: UInt64) -> String {
        var (amount, unit) = (Double(bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while amount >= 1_000, unit < units.count - 1 { (amount, unit) = (amount / 1_024, unit + 1) }
        let tenths = Int((amount * 10).rounded())
        return unit == 0 || tenths >= 100 ? "\(Int(amount.rounded())) \(units[unit])" : "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
