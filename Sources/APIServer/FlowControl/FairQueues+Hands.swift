/// Shuffle sharding: a flow's hash says which few of the queues are its own.
extension FairQueues {
    /// Validation allows 15 (60 bits for a hand).
    private static let handSizeMax = 16

    static func handSize(_ size: Int, of queues: Int) -> Int { min(max(1, size), max(1, queues), handSizeMax) }

    /// Different queues, as a dealer would hand them out, in ascending order.
    func hand(_ hash: UInt64) -> [Int] {
        let (dealt, _) = deal(handSize, hash)
        return (0..<handSize).map { dealt[$0] }
    }

    /// The queue that a flow is dealt after so many others.
    func card(_ number: Int, of hash: UInt64) -> Int { deal(number + 1, hash).last }

    /// The hash is read as a fraction: its digits, each of a base less by one than the digit before, say which of the cards that are left is dealt.
    private func deal(_ count: Int, _ hash: UInt64) -> (cards: InlineArray<16, Int>, last: Int) {
        var cards = InlineArray<16, Int>(repeating: 0)
        var (rest, card) = (hash, 0)
        for number in 0..<count {
            let (digit, fraction) = rest.multipliedFullWidth(by: UInt64(dealt - number))
            rest = fraction
            card = Int(digit)
            var place = 0
            while place < number, cards[place] <= card {
                card += 1
                place += 1
            }
            var later = number
            while later > place {
                cards[later] = cards[later - 1]
                later -= 1
            }
            cards[place] = card
        }
        return (cards, card)
    }
}
