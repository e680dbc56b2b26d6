import ObjectModel

/// One way into the program for bytes that someone else made. Whatever they are, it returns, and what it accepted keeps its promises.
struct FuzzTarget: Sendable, CustomStringConvertible {
    /// Also the name of its folder in `Corpus`.
    let name: String

    /// Words that the format has, for the mutations.
    var words: [String] = []

    /// Further inputs to begin with, for forms that nobody writes by hand.
    var seeds: @Sendable () -> [[UInt8]] = { [] }

    /// Whether the bytes were accepted. Throws `BrokenPromise`; anything else that can be thrown is the target's to catch.
    let run: @Sendable ([UInt8]) throws(BrokenPromise) -> Bool

    var description: String { name }

    static let all = objects + changes + requests + connections + credentials + surroundings
}

/// What a parser accepted and then did not keep.
struct BrokenPromise: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// - Parameter promise: what should have held, in words.
func keep(_ holds: Bool, _ promise: @autoclosure () -> String) throws(BrokenPromise) {
    if !holds { throw BrokenPromise(promise()) }
}

extension Array<UInt8> {
    var text: String { String(decoding: self, as: UTF8.self) }
}
