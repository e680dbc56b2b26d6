import ObjectModel

/// A date and a time of day, as a clock on the wall shows them.
struct CivilTime: Equatable {
    var year: Int
    var month: Int
    var day: Int
    var hour = 0
    var minute = 0
    var second = 0

    /// What the clock of a zone shows at a moment.
    init(_ time: Timestamp, in zone: TimeZoneRules) { self.init(localSeconds: time.seconds + zone.offset(at: time)) }

    init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        (self.year, self.month, self.day, self.hour, self.minute, self.second) = (year, month, day, hour, minute, second)
    }

    init(localSeconds: Int64) {
        let days = (localSeconds >= 0 ? localSeconds : localSeconds - 86_399) / 86_400
        let rest = Int(localSeconds - days * 86_400)
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = Int(dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100))
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
        (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60)
    }

    /// Days since 1970-01-01.
    var days: Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }

    /// Seconds since the epoch, if the clock were one of UTC.
    var localSeconds: Int64 { days * 86_400 + Int64(hour * 3_600 + minute * 60 + second) }

    /// 0 is Sunday.
    var weekday: Int { Int(((days + 4) % 7 + 7) % 7) }

    var startOfDay: CivilTime { CivilTime(year: year, month: month, day: day) }

    var nextDay: CivilTime { CivilTime(localSeconds: (days + 1) * 86_400) }

    /// The moments at which the zone's clock shows this: one as a rule, none or two when clocks change.
    func moments(in zone: TimeZoneRules) -> [Timestamp] {
        let local = localSeconds
        let near = Timestamp(seconds: local)
        let offsets = Set([zone.offset(at: near + .seconds(-86_400)), zone.offset(at: near + .seconds(86_400))])
        return offsets.map { Timestamp(seconds: local - $0) }.filter { zone.offset(at: $0) == local - $0.seconds }.sorted()
    }

    static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    static func daysInMonth(_ month: Int, _ year: Int) -> Int {
        [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}
