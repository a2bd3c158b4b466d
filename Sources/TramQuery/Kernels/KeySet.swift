/// A set of 64-bit keys that are already mixed (`mixedKey`), by open addressing. Half the table is kept free.
struct KeySet {
    /// A power of two long; 0 marks a free place.
    private var table: [UInt64] = []
    private var hasZero = false
    private(set) var count = 0

    var byteCount: Int { table.count * 8 }

    /// Adds `key`; false when it was there.
    @inline(__always)
    @discardableResult
    mutating func insert(_ key: UInt64) -> Bool {
        if key == 0 {
            if hasZero { return false }
            hasZero = true
            count += 1
            return true
        }
        if count * 2 >= table.count { rebuild(places: max(8, table.count * 2)) }
        let mask = table.count - 1
        var place = Int(truncatingIfNeeded: key) & mask
        while table[place] != 0 {
            if table[place] == key { return false }
            place = (place + 1) & mask
        }
        table[place] = key
        count += 1
        return true
    }

    private mutating func rebuild(places: Int) {
        let old = table
        table = [UInt64](repeating: 0, count: places)
        let mask = table.count - 1
        for key in old where key != 0 {
            var place = Int(truncatingIfNeeded: key) & mask
            while table[place] != 0 { place = (place + 1) & mask }
            table[place] = key
        }
    }

    mutating func add(_ other: KeySet) {
        // Room first: keys come in the order of the other table, and in a smaller one they would pile up in its first
        // places.
        var places = max(8, table.count)
        while places < (count + other.count) * 2 { places *= 2 }
        if places > table.count { rebuild(places: places) }
        other.forEach { insert($0) }
    }

    func sorted() -> [UInt64] {
        var keys: [UInt64] = []
        keys.reserveCapacity(count)
        forEach { keys.append($0) }
        keys.sort()
        return keys
    }

    /// In no order that means anything.
    func forEach(_ body: (UInt64) -> Void) {
        if hasZero { body(0) }
        for key in table where key != 0 { body(key) }
    }
}

/// Spreads a key over all 64 bits; different keys stay different (SplitMix64's last step).
@inline(__always)
func mixedKey(_ key: UInt64) -> UInt64 {
    var mixed = key &+ 0x9e37_79b9_7f4a_7c15
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
}

/// The key that `mixedKey` made this of: its steps backwards, with the inverses of its odd factors modulo 2^64.
func unmixedKey(_ mixed: UInt64) -> UInt64 {
    var key = mixed
    key = (key ^ (key >> 31) ^ (key >> 62)) &* 0x3196_42b2_d24d_8ec3
    key = (key ^ (key >> 27) ^ (key >> 54)) &* 0x96de_1b17_3f11_9089
    key = key ^ (key >> 30) ^ (key >> 60)
    return key &- 0x9e37_79b9_7f4a_7c15
}

/// A hash of a text's bytes that is the same on every node (FNV-1a, mixed).
func textHash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return mixedKey(hash)
}
