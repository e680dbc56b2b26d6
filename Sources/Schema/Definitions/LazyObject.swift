import Synchronization

/// An object that is made when it is first needed. Of several threads that come first, one's object stays.
///
/// (`AtomicLazyReference` says this better, but looks its generic metadata up on each load, which is a tenth of the time that decoding takes.)
struct LazyObject<Object: AnyObject & Sendable>: ~Copyable, Sendable {
    /// Of the object, once it is made; it is retained here.
    private let address = Atomic<UInt>(0)

    init() {}

    deinit {
        if let address = UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) { Unmanaged<Object>.fromOpaque(address).release() }
    }

    @inline(__always) func get(_ make: () -> Object) -> Object {
        if let address = UnsafeRawPointer(bitPattern: address.load(ordering: .acquiring)) {
            return Unmanaged<Object>.fromOpaque(address).takeUnretainedValue()
        }
        return store(make())
    }

    private func store(_ object: Object) -> Object {
        let reference = Unmanaged.passRetained(object)
        let (won, other) = address.compareExchange(
            expected: 0, desired: UInt(bitPattern: reference.toOpaque()), ordering: .acquiringAndReleasing)
        guard !won, let address = UnsafeRawPointer(bitPattern: other) else { return object }
        reference.release()
        return Unmanaged<Object>.fromOpaque(address).takeUnretainedValue()
    }
}
