import Foundation

enum TestClock {
    static var seconds: Double { Date().timeIntervalSince1970 }
}

struct ProcessFailure: Error {
    var status: Int32
    var output: String
}

/// Runs a program to its end and returns what it printed.
func run(_ program: String, _ arguments: [String]) async throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let bytes = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Data, any Error>) in
        // Reading blocks: on a thread of its own, so that the tests' few threads stay free.
        Thread.detachNewThread { continuation.resume(with: Result { try output.fileHandleForReading.readToEnd() ?? Data() }) }
    }
    process.waitUntilExit()
    let text = String(decoding: bytes, as: UTF8.self)
    guard process.terminationStatus == 0 else { throw ProcessFailure(status: process.terminationStatus, output: text) }
    return text
}

/// Files with these contents for the time of `body`, which gets their paths by name.
func withFiles(_ contents: [String: String], _ body: (@Sendable (String) -> String) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    for (name, text) in contents { try Data(text.utf8).write(to: directory.appendingPathComponent(name)) }
    let path = directory.path
    try await body { "\(path)/\($0)" }
}
