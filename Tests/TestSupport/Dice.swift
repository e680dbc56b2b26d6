/// A seeded source of choices, for objects and bytes made at random: a failing run is replayed by its seed.
public struct Dice: RandomNumberGenerator, Sendable {
    private var random: SeededRandom

    public init(seed: UInt64) { random = SeededRandom(seed: seed) }

    public mutating func next() -> UInt64 { random.next() }

    /// 0 up to, without, `bound`.
    public mutating func roll(_ bound: Int) -> Int { Int(next() >> 33) % bound }

    /// True once in `count` times.
    public mutating func chance(_ count: Int) -> Bool { roll(count) == 0 }

    public mutating func pick<Element>(_ elements: [Element]) -> Element { elements[roll(elements.count)] }
}
