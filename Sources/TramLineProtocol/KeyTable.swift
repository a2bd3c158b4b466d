/// From the bytes of `measurement,tags` as a sender spells them to the number of the series key.
///
/// Open addressing with linear probing over entries of 16 bytes. An entry holds no key bytes but 79 bits of a hash, and
/// is accepted on those. The hash is keyed with random numbers of this
/// table, since senders choose the bytes: who does not know the numbers cannot make two spellings meet, and by chance
/// two of ten million spellings do with a probability below 2^-30. Each half is a chain of 64×64→128-bit
/// multiplications, folded by xor, over 16 bytes a step (the construction of Wang Yi's wyhash,
/// github.com/wangyi-fudan/wyhash).
///
/// Series keys with many spellings have an entry for each.
@safe
struct KeyTable: ~Copyable {
    struct Entry {
        /// The second half of the hash with the lowest bit set; 0 marks a free entry.
        fileprivate var check: UInt64 = 0
        /// The number of the series key.
        var key: UInt32 = 0
        /// The upper 16 bits of the hash's first half, and the number of the measurement.
        fileprivate var rest: UInt32 = 0

        @inline(__always)
        var isFree: Bool { check == 0 }

        /// The number of its measurement.
        @inline(__always)
        var measurement: UInt32 { rest & 0xffff }
    }

    /// The four random numbers of the hash.
    struct Seed {
        var first = UInt64.random(in: .min ... .max)
        var second = UInt64.random(in: .min ... .max)
        var firstStep = UInt64.random(in: .min ... .max)
        var secondStep = UInt64.random(in: .min ... .max)
    }

    /// A running hash.
    struct Hash {
        var first: UInt64
        var second: UInt64

        @inline(__always)
        init(_ seed: Seed) {
            first = seed.first
            second = seed.second
        }

        @inline(__always)
        mutating func mix(_ low: UInt64, _ high: UInt64, _ seed: Seed) {
            let one = (first ^ low).multipliedFullWidth(by: seed.firstStep ^ high)
            let two = (second ^ high).multipliedFullWidth(by: seed.secondStep ^ low)
            first = one.high ^ one.low
            second = two.high ^ two.low
        }
    }

    let seed = Seed()
    private(set) var entries: UnsafeMutablePointer<Entry>
    private(set) var mask: Int
    private(set) var count = 0

    init() {
        mask = 255
        unsafe entries = .allocate(capacity: 256)
        unsafe entries.initialize(repeating: Entry(), count: 256)
    }

    deinit {
        unsafe entries.deallocate()
    }

    /// The hash of `count` bytes, as the row loop computes it while it looks for their end. O(count).
    func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Hash {
        var hash = Hash(seed)
        var index = 0
        while index < bytes.count {
            var (low, high): (UInt64, UInt64) = (0, 0)
            for offset in 0..<min(16, bytes.count - index) {
                let byte = UInt64(unsafe bytes[index + offset])
                if offset < 8 { low |= byte << UInt64(8 * offset) } else { high |= byte << UInt64(8 * offset - 64) }
            }
            hash.mix(low, high, seed)
            index += 16
        }
        // The row loop always ends with a step that holds the terminator's place.
        if bytes.count & 15 == 0 { hash.mix(0, 0, seed) }
        return hash
    }

    /// The entry of a spelling, nil when it is unknown. O(1).
    func find(_ hash: Hash) -> Entry? {
        let entry = unsafe KeyTable.slot(of: hash, entries, mask).pointee
        return entry.isFree ? nil : entry
    }

    /// The entry of a spelling, or the free entry where it would be. For the row loop, which holds `entries` and
    /// `mask`.
    @inline(__always)
    static func slot(
        of hash: Hash, _ entries: UnsafeMutablePointer<Entry>, _ mask: Int
    ) -> UnsafeMutablePointer<Entry> {
        let check = hash.second | 1
        var index = Int(truncatingIfNeeded: check &>> 1) & mask
        while true {
            let entry = unsafe entries + index
            if unsafe entry.pointee.check == check && UInt64(entry.pointee.rest) &>> 16 == hash.first &>> 48 {
                return unsafe entry
            }
            if unsafe entry.pointee.isFree { return unsafe entry }
            index = (index &+ 1) & mask
        }
    }

    /// Adds a spelling that `find` does not know. Amortised O(1).
    ///
    /// A measurement whose number has more than 16 bits is left out: its lines are read the careful way each time.
    mutating func insert(_ hash: Hash, key: UInt32, measurement: UInt32) {
        guard measurement <= 0xffff else { return }
        // Two thirds: where a search of what is not there begins to be long.
        if 3 * (count + 1) > 2 * (mask + 1) { rebuild(capacity: 2 * (mask + 1)) { $0 } }
        place(
            Entry(
                check: hash.second | 1, key: key,
                rest: UInt32(truncatingIfNeeded: hash.first >> 48) << 16 | measurement))
    }

    /// Forgets every spelling.
    mutating func removeAll() {
        unsafe entries.update(repeating: Entry(), count: mask + 1)
        count = 0
    }

    /// Gives every key the number that `change` makes of its number, and forgets the spellings of those for which it
    /// is nil. O(capacity).
    mutating func renumber(_ change: (UInt32) -> UInt32?) { rebuild(capacity: mask + 1, change) }

    private mutating func rebuild(capacity: Int, _ change: (UInt32) -> UInt32?) {
        let (old, oldMask) = unsafe (entries, mask)
        mask = capacity - 1
        count = 0
        unsafe entries = .allocate(capacity: capacity)
        unsafe entries.initialize(repeating: Entry(), count: capacity)
        for index in 0...oldMask {
            var entry = unsafe old[index]
            guard !entry.isFree, let key = change(entry.key) else { continue }
            entry.key = key
            place(entry)
        }
        unsafe old.deallocate()
    }

    private mutating func place(_ entry: Entry) {
        var index = Int(truncatingIfNeeded: entry.check &>> 1) & mask
        while unsafe !entries[index].isFree { index = (index + 1) & mask }
        unsafe entries[index] = entry
        count += 1
    }
}
