import Foundation
import Testing

/// The house's floors, as docs/architecture.md has them.
private let floors: [(floor: Int, targets: [String])] = [
    (0, ["EmbeddedDefinitions", "Metrics", "ObjectModel", "Schema", "KubernetesAPI"]),
    (1, ["CNFTables", "CZlib", "Storage", "ContainerRuntime", "HostNetwork", "Identity"]),
    (2, ["ClusterClient", "HTTPServer"]),
    (3, ["APIServer", "Controllers", "Scheduler", "NodeAgent", "ServiceNetwork"]),
    (4, ["apus"]),
]

private let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources")

/// The place of a target from the ground up: within a floor, later ones may import earlier ones.
private let places: [String: (floor: Int, row: Int)] = Dictionary(
    uniqueKeysWithValues: floors.flatMap { floor in floor.targets.enumerated().map { ($1, (floor.floor, $0)) } })

private func imports(of target: String) throws -> Set<String> {
    let folder = sources.appendingPathComponent(target)
    var found: Set<String> = []
    for case let file as URL in FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) ?? .init()
    where file.pathExtension == "swift" {
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index <= 1, index + 1 < words.count else { continue }
            found.insert(String(words[index + 1]))
        }
    }
    return found
}

@Test func everyTargetHasAFloor() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: sources.path)
    #expect(Set(folders) == Set(places.keys))
}

@Test(arguments: floors.flatMap(\.targets))
func importsOnlyGoDown(target: String) throws {
    let own = try #require(places[target])
    for name in try imports(of: target) {
        guard let other = places[name] else { continue }
        if other.floor == own.floor {
            #expect(own.floor != 3, "\(target) imports \(name): components meet only through the API")
            #expect(other.row < own.row, "\(target) imports \(name), which stands beside or above it")
        } else {
            #expect(other.floor < own.floor, "\(target) imports \(name), which is on a higher floor")
        }
    }
}
