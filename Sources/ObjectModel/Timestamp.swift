/// A moment, to the nanosecond, as the API writes it: RFC 3339 in UTC. `Time` fields carry seconds, `MicroTime` fields microseconds.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Moments before 1677 and after 2262 become the first and the last that can be held.
    public init(seconds: Int64, nanoseconds: Int64 = 0) {
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowed) = scaled.addingReportingOverflow(nanoseconds)
        self.nanoseconds = overflow || overflowed ? (seconds < 0 ? .min : .max) : sum
    }

    public var seconds: Int64 { nanoseconds / 1_000_000_000 - (nanoseconds % 1_000_000_000 < 0 ? 1 : 0) }

    /// What there is beyond whole seconds.
    public var fraction: Int64 { nanoseconds % 1_000_000_000 + (nanoseconds % 1_000_000_000 < 0 ? 1_000_000_000 : 0) }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let (seconds, overflow) = time.seconds.addingReportingOverflow(duration.components.seconds)
        let rest = time.fraction + duration.components.attoseconds / 1_000_000_000
        return Timestamp(seconds: overflow ? (duration < .zero ? .min : .max) : seconds, nanoseconds: rest)
    }

    public static func - (left: Timestamp, right: Timestamp) -> Duration { .nanoseconds(left.nanoseconds) - .nanoseconds(right.nanoseconds) }

    /// `2026-01-02T15:04:05Z`, the form of `metav1.Time`.
    public var rfc3339: String { Self.date(seconds) + "Z" }

    /// `2026-01-02T15:04:05.000006Z`, the form of `metav1.MicroTime`.
    public var rfc3339Micro: String {
        Self.date(seconds) + "." + Self.padded(fraction / 1_000, 6) + "Z"
    }

    /// Nanoseconds in hexadecimal: what makes an event's name unique.
    public var eventSuffix: String { String(nanoseconds, radix: 16) }

    /// Reads RFC 3339 with any offset and up to nine digits of a fraction.
    public init?(rfc3339 text: String) {
        var reader = Reader(Array(text.utf8))
        guard let year = reader.digits(4), reader.skip("-"), let month = reader.digits(2), reader.skip("-"), let day = reader.digits(2),
            reader.skip("T") || reader.skip("t"), let hour = reader.digits(2), reader.skip(":"), let minute = reader.digits(2), reader.skip(":"),
            let second = reader.digits(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        guard let fraction = reader.fraction(), let offset = reader.offset(), reader.isAtEnd else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        self.init(seconds: days * 86_400 + hour * 3_600 + minute * 60 + second - offset, nanoseconds: fraction)
    }

    // MARK: Calendar

    /// Days since 1970-01-01 in the proleptic Gregorian calendar. (Years start in March, so that the leap day is the last.)
    public static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ seconds: Int64) -> String {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let rest = seconds - days * 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return
            "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(rest / 3_600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private struct Reader {
        var bytes: [UInt8]
        var position = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { position == bytes.count }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        mutating func digits(_ count: Int) -> Int64? {
            guard position + count <= bytes.count else { return nil }
            var result: Int64 = 0
            for byte in bytes[position..<position + count] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                result = result * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            position += count
            return result
        }

        /// Nanoseconds after a point; 0 where there is none.
        mutating func fraction() -> Int64? {
            guard skip(".") else { return 0 }
            var result: Int64 = 0
            var count = 0
            while count < 9, let digit = digits(1) {
                result = result * 10 + digit
                count += 1
            }
            guard count > 0 else { return nil }
            while digits(1) != nil {}
            for _ in count..<9 { result *= 10 }
            return result
        }

        /// Seconds east of UTC.
        mutating func offset() -> Int64? {
            if skip("Z") || skip("z") { return 0 }
            let sign: Int64
            if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
            guard let hours = digits(2), skip(":"), let minutes = digits(2) else { return nil }
            return sign * (hours * 3_600 + minutes * 60)
        }
    }
}
