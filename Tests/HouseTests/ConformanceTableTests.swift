import Foundation
import Testing

/// docs/conformance.md names tests; they are there.
@Suite struct ConformanceTableTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func read(_ path: String) throws -> String { try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8) }

    /// What stands between backticks in the table's second column, row by row.
    private static func rows() throws -> [[String]] {
        try read("docs/conformance.md").split(separator: "\n").filter { $0.hasPrefix("| ") && $0.contains("`") }.map { row in
            row.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { !$0.offset.isMultiple(of: 2) }.map {
                String($0.element)
            }
        }
    }

    @Test func everyTestThatIsNamedExists() throws {
        let script = try Self.read("scripts/kubectl-conformance")
        var suites: [String: String] = [:]
        let tests = Self.root.appendingPathComponent("Tests")
        for case let file as URL in FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil) ?? .init()
        where file.lastPathComponent.hasSuffix("Tests.swift") {
            suites[file.deletingPathExtension().lastPathComponent, default: ""] += try String(contentsOf: file, encoding: .utf8)
        }
        let rows = try Self.rows()
        #expect(rows.count > 60)
        for name in rows.flatMap(\.self) where !name.contains(" ") && !name.hasPrefix("-") && name != "hello" {
            let parts = name.split(separator: ".").map(String.init)
            if parts[0].hasSuffix("Tests") {
                let text = try #require(suites[parts[0]], "\(name)")
                if parts.count > 1 { #expect(text.contains("func \(parts[1])("), "\(name)") }
            } else {
                #expect(script.contains("\n\(name)() {") && script.contains("\n\(name)\n"), "\(name)")
            }
        }
    }
}
