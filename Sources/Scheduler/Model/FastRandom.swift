/// Random enough to break ties, without asking the system every time.
struct FastRandom: RandomNumberGenerator {
    private var state: UInt64

    init() { state = UInt64.random(in: 0 ... .max) }

    mutating func next() -> UInt64 {
        // xorshift64*; the state must not be zero.
        if state == 0 { state = 0x9e37_79b9_7f4a_7c15 }
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }
}
