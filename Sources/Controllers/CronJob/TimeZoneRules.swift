import Glibc
import ObjectModel

/// How far a zone's clocks are ahead of UTC, and when that changes: a zone file of the system (TZif, RFC 9636).
struct TimeZoneRules: Sendable {
    private var transitions: [(time: Int64, offset: Int64)] = []
    private var initial: Int64 = 0

    /// After the last transition.
    private var future: RecurringOffset?

    static let utc = TimeZoneRules()

    private static let folders = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo"]

    /// Longest zone file that is read, in bytes.
    private static let sizeMax = 1 << 20

    private init() {}

    /// The zone of a name such as `Europe/Berlin`; nil where the system knows none.
    init?(named name: String) {
        if name == "UTC" || name == "Etc/UTC" {
            self = .utc
            return
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard !name.isEmpty, parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\\") }) else { return nil }
        for folder in Self.folders {
            if let bytes = Self.read("\(folder)/\(name)"), let rules = TimeZoneRules(file: bytes) {
                self = rules
                return
            }
        }
        return nil
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < sizeMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 { return nil }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
        return nil
    }

    /// Reads version 2 or later of the format.
    init?(file bytes: [UInt8]) {
        guard let first = Header(bytes, at: 0), first.version >= UInt8(ascii: "2"), let header = Header(bytes, at: first.end(timeSize: 4)) else {
            return nil
        }
        let end = header.end(timeSize: 8)
        guard bytes.count >= end, header.types > 0 else { return nil }
        let times = header.start
        let kinds = times + header.times * 8
        let types = kinds + header.times
        func offset(_ type: Int) -> Int64 { Int64(Int32(truncatingIfNeeded: Self.number(bytes, types + type * 6, 4))) }
        // More than a day from UTC is no time zone.
        guard (0..<header.types).allSatisfy({ abs(offset($0)) < 100_000 }) else { return nil }
        for index in 0..<header.times {
            let type = Int(bytes[kinds + index])
            guard type < header.types else { return nil }
            transitions.append((Self.number(bytes, times + index * 8, 8), offset(type)))
        }
        initial = offset(0)
        let footer = bytes[end...].dropFirst().prefix { $0 != UInt8(ascii: "\n") }
        future = RecurringOffset(String(decoding: footer, as: UTF8.self))
    }

    private static func number(_ bytes: [UInt8], _ position: Int, _ count: Int) -> Int64 {
        Int64(bitPattern: bytes[position..<position + count].reduce(0) { $0 << 8 | UInt64($1) })
    }

    private struct Header {
        let version: UInt8
        let start: Int
        let times: Int
        let types: Int
        private let characters: Int
        private let leaps: Int
        private let standards: Int
        private let universals: Int

        init?(_ bytes: [UInt8], at position: Int) {
            guard bytes.count >= position + 44, Array(bytes[position..<position + 4]) == Array("TZif".utf8) else { return nil }
            func count(_ index: Int) -> Int { Int(TimeZoneRules.number(bytes, position + 20 + index * 4, 4)) }
            version = bytes[position + 4]
            (universals, standards, leaps, times, types, characters) = (count(0), count(1), count(2), count(3), count(4), count(5))
            start = position + 44
        }

        func end(timeSize: Int) -> Int {
            start + times * (timeSize + 1) + types * 6 + characters + leaps * (timeSize + 4) + standards + universals
        }
    }

    /// Seconds east of UTC.
    func offset(at time: Timestamp) -> Int64 {
        let seconds = time.seconds
        guard let last = transitions.last else { return future?.offset(at: seconds) ?? initial }
        if seconds >= last.time { return future?.offset(at: seconds) ?? last.offset }
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].time <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? initial : transitions[low - 1].offset
    }
}

/// A rule that holds from some year on (POSIX `TZ`, as `CET-1CEST,M3.5.0,M10.5.0/3`).
struct RecurringOffset: Sendable {
    private let standard: Int64
    private var summer: (offset: Int64, start: Day, end: Day)?

    private struct Day {
        enum Kind { case month(Int, week: Int, weekday: Int), julian(Int), ordinal(Int) }
        var kind: Kind
        var seconds: Int64
    }

    init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard let first = parts.first else { return nil }
        var rest = first
        guard Self.skipName(&rest), let west = Self.time(&rest) else { return nil }
        standard = -west
        if rest.isEmpty { return }
        guard Self.skipName(&rest) else { return nil }
        let offset = rest.isEmpty ? standard + 3_600 : Self.time(&rest).map { -$0 } ?? standard + 3_600
        guard parts.count == 3, let start = Self.day(parts[1]), let end = Self.day(parts[2]) else { return nil }
        summer = (offset, start, end)
    }

    private static func skipName(_ text: inout Substring) -> Bool {
        let before = text.count
        if text.first == "<" {
            guard let end = text.firstIndex(of: ">") else { return false }
            text = text[text.index(after: end)...]
        } else {
            text = text.drop { $0.isLetter }
        }
        return text.count < before
    }

    /// `[+-]h[:m[:s]]`, in seconds.
    private static func time(_ text: inout Substring) -> Int64? {
        let sign: Int64 = text.first == "-" ? -1 : 1
        if text.first == "-" || text.first == "+" { text = text.dropFirst() }
        let taken = text.prefix { $0.isNumber || $0 == ":" }
        text = text.dropFirst(taken.count)
        let numbers = taken.split(separator: ":").compactMap { Int64($0) }
        // A week at most (RFC 8536, section 3.3.1).
        guard let hours = numbers.first, hours <= 167, numbers.count <= 3, numbers.dropFirst().allSatisfy({ $0 < 60 }) else { return nil }
        return sign * (hours * 3_600 + (numbers.count > 1 ? numbers[1] * 60 : 0) + (numbers.count > 2 ? numbers[2] : 0))
    }

    private static func day(_ text: Substring) -> Day? {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let date = parts.first else { return nil }
        var seconds: Int64 = 7_200
        if parts.count == 2 {
            var rest = parts[1]
            guard let time = time(&rest) else { return nil }
            seconds = time
        }
        if date.first == "M" {
            let numbers = date.dropFirst().split(separator: ".").compactMap { Int($0) }
            guard numbers.count == 3, (1...12).contains(numbers[0]), (1...5).contains(numbers[1]), (0...6).contains(numbers[2]) else { return nil }
            return Day(kind: .month(numbers[0], week: numbers[1], weekday: numbers[2]), seconds: seconds)
        }
        let isJulian = date.first == "J"
        guard let number = Int(date.dropFirst(isJulian ? 1 : 0)), (isJulian ? 1...365 : 0...365).contains(number) else { return nil }
        return Day(kind: isJulian ? .julian(number) : .ordinal(number), seconds: seconds)
    }

    /// Seconds east of UTC at a moment.
    func offset(at seconds: Int64) -> Int64 {
        guard let summer else { return standard }
        let year = CivilTime(localSeconds: seconds + standard).year
        // Each change is told in the time that holds before it.
        let start = Self.local(summer.start, year) - standard
        let end = Self.local(summer.end, year) - summer.offset
        let isSummer = start < end ? seconds >= start && seconds < end : !(seconds >= end && seconds < start)
        return isSummer ? summer.offset : standard
    }

    private static func local(_ day: Day, _ year: Int) -> Int64 {
        let newYear = CivilTime(year: year, month: 1, day: 1).days
        let date: Int64
        switch day.kind {
        case .ordinal(let ordinal): date = newYear + Int64(ordinal)
        // Days 1 to 365: the leap day is never counted.
        case .julian(let ordinal): date = newYear + Int64(ordinal - 1 + (CivilTime.isLeap(year) && ordinal >= 60 ? 1 : 0))
        case .month(let month, let week, let weekday):
            let first = CivilTime(year: year, month: month, day: 1)
            var number = 1 + (weekday - first.weekday + 7) % 7 + (week - 1) * 7
            while number > CivilTime.daysInMonth(month, year) { number -= 7 }
            date = CivilTime(year: year, month: month, day: number).days
        }
        return date * 86_400 + day.seconds
    }
}
