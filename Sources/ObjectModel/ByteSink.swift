/// A growing buffer of bytes, without the checks of an array at every byte: what every writer of a wire form writes into.
public struct ByteSink: ~Copyable {
    @usableFromInline var filled = 0
    @usableFromInline var capacity: Int
    @usableFromInline var base: UnsafeMutableRawPointer

    /// - Parameter capacity: How many bytes it takes before it has to grow.
    public init(capacity: Int = 1024) {
        self.capacity = max(capacity, 1)
        base = .allocate(byteCount: self.capacity, alignment: 1)
    }

    deinit { base.deallocate() }

    /// Bytes that were written.
    @inlinable @inline(__always) public var count: Int { filled }

    @inlinable @inline(__always) public mutating func append(_ byte: UInt8) {
        if filled == capacity { grow(1) }
        base.storeBytes(of: byte, toByteOffset: filled, as: UInt8.self)
        filled += 1
    }

    @inline(__always) mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inlinable @inline(__always) public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if filled + bytes.count > capacity { grow(bytes.count) }
        UnsafeMutableRawBufferPointer(start: base + filled, count: bytes.count).copyMemory(from: bytes)
        filled += bytes.count
    }

    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// The UTF-8 of a text.
    public mutating func append(_ text: String) {
        let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
        if isWritten == nil { append(Array(text.utf8)) }
    }

    /// Changes a byte that was written. `position` is less than `count`.
    @inlinable @inline(__always) public mutating func set(_ byte: UInt8, at position: Int) {
        precondition(position >= 0 && position < filled)
        base.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
    }

    /// Moves what was written from `position` on back by `size` bytes, whose content is then undefined; forward, where `size` is negative.
    public mutating func makeRoom(_ size: Int, at position: Int) {
        precondition(position >= 0 && position <= filled && position + size >= 0)
        if filled + size > capacity { grow(size) }
        (base + position + size).copyMemory(from: base + position, byteCount: filled - position)
        filled += size
    }

    /// Forgets what was written behind the first `count` bytes.
    public mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= filled)
        filled = count
    }

    @usableFromInline mutating func grow(_ more: Int) {
        while capacity < filled + more { capacity *= 2 }
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
        larger.copyMemory(from: base, byteCount: filled)
        base.deallocate()
        base = larger
    }

    public func append(to out: inout [UInt8]) { out.append(contentsOf: UnsafeRawBufferPointer(start: base, count: filled)) }

    /// All that was written.
    public var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: base, count: filled)) }
}
