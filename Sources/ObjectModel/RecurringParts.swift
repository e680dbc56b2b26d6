import Synchronization

/// What many objects have alike, such as the containers of pods from one template, their tolerations and token volumes: held once for all that are read
/// through here.
///
/// A table of fixed size, in which a part stands at the hash of its text until another takes that place: what recurs soon comes back.
final class RecurringParts: Sendable {
    /// That of the process: its components hold copies of the same collections.
    static let shared = RecurringParts()

    /// Texts beyond this many bytes are not worth a place, for a part stays in it when the last object that had it is gone.
    static let textMax = 16 * 1024

    private struct Slot {
        var hash: UInt64 = 0
        var part = Value.null
    }

    private static let placeBits = 13
    private let slots = Mutex([Slot](repeating: Slot(), count: 1 << placeBits))

    /// The part as others hold it already, or as it is.
    func held(_ part: Value, text: UnsafeRawBufferPointer) -> Value {
        let hash = Self.hash(text)
        let place = Int(truncatingIfNeeded: hash >> UInt64(64 - Self.placeBits))
        return slots.withLock { slots in
            if slots[place].hash == hash, slots[place].part == part { return slots[place].part }
            slots[place] = Slot(hash: hash, part: part)
            return part
        }
    }

    /// Eight bytes at a time. Whoever looks for collisions finds them, and gains nothing: parts are compared.
    private static func hash(_ text: UnsafeRawBufferPointer) -> UInt64 {
        var hash = UInt64(truncatingIfNeeded: text.count) &* 0x9E37_79B9_7F4A_7C15
        var position = 0
        func mix(_ word: UInt64) {
            let product = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
            hash = product.high ^ product.low
        }
        while position + 8 <= text.count {
            mix(text.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var last: UInt64 = 0
        while position < text.count {
            last = last << 8 | UInt64(text[position])
            position += 1
        }
        mix(last)
        return hash &* 0x9E37_79B9_7F4A_7C15
    }
}
