import ClusterClient
import Foundation
import HTTPServer
import ObjectModel
import Synchronization
import Testing

@testable import NodeAgent

/// What of a log file a client gets, by the parameters of its request.
@Suite struct ContainerLogTests {
    private final class Sink: StreamSink {
        let text = Mutex<[UInt8]>([])
        let pendingBytes = 0
        func write(_ bytes: [UInt8]) -> Bool {
            text.withLock { $0 += bytes }
            return true
        }
        func finish() {}
        func onClose(_ handler: @escaping @Sendable () -> Void) {}
        func waitForRoom() async -> Bool { true }
    }

    /// Four lines, a second apart, on both streams; the third was written in two parts.
    private static let log = """
        2026-01-01T00:00:01.000000001Z stdout F one
        2026-01-01T00:00:02.000000000Z stderr F two
        2026-01-01T00:00:03.000000000Z stdout P thr
        2026-01-01T00:00:03.500000000Z stdout F ee
        2026-01-01T00:00:04.000000000Z stdout F four

        """

    @Test(
        arguments: [
            ("", "one\ntwo\nthree\nfour\n"), ("tailLines=2", "ee\nfour\n"), ("tailLines=0", ""), ("tailLines=99", "one\ntwo\nthree\nfour\n"),
            ("limitBytes=6", "one\ntw"), ("tailLines=1&limitBytes=2", "fo"), ("limitBytes=1000", "one\ntwo\nthree\nfour\n"),
            ("sinceTime=2026-01-01T00:00:03Z", "three\nfour\n"), ("sinceTime=2026-01-01T01:00:04%2B01:00", "four\n"),
            ("sinceTime=2027-01-01T00:00:00Z", ""),
            ("sinceSeconds=7", "three\nfour\n"), ("sinceSeconds=9223372036854775807", "one\ntwo\nthree\nfour\n"),
            ("timestamps=true&tailLines=1", "2026-01-01T00:00:04.000000000Z four\n"),
            ("timestamps=true&sinceTime=2026-01-01T00:00:03Z&limitBytes=41", "2026-01-01T00:00:03.000000000Z three\n2026"),
            ("stream=Stderr", "two\n"), ("stream=Stdout&limitBytes=5", "one\nt"),
        ] as [(String, String)])
    func `is what was asked for`(query: String, expected: String) async throws {
        let path = NSTemporaryDirectory() + "apus-log-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Self.log.write(toFile: path, atomically: false, encoding: .utf8)
        let pairs = query.split(separator: "&").map { $0.split(separator: "=").map { $0.removingPercentEncoding ?? "" } }
        let request = APIRequest(.get, "/containerLogs/a/b/c", query: pairs.map { ($0[0], $0[1]) })
        let options = try ContainerLogOptions(request, now: Timestamp(rfc3339: "2026-01-01T00:00:10Z"))
        let sink = Sink()
        try await ContainerLogReader(path: path, options: options).send(to: sink) {}
        #expect(String(decoding: sink.text.withLock { $0 }, as: UTF8.self) == expected)
    }

    @Test(arguments: ["tailLines=x", "limitBytes=-1", "sinceTime=yesterday"]) func `that means nothing is refused`(query: String) {
        let parts = query.split(separator: "=").map(String.init)
        #expect(throws: APIError.self) { try ContainerLogOptions(APIRequest(.get, "/", query: [(parts[0], parts[1])])) }
    }
}
