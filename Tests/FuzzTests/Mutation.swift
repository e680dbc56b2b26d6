import TestSupport

/// Makes inputs out of others: what a careless or hostile client might do to a body.
struct Mutator {
    /// Longer inputs than this are cut, so that a run tries many instead of waiting for few.
    static let lengthMax = 1 << 16

    private static let bytes = Array("{}[]()\",:;\\/-+.=_0129eE&*!|>'#%@~<? \n\t\r\u{0}".utf8)
    private static let numbers = [
        "0", "-0", "-1", "255", "256", "65535", "65536", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e308", "1e999", "1e-400", "0.1", "1e3", "1E", "0x1F", "0777",
        "99999999999999999999999999999999999999999",
    ]
    private static let nestings = ["[", "{\"a\":", "{a: ", "- ", "(", "\"", "\\", "../", "%25", "a.", "a,", "a=b,", "\u{1}", "\u{80}", "\n", "---\n"]

    var dice: Dice
    let words: [String]

    mutating func mutated(_ input: [UInt8], others: [[UInt8]]) -> [UInt8] {
        var bytes = input
        let steps = 1 + dice.roll(dice.chance(4) ? 12 : 3)
        for _ in 0..<steps { mutate(&bytes, others) }
        if bytes.count > Self.lengthMax { bytes.removeSubrange(Self.lengthMax...) }
        return bytes
    }

    private mutating func mutate(_ bytes: inout [UInt8], _ others: [[UInt8]]) {
        guard !bytes.isEmpty else { return bytes = dice.pick(others) }
        let place = dice.roll(bytes.count)
        switch dice.roll(13) {
        case 0: bytes[place] ^= 1 << UInt8(dice.roll(8))
        case 1: bytes[place] = UInt8(dice.roll(256))
        case 2: bytes[place] = dice.pick(Self.bytes)
        case 3: bytes.insert(dice.pick(Self.bytes), at: place)
        case 4: bytes.removeSubrange(place..<min(bytes.count, place + 1 + dice.roll(16)))
        case 5: bytes.removeSubrange(place...)
        case 6: repeatPart(&bytes, at: place)
        case 7: bytes.insert(contentsOf: nesting(), at: place)
        case 8: changeNumber(&bytes, from: place)
        case 9, 10: insertWord(&bytes, at: place)
        case 11: bytes.replaceSubrange(place..<min(bytes.count, place + dice.roll(32)), with: part(of: dice.pick(others)))
        default: bytes.insert(contentsOf: part(of: dice.chance(2) ? bytes : dice.pick(others)), at: place)
        }
    }

    private mutating func part(of other: [UInt8]) -> ArraySlice<UInt8> {
        guard !other.isEmpty else { return [] }
        let start = dice.roll(other.count)
        return other[start..<min(other.count, start + 1 + dice.roll(64))]
    }

    private mutating func repeatPart(_ bytes: inout [UInt8], at place: Int) {
        let part = Array(bytes[place..<min(bytes.count, place + 1 + dice.roll(24))])
        let times = dice.chance(60) ? dice.roll(2_000) : 1 + dice.roll(6)
        bytes.insert(contentsOf: repeatElement(part, count: times).joined(), at: place)
    }

    private mutating func nesting() -> [UInt8] {
        let opening = Array(dice.pick(Self.nestings).utf8)
        let times = dice.chance(60) ? dice.roll(12_000) : 1 + dice.roll(40)
        return Array(repeatElement(opening, count: times).joined())
    }

    /// The next run of digits becomes a number that is hard to hold.
    private mutating func changeNumber(_ bytes: inout [UInt8], from place: Int) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let number = Array(dice.pick(Self.numbers).utf8)
        guard let start = bytes[place...].firstIndex(where: digits.contains) else { return bytes.insert(contentsOf: number, at: place) }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.endIndex
        bytes.replaceSubrange(start..<end, with: number)
    }

    private mutating func insertWord(_ bytes: inout [UInt8], at place: Int) {
        guard !words.isEmpty else { return }
        let word = Array(dice.pick(words).utf8)
        if dice.chance(2) {
            bytes.replaceSubrange(place..<min(bytes.count, place + word.count), with: word)
        } else {
            bytes.insert(contentsOf: word, at: place)
        }
    }
}
