import Glibc

/// The names of a type's fields as bytes, to be found by keys that stand in JSON text.
final class ProtobufNames: Sendable {
    /// All names one behind the other; written once, before anybody reads them.
    nonisolated(unsafe) private let bytes: UnsafeMutableRawBufferPointer

    /// Where each name begins, and where the last one ends.
    private let starts: [Int]

    init(_ fields: [FieldDefinition]) {
        var all: [UInt8] = []
        var starts = [0]
        for field in fields {
            all += field.name.utf8
            starts.append(all.count)
        }
        bytes = .allocate(byteCount: all.count, alignment: 1)
        bytes.copyBytes(from: all)
        self.starts = starts
    }

    deinit { bytes.deallocate() }

    /// The place of a name. Looks from `start` on first, for keys come in the order of the names.
    @inline(__always) func place(of key: UnsafeRawBufferPointer, from start: Int) -> Int? {
        for place in start..<starts.count - 1 where matches(place, key) { return place }
        for place in 0..<start where matches(place, key) { return place }
        return nil
    }

    @inline(__always) private func matches(_ place: Int, _ key: UnsafeRawBufferPointer) -> Bool {
        guard starts[place + 1] - starts[place] == key.count, let name = bytes.baseAddress, let key = key.baseAddress else { return false }
        return memcmp(name + starts[place], key, starts[place + 1] - starts[place]) == 0
    }
}
