/// From the bytes of `measurement,tags` as a sender spells them to the number of the series key.
///
/// Open addressing with linear probing over entries of 32 bytes. An entry holds no key bytes but 128 bits of a hash and
/// the length, and is accepted on those. The hash is keyed with random numbers of this table, since senders choose the
/// bytes: who does not know the numbers cannot make two spellings meet, and by chance two of 2^32 spellings do with a
/// probability below 2^-64. Each half is a chain of 64×64→128-bit multiplications, folded by xor, over 16 bytes a step
/// (the construction of Wang Yi's wyhash, github.com/wangyi-fudan/wyhash).
///
/// Series keys with many spellings have an entry for each.
@safe
struct KeyTable: ~Copyable {
    struct Entry {
        var first: UInt64 = 0
        var second: UInt64 = 0
        /// Bytes of the spelling; 0 marks a free entry, and no key is empty.
        var length: UInt32 = 0
        /// The number of the series key.
        var key: UInt32 = 0
        /// The number of its measurement.
        var measurement: UInt32 = 0
        /// Fills the entry up to 32 bytes, so that none lies across two cache lines.
        var reserved: UInt32 = 0
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
    func find(_ hash: Hash, length: Int) -> Entry? {
        let entry = unsafe KeyTable.slot(of: hash, length: length, entries, mask).pointee
        return entry.length == 0 ? nil : entry
    }

    /// The entry of a spelling, or the free entry where it would be. For the row loop, which holds `entries` and
    /// `mask`.
    @inline(__always)
    static func slot(
        of hash: Hash, length: Int, _ entries: UnsafeMutablePointer<Entry>, _ mask: Int
    ) -> UnsafeMutablePointer<Entry> {
        var index = Int(truncatingIfNeeded: hash.first) & mask
        while true {
            let entry = unsafe entries + index
            if unsafe entry.pointee.first == hash.first && entry.pointee.second == hash.second
                && Int(entry.pointee.length) == length
            {
                return unsafe entry
            }
            if unsafe entry.pointee.length == 0 { return unsafe entry }
            index = (index &+ 1) & mask
        }
    }

    /// Adds a spelling that `find` does not know. Amortised O(1).
    mutating func insert(_ hash: Hash, length: Int, key: UInt32, measurement: UInt32) {
        if 2 * (count + 1) > mask { grow() }
        place(
            Entry(
                first: hash.first, second: hash.second, length: UInt32(clamping: length), key: key,
                measurement: measurement))
        count += 1
    }

    /// Forgets every spelling.
    mutating func removeAll() {
        unsafe entries.update(repeating: Entry(), count: mask + 1)
        count = 0
    }

    private mutating func grow() {
        let (old, oldMask) = unsafe (entries, mask)
        mask = 2 * mask + 1
        unsafe entries = .allocate(capacity: mask + 1)
        unsafe entries.initialize(repeating: Entry(), count: mask + 1)
        for index in 0...oldMask where unsafe old[index].length != 0 {
            place(unsafe old[index])
        }
        unsafe old.deallocate()
    }

    private func place(_ entry: Entry) {
        var index = Int(truncatingIfNeeded: entry.first) & mask
        while unsafe entries[index].length != 0 { index = (index + 1) & mask }
        unsafe entries[index] = entry
    }
}
