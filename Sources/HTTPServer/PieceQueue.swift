import NIOCore

/// Bytes on their way out, in the pieces they came in. Pieces are let go of as soon as they are copied into a buffer for the socket,
/// so that a long answer is never there twice.
struct PieceQueue {
    private var pieces: [[UInt8]] = []
    private var next = 0
    private var offset = 0

    /// Bytes not yet taken.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    init() {}

    init(_ pieces: [[UInt8]]) {
        self.pieces = pieces
        count = pieces.reduce(0) { $0 + $1.count }
    }

    mutating func append(_ more: [[UInt8]]) {
        if isEmpty {
            self = PieceQueue(more)
        } else {
            pieces.append(contentsOf: more)
            count += more.reduce(0) { $0 + $1.count }
        }
    }

    /// The next bytes, `limit` at most; nil when there are none.
    mutating func take(upTo limit: Int, _ allocator: ByteBufferAllocator) -> ByteBuffer? {
        guard count > 0 else { return nil }
        let size = min(limit, count)
        var buffer = allocator.buffer(capacity: size)
        var wanted = size
        while wanted > 0 {
            let piece = pieces[next]
            let length = min(wanted, piece.count - offset)
            buffer.writeBytes(piece[offset..<offset + length])
            wanted -= length
            offset += length
            if offset == piece.count {
                pieces[next] = []
                next += 1
                offset = 0
            }
        }
        count -= size
        if count == 0 { self = PieceQueue() }
        return buffer
    }
}
