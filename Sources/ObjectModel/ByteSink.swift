/// A growing buffer of bytes, without the checks of an array at every byte: what every writer of a wire form writes into.
public struct ByteSink: ~Copyable {
    public private(set) var count = 0
    private var capacity = 1024
    private var base = UnsafeMutableRawPointer.allocate(byteCount: 1024, alignment: 1)

    public init() {}

    deinit { base.deallocate() }

    @inline(__always) public mutating func append(_ byte: UInt8) {
        if count == capacity { grow(1) }
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    @inline(__always) mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always) public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if count + bytes.count > capacity { grow(bytes.count) }
        UnsafeMutableRawBufferPointer(start: base + count, count: bytes.count).copyMemory(from: bytes)
        count += bytes.count
    }

    public mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    /// The UTF-8 of a text.
    public mutating func append(_ text: String) {
        let isWritten: Void? = text.utf8.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
        if isWritten == nil { append(Array(text.utf8)) }
    }

    /// Changes a byte that was written. `position` is less than `count`.
    public mutating func set(_ byte: UInt8, at position: Int) {
        precondition(position >= 0 && position < count)
        base.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
    }

    /// Moves what was written from `position` on back by `size` bytes, whose content is then undefined.
    public mutating func makeRoom(_ size: Int, at position: Int) {
        precondition(position >= 0 && position <= count && size >= 0)
        if count + size > capacity { grow(size) }
        (base + position + size).copyMemory(from: base + position, byteCount: count - position)
        count += size
    }

    private mutating func grow(_ more: Int) {
        while capacity < count + more { capacity *= 2 }
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
    }

    public func append(to out: inout [UInt8]) { out.append(contentsOf: UnsafeRawBufferPointer(start: base, count: count)) }

    /// All that was written.
    public var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: base, count: count)) }
}
