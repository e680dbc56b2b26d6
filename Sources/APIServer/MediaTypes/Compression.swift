import CZlib
import HTTPServer

/// Large answers to clients that read gzip.
struct Compression: Sendable {
    /// The fastest: on a network between machines of one site, more costs more time than it saves.
    private static let level: Int32 = 1

    /// Nil where the request isn't a read of the API, or its client doesn't take gzip.
    init?(_ request: HTTPRequest) {
        guard request.api.method == .get, request.api.path.hasPrefix("/api"), let accepted = request.headers.first(name: "accept-encoding"),
            Self.takesGzip(accepted)
        else { return nil }
    }

    private static func takesGzip(_ accepted: String) -> Bool {
        accepted.split(separator: ",").contains { clause in
            let parts = clause.split(separator: ";").map(\.trimmed)
            guard parts.first == "gzip" else { return false }
            return !parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
        }
    }

    func compress(_ outcome: Outcome) -> Outcome { outcome.changing(elsewhere: Self.isWorthIt, Self.compressed) }

    @Sendable private static func isWorthIt(_ response: HTTPResponse) -> Bool {
        response.headers.first(name: "content-encoding") == nil && response.isLong
    }

    @Sendable private static func compressed(_ response: HTTPResponse) -> HTTPResponse {
        guard isWorthIt(response), let body = gzip(response.body) else { return response }
        var compressed = response
        compressed.body = body
        compressed.headers.replaceOrAdd(name: "content-encoding", value: "gzip")
        compressed.headers.add(name: "vary", value: "Accept-Encoding")
        return compressed
    }

    /// The pieces as one gzip stream; nil where zlib fails, for want of memory.
    private static func gzip(_ pieces: [[UInt8]]) -> [[UInt8]]? {
        var stream = z_stream()
        // 15 bits of window, and 16 for gzip's header and trailer.
        guard deflateInit2_(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { deflateEnd(&stream) }
        let chunk = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: chunkSize)
        defer { chunk.deallocate() }
        var compressed: [[UInt8]] = []
        func drain() {
            let filled = chunkSize - Int(stream.avail_out)
            if filled > 0 { compressed.append(Array(chunk[..<filled])) }
            (stream.next_out, stream.avail_out) = (chunk.baseAddress, UInt32(chunkSize))
        }
        (stream.next_out, stream.avail_out) = (chunk.baseAddress, UInt32(chunkSize))
        for piece in pieces {
            let isTaken = piece.withUnsafeBufferPointer { input in
                // zlib doesn't write to its input, though its interface doesn't say so.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                while stream.avail_in > 0 {
                    guard deflate(&stream, Z_NO_FLUSH) == Z_OK else { return false }
                    if stream.avail_out == 0 { drain() }
                }
                return true
            }
            guard isTaken else { return nil }
        }
        while true {
            let result = deflate(&stream, Z_FINISH)
            drain()
            if result == Z_STREAM_END { return compressed }
            guard result == Z_OK || result == Z_BUF_ERROR else { return nil }
        }
    }

    private static let chunkSize = 64 * 1024
}
