/// Quick tests of texts that are canonical already, as most are. What fails here may still be, and goes the long way.
enum CanonicalForm {
    /// `100m`, `2`, `128Mi`: digits and a suffix, and no larger suffix would do.
    static func isQuantity(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable(isQuantity) ?? false
    }

    private static func isQuantity(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var number = 0
        var end = 0
        while end < text.count, end < 10, text[end] >= UInt8(ascii: "0"), text[end] <= UInt8(ascii: "9") {
            number = number * 10 + Int(text[end] - UInt8(ascii: "0"))
            end += 1
        }
        guard end > 0, text[0] != UInt8(ascii: "0") else { return text.count == 1 && end == 1 }
        switch text.count - end {
        case 0: return number % 1000 != 0
        case 1:
            switch text[end] {
            case UInt8(ascii: "m"), UInt8(ascii: "k"), UInt8(ascii: "M"), UInt8(ascii: "G"): return number % 1000 != 0
            default: return false
            }
        case 2:
            guard text[end + 1] == UInt8(ascii: "i") else { return false }
            switch text[end] {
            case UInt8(ascii: "K"), UInt8(ascii: "M"), UInt8(ascii: "G"): return number % 1024 != 0 && number < 1 << 30
            default: return false
            }
        default: return false
        }
    }

    /// `2026-01-02T15:04:05Z`, on a day that every month has.
    static func isTime(_ text: String) -> Bool {
        text.utf8.withContiguousStorageIfAvailable(isTime) ?? false
    }

    private static func isTime(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count == 20, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"), text[10] == UInt8(ascii: "T"),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"), text[19] == UInt8(ascii: "Z"), digits(text, 0) != nil,
            digits(text, 2) != nil, let month = digits(text, 5), let day = digits(text, 8), let hour = digits(text, 11),
            let minute = digits(text, 14), let second = digits(text, 17)
        else { return false }
        return (1...12).contains(month) && (1...28).contains(day) && hour < 24 && minute < 60 && second < 60
    }

    /// Two digits.
    private static func digits(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        let tens = Int(text[start]) - 48
        let ones = Int(text[start + 1]) - 48
        return (0...9).contains(tens) && (0...9).contains(ones) ? tens * 10 + ones : nil
    }
}
