/// Version 4 UUIDs as text, in lower case.
enum UUIDText {
    /// Of these bits, but for those that tell the version.
    static func text(_ high: UInt64, _ low: UInt64) -> String {
        let high = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for digit in 0..<32 {
                if place == 8 || place == 13 || place == 18 || place == 23 {
                    text[place] = UInt8(ascii: "-")
                    place += 1
                }
                let bits = digit < 16 ? high : low
                text[place] = digits[Int(bits >> UInt64(60 - digit % 16 * 4) & 15)]
                place += 1
            }
            return place
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
