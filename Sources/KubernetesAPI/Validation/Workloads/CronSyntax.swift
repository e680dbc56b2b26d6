/// The syntax of cron schedules: five fields, or a word such as `@daily`.
enum CronSyntax {
    /// What is wrong with a schedule, or nil.
    static func problem(_ schedule: String) -> String? {
        if schedule.hasPrefix("@") { return descriptor(schedule) }
        let fields = schedule.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard fields.count == bounds.count else {
            return "expected exactly 5 fields, found \(fields.count): [\(fields.joined(separator: " "))]"
        }
        return zip(fields, bounds).lazy.compactMap { field, bounds in
            field.split(separator: ",", omittingEmptySubsequences: true).lazy.compactMap { part(String($0), bounds) }.first
        }.first
    }

    private struct Bounds {
        let range: ClosedRange<Int>
        var names: [String] = []
    }

    private static let bounds = [
        Bounds(range: 0...59), Bounds(range: 0...23), Bounds(range: 1...31),
        Bounds(range: 1...12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        Bounds(range: 0...6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    private static let descriptors: Set<String> = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"]

    private static func descriptor(_ schedule: String) -> String? {
        if descriptors.contains(schedule) { return nil }
        guard schedule.hasPrefix("@every ") else { return "unrecognized descriptor: \(schedule)" }
        let duration = schedule.dropFirst("@every ".count)
        let isDuration = duration.first?.isNumber == true && duration.last?.isLetter == true
        return isDuration ? nil : "failed to parse duration \(schedule): time: invalid duration \"\(duration)\""
    }

    /// `*`, `?`, `n`, `n-m`, each with a step.
    private static func part(_ text: String, _ bounds: Bounds) -> String? {
        let steps = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let ends = steps[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        var (low, high) = (bounds.range.lowerBound, bounds.range.upperBound)
        if ends[0] != "*", ends[0] != "?" {
            guard ends.count <= 2 else { return "too many hyphens: \(text)" }
            guard let first = number(ends[0], bounds) else { return unreadable(ends[0]) }
            guard let last = ends.count == 2 ? number(ends[1], bounds) : first else { return unreadable(ends[1]) }
            (low, high) = (first, ends.count == 2 || steps.count == 1 ? last : high)
        }
        guard steps.count <= 2 else { return "too many slashes: \(text)" }
        if steps.count == 2 {
            guard let step = Int(steps[1]) else { return unreadable(steps[1]) }
            if step == 0 { return "step of range should be a positive number: \(text)" }
        }
        if low < bounds.range.lowerBound { return "beginning of range (\(low)) below minimum (\(bounds.range.lowerBound)): \(text)" }
        if high > bounds.range.upperBound { return "end of range (\(high)) above maximum (\(bounds.range.upperBound)): \(text)" }
        if low > high { return "beginning of range (\(low)) beyond end of range (\(high)): \(text)" }
        return nil
    }

    private static func number(_ text: String, _ bounds: Bounds) -> Int? {
        if let index = bounds.names.firstIndex(of: text.lowercased()) { return index + bounds.range.lowerBound }
        return text.first?.isNumber == true ? Int(text) : nil
    }

    private static func unreadable(_ text: String) -> String {
        "failed to parse int from \(text): strconv.Atoi: parsing \"\(text)\": invalid syntax"
    }
}
