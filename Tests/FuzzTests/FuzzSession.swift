import Glibc
import Testing

/// What `make fuzz` runs, once for each target, in a process of its own: an input is in `APUS_FUZZ_CURRENT` while it runs, so that it is there to look at
/// when the process isn't any more.
@Suite struct FuzzSession {
    private static func setting(_ name: String) -> String? { getenv("APUS_FUZZ_" + name).map { String(cString: $0) } }

    @Test(.enabled(if: setting("TARGET") != nil, "only for make fuzz"))
    func session() throws {
        let name = Self.setting("TARGET") ?? ""
        let target = try #require(FuzzTarget.all.first { $0.name == name }, "there is no target \(name): \(FuzzTarget.all.map(\.name))")
        if let path = Self.setting("INPUT") {
            let accepted = try target.run(try #require(Corpus.read(path), "\(path) cannot be read"))
            print("fuzz: \(name): \(accepted ? "accepted" : "refused")")
            return
        }
        let seconds = Self.setting("SECONDS").flatMap(Int.init) ?? 10
        let seed = Self.setting("SEED").flatMap(UInt64.init) ?? 1
        let current = Self.setting("CURRENT") ?? "/dev/null"
        var run = FuzzRun(target, seed: seed)
        let file = open(current, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        defer { close(file) }
        run.willRun = { input in
            // An input that never returns is ended by this, and found by its file.
            alarm(60)
            pwrite(file, input, input.count, 0)
            ftruncate(file, input.count)
        }
        let end = ContinuousClock.now + .seconds(seconds)
        do throws(FuzzFinding) {
            try run.replay()
            while ContinuousClock.now < end { try run.step() }
        } catch {
            print("fuzz: \(name): \(error)")
            throw error
        }
        alarm(0)
        unlink(current)
        print("fuzz: \(name): \(run.tried) inputs, \(run.accepted) accepted")
    }
}
