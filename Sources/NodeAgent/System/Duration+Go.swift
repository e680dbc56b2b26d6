extension Duration {
    /// As Go's `time.Duration` prints itself (`10s`, `2m40s`, `1.234s`, `350ms`): events and messages have it so.
    var goString: String {
        let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
        guard nanoseconds != 0 else { return "0s" }
        if nanoseconds < 0 { return "-" + (Duration.zero - self).goString }
        if nanoseconds < 1_000 { return "\(nanoseconds)ns" }
        if nanoseconds < 1_000_000 { return Self.fraction(nanoseconds, 1_000) + "µs" }
        if nanoseconds < 1_000_000_000 { return Self.fraction(nanoseconds, 1_000_000) + "ms" }
        let minutes = nanoseconds / 60_000_000_000
        let seconds = Self.fraction(nanoseconds % 60_000_000_000, 1_000_000_000) + "s"
        if minutes == 0 { return seconds }
        return minutes >= 60 ? "\(minutes / 60)h\(minutes % 60)m\(seconds)" : "\(minutes)m\(seconds)"
    }

    private static func fraction(_ amount: Int64, _ unit: Int64) -> String {
        let whole = amount / unit
        var rest = amount % unit
        guard rest != 0 else { return String(whole) }
        var digits = ""
        var place = unit / 10
        while rest != 0 {
            digits += String(rest / place)
            rest %= place
            place /= 10
        }
        return "\(whole).\(digits)"
    }
}
