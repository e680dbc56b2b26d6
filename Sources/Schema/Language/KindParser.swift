/// Reads a `kind` block.
enum KindParser {
    static func parse(_ lines: inout SchemaLines, in file: SchemaFile) -> KindDefinition {
        var definition = KindDefinition(group: file.group, version: file.version, kind: "", typeName: "")
        while let line = lines.next() {
            switch line.words.first {
            case "kind":
                definition.kind = line.word(1)
                definition.typeName = "\(file.package).\(line.word(1))"
            case "resource":
                definition.plural = line.word(1)
                definition.singular = line.word(2)
                definition.isNamespaced = line.word(3) == "namespaced"
            case "short": definition.shortNames = Array(line.words.dropFirst())
            case "categories": definition.categories = Array(line.words.dropFirst())
            case "verbs": definition.verbs = Array(line.words.dropFirst())
            case "subresource": definition.subresources.append(subresource(line))
            case "column": definition.columns.append(column(line))
            default: preconditionFailure("schema file \(file.package): a kind can't say \(line.words)")
            }
        }
        return definition
    }

    /// `subresource scale autoscaling/v1/Scale get patch update`
    private static func subresource(_ line: SchemaLines.Line) -> KindDefinition.Subresource {
        let kind = line.word(2).split(separator: "/").map(String.init)
        return KindDefinition.Subresource(
            name: line.word(1), groupVersion: kind.count == 3 ? (kind[0], kind[1]) : nil, kind: kind.last ?? "", verbs: Array(line.words.dropFirst(3))
        )
    }

    /// `column "Node Selector" string wide`
    private static func column(_ line: SchemaLines.Line) -> KindDefinition.Column {
        KindDefinition.Column(
            name: line.word(1), type: line.word(2), format: line.words.contains("name") ? "name" : "", priority: line.words.last == "wide" ? 1 : 0)
    }
}
