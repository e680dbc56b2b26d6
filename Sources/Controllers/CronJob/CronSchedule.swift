import ObjectModel

/// When a CronJob runs: cron's five fields, a descriptor such as `@hourly`, or `@every 1h30m`.
enum CronSchedule: Equatable {
    case fields(CronFields)
    case every(Duration)

    /// What is wrong with a schedule, as upstream's cron library says it.
    struct ParseError: Error, CustomStringConvertible { let description: String }

    init(_ text: String) throws(ParseError) {
        if text.isEmpty { throw ParseError(description: "empty spec string") }
        guard text.hasPrefix("@") else {
            self = .fields(try CronFields(text))
            return
        }
        if text.hasPrefix("@every ") {
            guard let pause = Self.duration(text.dropFirst(7)) else {
                throw ParseError(description: "failed to parse duration \(text): time: invalid duration \"\(text.dropFirst(7))\"")
            }
            // Whole seconds, one at least.
            self = .every(.seconds(max(1, pause.components.seconds)))
            return
        }
        guard let fields = Self.descriptors[text] else { throw ParseError(description: "unrecognized descriptor: \(text)") }
        self = .fields(try CronFields(fields))
    }

    private static let descriptors = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]

    /// The first time after `time`; nil where there is none within five years.
    func next(after time: Timestamp, in zone: TimeZoneRules) -> Timestamp? {
        switch self {
        case .every(let pause): Timestamp(seconds: time.seconds) + pause
        case .fields(let fields): fields.next(after: time, in: zone)
        }
    }

    /// Go's duration text: `1h30m`, `90s`, `1.5h`.
    private static func duration(_ text: Substring) -> Duration? {
        let units: [String: Double] = ["h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 0.000_001, "ns": 0.000_000_001]
        var rest = text
        var seconds = 0.0
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let factor = units[String(unit)] else { return nil }
            seconds += number * factor
        }
        // What 64 bits of nanoseconds can't hold is no duration.
        guard seconds < 9_223_372_036 else { return nil }
        return .seconds(Int64(seconds))
    }
}

/// Minute, hour, day of the month, month, day of the week.
struct CronFields: Equatable {
    private var minutes: Set<Int>
    private var hours: Set<Int>
    private var days: Set<Int>
    private var months: Set<Int>
    private var weekdays: Set<Int>

    /// Where one of the two is `*`, the other alone decides; where neither is, either will do.
    private var anyDay: Bool
    private var anyWeekday: Bool

    private static let monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    init(_ text: String) throws(CronSchedule.ParseError) {
        let fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard fields.count == 5 else {
            throw CronSchedule.ParseError(description: "expected exactly 5 fields, found \(fields.count): [\(fields.joined(separator: " "))]")
        }
        minutes = try Self.parse(fields[0], 0...59)
        hours = try Self.parse(fields[1], 0...23)
        days = try Self.parse(fields[2], 1...31)
        months = try Self.parse(fields[3], 1...12, names: Self.monthNames, first: 1)
        weekdays = try Self.parse(fields[4], 0...6, names: Self.weekdayNames, first: 0)
        anyDay = Self.hasStar(fields[2])
        anyWeekday = Self.hasStar(fields[4])
    }

    private static func hasStar(_ field: String) -> Bool {
        field.split(separator: ",").contains { $0 == "*" || $0 == "?" || $0.hasPrefix("*/1") && $0 == "*/1" || $0.hasPrefix("?/1") && $0 == "?/1" }
    }

    private static func parse(
        _ field: String, _ bounds: ClosedRange<Int>, names: [String] = [], first: Int = 0
    ) throws(CronSchedule.ParseError) -> Set<Int> {
        var values: Set<Int> = []
        for part in field.split(separator: ",", omittingEmptySubsequences: true) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard pieces.count <= 2 else { throw CronSchedule.ParseError(description: "too many slashes: \(part)") }
            var (low, high) = try range(pieces[0], bounds, names, first)
            var step = 1
            if pieces.count == 2 {
                step = try number(pieces[1])
                // `N/step` means from N to the end.
                if !pieces[0].contains("-"), pieces[0] != "*", pieces[0] != "?" { high = bounds.upperBound }
                if step == 0 { throw CronSchedule.ParseError(description: "step of range should be a positive number: \(part)") }
            }
            if low < bounds.lowerBound {
                throw CronSchedule.ParseError(description: "beginning of range (\(low)) below minimum (\(bounds.lowerBound)): \(part)")
            }
            if high > bounds.upperBound {
                throw CronSchedule.ParseError(description: "end of range (\(high)) above maximum (\(bounds.upperBound)): \(part)")
            }
            if low > high { throw CronSchedule.ParseError(description: "beginning of range (\(low)) beyond end of range (\(high)): \(part)") }
            // A step beyond the end is as good as any other beyond it.
            step = min(step, bounds.upperBound + 1)
            while low <= high {
                values.insert(low)
                low += step
            }
        }
        return values
    }

    private static func range(
        _ text: String, _ bounds: ClosedRange<Int>, _ names: [String], _ first: Int
    ) throws(CronSchedule.ParseError) -> (Int, Int) {
        if text == "*" || text == "?" { return (bounds.lowerBound, bounds.upperBound) }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard ends.count <= 2 else { throw CronSchedule.ParseError(description: "too many hyphens: \(text)") }
        func value(_ text: String) throws(CronSchedule.ParseError) -> Int {
            if let index = names.firstIndex(of: text.lowercased()) { return index + first }
            return try number(text)
        }
        let low = try value(ends[0])
        return (low, ends.count == 2 ? try value(ends[1]) : low)
    }

    private static func number(_ text: String) throws(CronSchedule.ParseError) -> Int {
        guard let number = Int(text) else {
            throw CronSchedule.ParseError(description: "failed to parse int from \(text): strconv.Atoi: parsing \"\(text)\": invalid syntax")
        }
        if number < 0 { throw CronSchedule.ParseError(description: "negative number (\(number)) not allowed: \(text)") }
        return number
    }

    private func matches(_ day: CivilTime) -> Bool {
        guard months.contains(day.month) else { return false }
        let (isDay, isWeekday) = (days.contains(day.day), weekdays.contains(day.weekday))
        return anyDay || anyWeekday ? isDay && isWeekday : isDay || isWeekday
    }

    /// Day by day, then by the hours and minutes of the day as its clock shows them: times that a change of clocks skips are passed over.
    func next(after time: Timestamp, in zone: TimeZoneRules) -> Timestamp? {
        let start = Timestamp(seconds: time.seconds - (time.seconds % 60 + 60) % 60 + 60)
        var day = CivilTime(start, in: zone).startOfDay
        for _ in 0..<(5 * 366) {
            if matches(day) {
                for hour in hours.sorted() {
                    for minute in minutes.sorted() {
                        var wanted = day
                        (wanted.hour, wanted.minute) = (hour, minute)
                        if let moment = wanted.moments(in: zone).first(where: { $0 >= start }) { return moment }
                    }
                }
            }
            day = day.nextDay
        }
        return nil
    }
}
