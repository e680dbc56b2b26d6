import ContainerRuntime

/// What a container had to say when it ended: its termination log, or, where it asks for that, the end of its output.
struct TerminationMessage {
    static let bytesMax = 4_096
    static let fallbackBytesMax = 2_048
    static let fallbackLinesMax = 80

    let text: String

    init(_ status: CRIContainerStatus) {
        text = Self.read(status)
    }

    private static func read(_ status: CRIContainerStatus) -> String {
        if let path = status.annotations[RuntimeLabels.terminationMessagePath], !path.isEmpty,
            let file = status.mounts.first(where: { $0.containerPath == path })?.hostPath, let bytes = try? File.read(file, max: bytesMax),
            !bytes.isEmpty
        {
            return String(decoding: bytes, as: UTF8.self)
        }
        let fallsBack = status.annotations[RuntimeLabels.terminationMessagePolicy] == "FallbackToLogsOnError"
        if fallsBack, status.exitCode != 0, let tail = try? File.readTail(status.logPath, max: fallbackBytesMax * 4) {
            return lastLines(of: tail)
        }
        return status.message
    }

    /// The end of a log in CRI's format (`TIME STREAM TAG TEXT`), without the first three.
    static func lastLines(of log: [UInt8]) -> String {
        var lines: [[UInt8]] = []
        for line in log.split(separator: UInt8(ascii: "\n")).suffix(fallbackLinesMax) {
            let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4 else { continue }
            lines.append(Array(parts[3]) + (parts[2].first == UInt8(ascii: "P") ? [] : [UInt8(ascii: "\n")]))
        }
        return String(decoding: lines.flatMap { $0 }.suffix(fallbackBytesMax), as: UTF8.self)
    }
}
