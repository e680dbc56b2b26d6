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

    private static let safeAlphabet = Array("bcdfghjklmnpqrstvwxz2456789")

    /// The machine's clock and randomness.
    public static let system = Environment(
        now: { .now() },
        uid: { UUIDText.random() },
        suffix: { String((0..<5).map { _ in safeAlphabet[Int.random(in: safeAlphabet.indices)] }) })
}

/// Version 4 UUIDs as text.
private enum UUIDText {
    static func random() -> String {
        let high = UInt64.random(in: .min ... .max) & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = UInt64.random(in: .min ... .max) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Array(padded(high) + padded(low))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }

    private static func padded(_ number: UInt64) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
