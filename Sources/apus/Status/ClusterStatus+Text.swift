import ObjectModel

extension ClusterStatus {
    /// One screen for a person.
    var text: String {
        var lines: [String] = []
        func line(_ title: String, _ text: String) { lines.append(Self.padded(title, 14) + text) }
        if let process {
            let state = isHealthy ? "healthy" : serverVersion == nil ? "not answering" : "not healthy"
            line("Apus \(version)", "")
            line("Running", "\(state); pid \(process.pid), since \(process.since.rfc3339) (\(Self.span(now - process.since)))")
        } else {
            line("Apus \(version)", "")
            line("Running", "no; `apus up` starts it")
        }
        line("API", server + (serverVersion.map { "  Kubernetes \($0)" } ?? failure.map { "  \($0)" } ?? ""))
        line("Data", "\(dataDirectory)  \(Self.size(diskBytes))")
        if !components.isEmpty {
            let bad = components.filter { $0.failure != nil }
            line(
                "Components",
                bad.isEmpty ? "all well: \(components.map(\.name).joined(separator: ", "))" : "\(bad.count) of \(components.count) not well")
            for component in bad { line("", "\(component.name): \(component.failure ?? "")") }
        }
        if serverVersion != nil { lines += nodeLines + workloadLines }
        if let first = certificates.min(by: { $0.notAfter < $1.notAfter }) {
            let left = first.notAfter - now
            let when = left > .zero ? "in \(Self.span(left))" : "since \(Self.span(.zero - left))"
            line(
                "Certificates",
                "\(left > .zero ? "first expiry" : "EXPIRED") \(first.notAfter.rfc3339.prefix(10)) (\(first.name), \(when)); renewed while Apus runs")
        }
        return lines.map { String($0.trimmingSuffix()) + "\n" }.joined()
    }

    private var nodeLines: [String] {
        if nodes.isEmpty { return [Self.padded("Nodes", 14) + "none: start one with `apus up`, or join one with `apus agent`"] }
        let ready = nodes.count(where: \.isReady)
        var lines = [Self.padded("Nodes", 14) + "\(ready) of \(nodes.count) ready"]
        // Those that need a look come first, and a screen is not for thousands.
        let shown = nodes.sorted { ($0.isReady ? 1 : 0, $0.name) < ($1.isReady ? 1 : 0, $1.name) }.prefix(10)
        let width = shown.map(\.name.count).max() ?? 0
        for node in shown {
            lines.append(
                Self.padded("", 14) + Self.padded(node.name, width + 2) + Self.padded(node.isReady ? "Ready" : "NotReady", 10)
                    + "\(node.pods) of \(node.podsMax) pods, \(node.cpu) CPUs, \(Self.memory(node.memory))")
        }
        if nodes.count > shown.count { lines.append(Self.padded("", 14) + "and \(nodes.count - shown.count) more") }
        return lines
    }

    private var workloadLines: [String] {
        let wanting = workloads.wanting
        if wanting.isEmpty { return [Self.padded("Workloads", 14) + (workloads.count == 0 ? "none" : "all \(workloads.count) as desired")] }
        var lines = [Self.padded("Workloads", 14) + "\(wanting.count) of \(workloads.count) not as desired"]
        let shown = wanting.prefix(10)
        let width = shown.map(\.name.count).max() ?? 0
        for workload in shown { lines.append(Self.padded("", 14) + Self.padded(workload.name, width + 2) + workload.problem) }
        if wanting.count > shown.count { lines.append(Self.padded("", 14) + "and \(wanting.count - shown.count) more") }
        return lines
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private static func memory(_ quantity: String) -> String { (try? Quantity(quantity)).map { size($0.value) } ?? quantity }

    static func size(_ bytes: Int64) -> String {
        var (number, unit) = (Double(bytes), "B")
        for next in ["KiB", "MiB", "GiB", "TiB"] where number >= 1024 { (number, unit) = (number / 1024, next) }
        let tenths = Int64((number * 10).rounded())
        return unit == "B" || tenths >= 1000 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
    }

    /// The largest unit that fits, as `kubectl` shows ages.
    static func span(_ duration: Duration) -> String {
        let seconds = duration.components.seconds
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86_400) days"
        }
    }
}

extension String {
    fileprivate func trimmingSuffix() -> Substring {
        var end = self[...]
        while end.last == " " { end.removeLast() }
        return end
    }
}
