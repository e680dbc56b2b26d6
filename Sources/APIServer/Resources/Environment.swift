import ObjectModel

/// What the server takes from the outside beside the store: time and chance. Tests put in their own, so that a failure can be replayed.
public struct Environment: Sendable {
    public var now: @Sendable () -> Timestamp

    /// A random UUID, in lower case.
    public var uid: @Sendable () -> String

    /// Five random characters of the API's safe alphabet, which has no vowels to spell words with.
    public var suffix: @Sendable () -> String

    public init(now: @escaping @Sendable () -> Timestamp, uid: @escaping @Sendable () -> String, suffix: @escaping @Sendable () -> String) {
        self.now = now
        self.uid = uid
        self.suffix = suffix
    }

    private static let safeAlphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// The machine's clock and randomness.
    public static let system = Environment(
        now: { .now() },
        uid: { UUIDText.random() },
        suffix: {
            // One draw for all five: each is a system call.
            var chance = UInt64.random(in: .min ... .max)
            return String(
                unsafeUninitializedCapacity: 5,
                initializingUTF8With: { text in
                    for index in 0..<5 {
                        let (rest, letter) = chance.quotientAndRemainder(dividingBy: UInt64(safeAlphabet.count))
                        chance = rest
                        text[index] = safeAlphabet[Int(letter)]
                    }
                    return 5
                })
        })
}

/// Version 4 UUIDs as text.
private enum UUIDText {
    static func random() -> String {
        let high = UInt64.random(in: .min ... .max) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = UInt64.random(in: .min ... .max) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for half in [high, low] {
                for shift in stride(from: 60, through: 0, by: -4) {
                    if [8, 13, 18, 23].contains(place) {
                        text[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    text[place] = digits[Int(half >> UInt64(shift) & 15)]
                    place += 1
                }
            }
            return place
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
