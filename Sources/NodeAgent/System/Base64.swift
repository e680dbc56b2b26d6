/// Base64 as the API uses it for bytes: the standard alphabet with padding.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    static func encode(_ bytes: some Collection<UInt8>) -> String {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 1
            if count == 3 {
                for shift in [18, 12, 6, 0] as [UInt32] { result.append(alphabet[Int(bits >> shift & 63)]) }
                bits = 0
                count = 0
            }
        }
        if count > 0 {
            bits <<= UInt32(8 * (3 - count))
            let shifts: [UInt32] = [18, 12, 6, 0]
            for shift in shifts.prefix(count + 1) { result.append(alphabet[Int(bits >> shift & 63)]) }
            for _ in count..<3 { result.append(UInt8(ascii: "=")) }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Nil where the text is not base64. Line breaks are skipped.
    static func decode(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count / 4 * 3)
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text.utf8 {
            if character == UInt8(ascii: "\n") || character == UInt8(ascii: "\r") { continue }
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            let value = values[Int(character)]
            guard value != 255, padding == 0 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 1
            if count == 4 {
                result += [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8), UInt8(truncatingIfNeeded: bits)]
                bits = 0
                count = 0
            }
        }
        switch (count, padding) {
        case (0, 0): break
        case (2, 2): result.append(UInt8(truncatingIfNeeded: bits >> 4))
        case (3, 1): result += [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
        default: return nil
        }
        return result
    }
}
