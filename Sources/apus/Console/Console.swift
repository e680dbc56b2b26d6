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

    func warn(_ text: String) { Self.write("apus: \(text)\n", to: STDERR_FILENO) }

    /// One line that says what is wrong and what to do; exit code 1.
    static func fail(_ error: any Error) -> Never {
        // Help, versions and usage errors are the argument parser's to tell.
        let isUsage = Apus.exitCode(for: error) != ExitCode.failure || Apus.fullMessage(for: error).contains("Usage:")
        if error is ExitCode || isUsage { Apus.exit(withError: error) }
        write("apus: \(error)\n", to: STDERR_FILENO)
        exit(1)
    }

    static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
