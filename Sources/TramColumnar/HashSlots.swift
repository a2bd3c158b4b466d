/// Where things with numbers of 32 bits are found by the hash of what they stand for: open addressing, linear probing,
/// eight bytes a slot.
///
/// A slot holds the upper half of the hash and the number; the slot where a search begins follows from that half alone.
/// So growing needs neither the things nor their hashes, and goes through memory in order; and a search looks at a
/// thing itself only when halves are equal. At most three quarters of the slots are taken: 11 to 22 bytes a thing.
public struct HashSlots: Sendable {
    @usableFromInline static var free: UInt64 { .max }
    private static let upper: UInt64 = 0xffff_ffff_0000_0000

    @usableFromInline var slots: [UInt64] = []
    /// How far the half of the hash is moved to give the first slot.
    @usableFromInline var shift: UInt64 = 64
    public private(set) var count = 0

    public init() {}

    /// Bytes of memory.
    public var byteCount: Int { slots.count * 8 }

    /// The number of the thing with this hash for which `isRight` is true. O(1).
    @inlinable @inline(__always)
    public func find(_ hash: UInt64, _ isRight: (UInt32) -> Bool) -> UInt32? {
        guard let slot = slot(hash, isRight) else { return nil }
        return UInt32(truncatingIfNeeded: slots[slot])
    }

    @inlinable @inline(__always)
    func slot(_ hash: UInt64, _ isRight: (UInt32) -> Bool) -> Int? {
        let slots = slots
        guard !slots.isEmpty else { return nil }
        var index = Int(truncatingIfNeeded: hash &>> shift)
        while true {
            let slot = slots[index]
            if slot == HashSlots.free { return nil }
            if (slot ^ hash) &>> 32 == 0, isRight(UInt32(truncatingIfNeeded: slot)) { return index }
            index = (index &+ 1) & (slots.count &- 1)
        }
    }

    /// Adds a thing that is not there yet. `number` is below the highest of 32 bits. Amortised O(1).
    public mutating func insert(_ hash: UInt64, _ number: UInt32) {
        if 4 * (count + 1) > 3 * slots.count { grow() }
        place(hash & HashSlots.upper | UInt64(number))
        count += 1
    }

    /// Gives the thing with this hash and number another number.
    public mutating func renumber(_ hash: UInt64, _ old: UInt32, _ new: UInt32) {
        guard let slot = slot(hash, { $0 == old }) else { return }
        slots[slot] = hash & HashSlots.upper | UInt64(new)
    }

    private mutating func place(_ slot: UInt64) {
        var index = Int(truncatingIfNeeded: slot &>> shift)
        while slots[index] != HashSlots.free { index = (index &+ 1) & (slots.count &- 1) }
        slots[index] = slot
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: HashSlots.free, count: max(8, 2 * old.count))
        shift = UInt64(64 - slots.count.trailingZeroBitCount)
        for slot in old where slot != HashSlots.free { place(slot) }
    }
}
