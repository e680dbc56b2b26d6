import Glibc
import TestSupport

/// Feeds one target: first its corpus, then what mutations make of it and of what was accepted on the way.
struct FuzzRun {
    /// Processor time that one input may take. An input is 64 KiB at most, and this is not a release build.
    static let inputTimeMax: Duration = .seconds(4)

    /// What one input may add to the process's memory at its peak.
    static let inputKilobytesMax = 512 << 10

    let target: FuzzTarget
    private var pool: [[UInt8]]
    private var mutator: Mutator
    private(set) var tried = 0
    private(set) var accepted = 0

    /// Told of each input before it runs.
    var willRun: ([UInt8]) -> Void = { _ in }

    init(_ target: FuzzTarget, seed: UInt64) {
        self.target = target
        pool = Corpus.inputs(of: target).map(\.bytes)
        if pool.isEmpty { pool = [[]] }
        mutator = Mutator(dice: Dice(seed: seed), words: target.words)
    }

    /// The whole corpus, as it stands.
    mutating func replay() throws(FuzzFinding) { for input in pool { try run(input) } }

    /// One input more.
    mutating func step() throws(FuzzFinding) {
        let input = mutator.mutated(mutator.dice.pick(pool), others: pool)
        guard try run(input), mutator.dice.chance(8) else { return }
        if pool.count < 400 { pool.append(input) } else { pool[mutator.dice.roll(pool.count)] = input }
    }

    @discardableResult private mutating func run(_ input: [UInt8]) throws(FuzzFinding) -> Bool {
        willRun(input)
        tried += 1
        let (time, memory) = (Self.processorTime(), Self.peakKilobytes())
        do throws(BrokenPromise) {
            guard try target.run(input) else { return false }
        } catch {
            throw FuzzFinding(input: input, description: "\(error)")
        }
        let (spent, grown) = (Self.processorTime() - time, Self.peakKilobytes() - memory)
        if spent > Self.inputTimeMax { throw FuzzFinding(input: input, description: "took \(spent)") }
        if grown > Self.inputKilobytesMax { throw FuzzFinding(input: input, description: "took \(grown >> 10) MiB") }
        accepted += 1
        return true
    }

    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }

    private static func peakKilobytes() -> Int {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss
    }
}

/// An input that a target should have borne.
struct FuzzFinding: Error, CustomStringConvertible {
    var input: [UInt8]
    var description: String
}
