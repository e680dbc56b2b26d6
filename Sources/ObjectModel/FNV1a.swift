/// The 64-bit FNV-1a hash (draft-eastlake-fnv): the same in every run, which the standard library's hasher is not. For tags and for dealing work out, not
/// against anyone who looks for collisions.
public struct FNV1a: Sendable {
    public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    public init() {}

    public mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
}
