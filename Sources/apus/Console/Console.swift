import ArgumentParser
import Foundation
import Synchronization

/// What a person sees on the terminal: one line a step, with seconds.
final class Console: Sendable {
    private let start = ContinuousClock.now

    /// Tells of a step that was taken.
    func step(_ text: String) {
        let elapsed = ContinuousClock.now - start
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        Self.write(String(format: "%6.2f s  ", seconds) + text + "\n", to: STDOUT_FILENO)
    }

    func say(_ text: String) { Self.write(text + "\n", to: STDOUT_FILENO) }

    func warn(_ text: String) { Self.write("apus: \(Self.oneLine(text))\n", to: STDERR_FILENO) }

    /// One line that says what is wrong and what to do; exit code 1. Help and versions are no mistakes.
    static func fail(_ error: any Error, command: String) -> Never {
        if let code = error as? ExitCode { exit(code.rawValue) }
        if Apus.exitCode(for: error) == .success { Apus.exit(withError: error) }
        if Apus.exitCode(for: error) == .validationFailure {
            write("apus: \(usage(Apus.message(for: error), command))\n", to: STDERR_FILENO)
        } else {
            write("apus: \(oneLine("\(error)"))\n", to: STDERR_FILENO)
        }
        exit(1)
    }

    /// The parser's sentence as part of ours.
    private static func usage(_ message: String, _ command: String) -> String {
        var text = oneLine(message).replacing(". Did you mean", with: "; did you mean")
        while text.last == "." { text.removeLast() }
        if command == "apus", text.hasPrefix("Unexpected argument '") {
            let word = text.dropFirst("Unexpected argument '".count).prefix { $0 != "'" }
            text = "there is no command '\(word)'" + (CommandOptions.nearestCommand(to: String(word)).map { "; did you mean '\($0)'?" } ?? "")
        }
        return text.prefix(1).lowercased() + text.dropFirst() + (text.last == "?" ? " See" : "; see") + " `\(command) --help`"
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
    }

    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
