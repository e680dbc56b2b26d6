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
        uid: { UUIDText.text(.random(in: .min ... .max), .random(in: .min ... .max)) },
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
