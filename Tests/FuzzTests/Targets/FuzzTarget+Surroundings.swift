import ContainerRuntime
import ObjectModel

@testable import Controllers
@testable import NodeAgent
@testable import ServiceNetwork
@testable import apus

/// What comes from beside the API: schedules, zone files, the network's names, containers' logs, images, files of the system.
extension FuzzTarget {
    static let surroundings: [FuzzTarget] = [
        schedule, zoneFile, dns, resolver, logLines, healthCheck, affinityClients, image, registryCredentials, configuration, variables,
        completionIndexes, kernelLog,
    ]

    private static let schedule = FuzzTarget(
        name: "cron-schedule", words: ["@every ", "@daily", "*/", "-", ",", "?", "sun", "JAN", "1h30m", "1e9h", "L", "CRON_TZ=UTC ", "TZ="]
    ) { bytes throws(BrokenPromise) in
        guard let schedule = try? CronSchedule(bytes.text) else { return false }
        let now = Timestamp(seconds: 1_800_000_000)
        if let next = schedule.next(after: now, in: .utc) { try keep(next > now, "the next time is later") }
        return true
    }

    private static let zoneFile = FuzzTarget(
        name: "zone-file", words: ["TZif2", "TZif3", "\nCET-1CEST,M3.5.0,M10.5.0/3\n", "\n<+03>-3\n"],
        seeds: { ["Europe/Berlin", "America/New_York", "Asia/Kathmandu"].compactMap { Corpus.read("/usr/share/zoneinfo/\($0)") } }
    ) { bytes in
        guard let zone = TimeZoneRules(file: bytes) else { return false }
        guard let schedule = try? CronSchedule("30 2 29 2 *") else { return false }
        for year in [-10, 0, 1, 60] { _ = schedule.next(after: Timestamp(seconds: 1_800_000_000 + Int64(year) * 31_557_600), in: zone) }
        return true
    }

    private static let kernelLog = FuzzTarget(
        name: "kernel-log", words: [";oom-kill:", ",task_memcg=/", ",task=", ",pid=", ",global_oom", ".scope", "-", "6,1,2,-", "\n"]
    ) { bytes throws(BrokenPromise) in
        guard let kill = OutOfMemoryKill(record: bytes.text) else { return false }
        try keep(kill.containerIDs.allSatisfy { !$0.contains("/") }, "a name is one of the path")
        return true
    }

    private static let dns = FuzzTarget(name: "dns", words: ["\u{c0}\u{c}", "\u{7}cluster", "\u{5}local", "\u{0}"]) { bytes throws(BrokenPromise) in
        _ = DNSReader.header(bytes)
        if let name = DNSName(bytes.text) { try keep(DNSName(wire: name.wire).labels.count == name.labels.count, "a name has its labels") }
        guard let message = try? DNSReader.message(bytes) else { return false }
        let written = DNSWriter.bytes(message)
        guard let again = try? DNSReader.message(written) else { throw BrokenPromise("a written message is read") }
        // What does not fit is left out, and the message says so.
        if !again.flags.contains(.truncated) { try keep(again == message, "a message is read as it was written") }
        try keep(DNSWriter.bytes(message, sizeMax: 512).count <= 512, "a message is as long as asked for at most")
        for question in message.questions { _ = (question.name.description, ReverseName.address(question.name)) }
        return true
    }

    private static let resolver = FuzzTarget(name: "resolv-conf", words: ["nameserver ", "search ", "options ndots:5", "#", "\n", "fe80::1%eth0"]) {
        bytes in
        !ResolverConfiguration.servers(bytes.text).isEmpty
    }

    /// The first byte says in what pieces the rest comes.
    private static let logLines = FuzzTarget(
        name: "log-lines", words: ["2026-01-01T00:00:00.000000000Z stdout F ", " stderr P ", "\n", " "]
    ) { bytes throws(BrokenPromise) in
        let size = max(1, Int(bytes.first ?? 1))
        var options = ContainerLogOptions()
        options.since = Timestamp(seconds: 1_000_000_000)
        options.timestamps = size % 2 == 0
        options.limitBytes = size % 3 == 0 ? 100 : nil
        var (whole, parts) = (ContainerLogFormatter(options), ContainerLogFormatter(options))
        let rest = Array(bytes.dropFirst())
        let atOnce = whole.format(rest)
        var inParts: [UInt8] = []
        for start in stride(from: 0, to: rest.count, by: size) { inParts += parts.format(rest[start..<min(rest.count, start + size)]) }
        try keep(atOnce == inParts, "lines are the same in whatever pieces they come")
        try keep(atOnce.count <= options.limitBytes ?? .max, "the limit holds")
        return !atOnce.isEmpty
    }

    private static let healthCheck = FuzzTarget(name: "health-check") { bytes in
        if case .serving = HealthCheck.decode(bytes) { return true }
        return false
    }

    /// What nft says of a set.
    private static let affinityClients = FuzzTarget(
        name: "affinity-clients",
        words: [#"{"elem":{"val":"10.0.0.7","timeout":10800,"expires":10796}}"#, #""set":"#, #""elem":"#, #""nftables":"#, "::1", "-1"]
    ) { bytes throws(BrokenPromise) in
        let clients = AffinityClients.clients(bytes)
        for client in clients { try keep(client.expiresInSeconds <= client.timeoutSeconds, "\(client) is not remembered for longer than it may be") }
        return !clients.isEmpty
    }

    private static let image = FuzzTarget(
        name: "image-reference", words: ["/", ":", "@sha256:", "localhost", ":5000/", "library/", "__", String(repeating: "0", count: 64)]
    ) { bytes throws(BrokenPromise) in
        guard let image = try? ImageReference(bytes.text) else { return false }
        try keep((try? ImageReference(image.description))?.description == image.description, "\(image) is read as it was written")
        return true
    }

    private static let registryCredentials = FuzzTarget(
        name: "registry-credentials", words: [#""auths""#, #""auth":"YTpi""#, #""username":"a""#, "*.", "https://", "/v2/", ":443"]
    ) { bytes in
        var keyring = RegistryKeyring()
        guard (try? keyring.add(dockerConfig: bytes)) != nil else { return false }
        if let image = try? ImageReference("registry.example.com:5000/team/app:1") { _ = keyring.credentials(for: image) }
        return true
    }

    private static let upOptions = CommandOptions(of: Up.self)

    /// `--config FILE`.
    private static let configuration = FuzzTarget(
        name: "configuration", words: upOptions.names.sorted().map { "\($0): " } + ["true", "false", "- ", "\n", "&a", "*a", "\"", "--", "1h"]
    ) { bytes throws(BrokenPromise) in
        guard let arguments = try? ConfigurationFile.options(in: bytes, "c.yaml", upOptions, "up") else { return false }
        for argument in arguments {
            let name = argument.dropFirst(2).prefix { $0 != "=" }
            try keep(argument.hasPrefix("--") && upOptions.names.contains(String(name)), "\(argument) is an option of the command")
        }
        guard let up = (try? Apus.parseAsRoot(["up"] + arguments)) as? Up else { return false }
        _ = try? Settings(data: up.data, server: up.server, pods: up.pods, node: up.node, simulatedNodes: up.simulatedNodes)
        return true
    }

    /// A line each: what a pod gives its containers as variables, each of which may name those before it; the last line as a field of the pod, too.
    private static let variables = FuzzTarget(
        name: "variables", words: ["$(A)", "$(", "$$", ")", "\n", "metadata.labels['a']", "['", "']", "$(B)$(B)"]
    ) { bytes throws(BrokenPromise) in
        let lines = bytes.split(separator: UInt8(ascii: "\n")).prefix(60).map { Array($0).text }
        let variables = lines.enumerated().map { index, text -> Value in ["name": .string(name(index)), "value": .string(text)] }
        let container: Value = ["name": "main", "env": .array(variables)]
        let pod = Pod(["metadata": ["name": "web", "labels": ["a": "b"]], "spec": ["containers": [container]]])
        let source = EnvironmentSource(downwardAPI: DownwardAPI(pod: pod))
        let isField = lines.last.map { (try? source.downwardAPI.field($0)) != nil } ?? false
        guard let environment = try? source.environment(of: pod.containers[0]) else { return isField }
        for (index, line) in lines.enumerated() where !line.contains("$") {
            try keep(environment[name(index)] == line, "a text without variables stays as it is")
        }
        return lines.contains { (try? environment.expand($0)) != nil }
    }

    private static func name(_ index: Int) -> String { String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index))) }

    private static let completionIndexes = FuzzTarget(name: "completion-indexes", words: [",", "-", "0-", "9223372036854775807", "2147483646"]) {
        bytes throws(BrokenPromise) in
        for completions in [1, 100, Int(Int32.max)] {
            var indexes = CompletionIndexes(bytes.text, completions: completions)
            try keep(CompletionIndexes(indexes.text, completions: completions) == indexes, "\(indexes.text) is read as it was written")
            try keep(indexes.intersection(indexes) == indexes && indexes.union([]) == indexes, "a set is itself")
            try keep(indexes.count <= completions, "no more than there are")
            let wasThere = indexes.contains(7)
            try keep(indexes.insert(7) != wasThere && indexes.contains(7), "what was put in is there")
        }
        return CompletionIndexes(bytes.text, completions: 100).count > 0
    }
}
