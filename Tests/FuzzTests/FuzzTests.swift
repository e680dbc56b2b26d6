import Glibc
import Testing

@Suite struct FuzzTests {
    @Test(arguments: FuzzTarget.all)
    func `no bytes upset a parser`(target: FuzzTarget) {
        var run = FuzzRun(target, seed: 1)
        do throws(FuzzFinding) {
            try run.replay()
            for _ in 0..<500 { try run.step() }
        } catch {
            Issue.record("\(target): \(error): \(error.input.prefix(4_000).debugDescription)\n\(Array(error.input.prefix(4_000)).text)")
        }
        #expect(run.accepted > 0, "the corpus of \(target) has nothing that is right")
    }

    @Test func `every folder of the corpus has its target`() {
        #expect(Set(Corpus.names(in: Corpus.folder)).isSubset(of: FuzzTarget.all.map(\.name)))
    }
}
