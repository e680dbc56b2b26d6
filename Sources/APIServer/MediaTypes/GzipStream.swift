import CZlib

/// gzip, a piece at a time.
final class GzipStream {
    /// The fastest: on a network between machines of one site, more costs more time than it saves.
    private static let level: Int32 = 1
    private static let chunkSize = 64 * 1024

    /// zlib keeps a pointer to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let chunk = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: chunkSize)
    private var ready: [[UInt8]] = []

    /// Nil where zlib fails, for want of memory.
    init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for gzip's header and trailer.
        guard
            deflateInit2_(stream, Self.level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        (stream.pointee.next_out, stream.pointee.avail_out) = (chunk.baseAddress, UInt32(Self.chunkSize))
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        chunk.deallocate()
    }

    /// Takes a piece and returns what is ready of the compressed form, which may be nothing; nil where zlib fails.
    func compress(_ piece: [UInt8]) -> [[UInt8]]? {
        let isTaken = piece.withUnsafeBufferPointer { input in
            // zlib doesn't write to its input, though its interface doesn't say so.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            while stream.pointee.avail_in > 0 {
                guard deflate(stream, Z_NO_FLUSH) == Z_OK else { return false }
                if stream.pointee.avail_out == 0 { drain() }
            }
            return true
        }
        return isTaken ? takeReady() : nil
    }

    /// The rest of the compressed form.
    func finish() -> [[UInt8]]? {
        while true {
            let result = deflate(stream, Z_FINISH)
            drain()
            if result == Z_STREAM_END { return takeReady() }
            guard result == Z_OK || result == Z_BUF_ERROR else { return nil }
        }
    }

    /// The pieces as one stream; nil where zlib fails.
    static func compress(_ pieces: [[UInt8]]) -> [[UInt8]]? {
        guard let gzip = GzipStream() else { return nil }
        var compressed: [[UInt8]] = []
        for piece in pieces {
            guard let more = gzip.compress(piece) else { return nil }
            compressed += more
        }
        return gzip.finish().map { compressed + $0 }
    }

    private func drain() {
        let filled = Self.chunkSize - Int(stream.pointee.avail_out)
        if filled > 0 { ready.append(Array(chunk[..<filled])) }
        (stream.pointee.next_out, stream.pointee.avail_out) = (chunk.baseAddress, UInt32(Self.chunkSize))
    }

    private func takeReady() -> [[UInt8]] {
        defer { ready = [] }
        return ready
    }
}
