import ObjectModel

enum CronJobValidation {
    /// What the controller puts behind the name takes the other eleven.
    private static let nameMax = 52

    @Sendable static func check(_ job: Field, _ old: Field?) {
        let name = job["metadata"]["name"]
        if old == nil, name.text.utf8.count > nameMax { name.refuse("must be no more than \(nameMax) characters") }
        let spec = job["spec"]
        schedule(spec, old?["spec"])
        spec["startingDeadlineSeconds"].nonNegative()
        if let zone = spec.present("timeZone"), old?["spec"].value["timeZone"] != zone.value { timeZone(zone) }
        spec["concurrencyPolicy"].requireOneOf(["Allow", "Forbid", "Replace"])
        spec["successfulJobsHistoryLimit"].nonNegative()
        spec["failedJobsHistoryLimit"].nonNegative()
        let template = spec["jobTemplate"]["spec"]
        JobValidation.spec(template)
        if let selector = template.present("selector") { selector.refuse("`selector` will be auto-generated") }
        if template.isTrue("manualSelector") { template["manualSelector"].unsupported(["nil", "false"]) }
    }

    private static func schedule(_ spec: Field, _ old: Field?) {
        let schedule = spec["schedule"]
        if !schedule.require() { return }
        // A zone is read with the schedule, for old objects have one there.
        var text = schedule.text
        if text.hasPrefix("TZ=") || text.hasPrefix("CRON_TZ="), let space = text.firstIndex(of: " ") {
            text = String(text[space...].drop { $0 == " " })
        }
        if let problem = CronSyntax.problem(text) { schedule.refuse(problem) }
        guard schedule.text.contains("TZ") else { return }
        if old?.text("schedule").contains("TZ") != true {
            schedule.refuse("cannot use TZ or CRON_TZ in schedule, use timeZone field instead")
        } else if !spec.value["timeZone"].isNull {
            schedule.refuse("cannot use both timeZone field and TZ or CRON_TZ in schedule")
        }
    }

    /// Which zones there are is for the machine to know; a name that can't be one is refused.
    private static func timeZone(_ zone: Field) {
        if zone.isEmpty { return zone.refuse("timeZone must be nil or non-empty string") }
        let parts = zone.text.split(separator: "/", omittingEmptySubsequences: false)
        if zone.text.lowercased() == "local" {
            zone.refuse("timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones")
        } else if !parts.allSatisfy(isZonePart) {
            zone.refuse("unknown time zone \(zone.text)")
        }
    }

    private static func isZonePart(_ part: Substring) -> Bool {
        (1...14).contains(part.utf8.count) && part != "." && part != ".." && !part.hasPrefix("-")
            && part.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
