import TramColumnar

/// The series of each tag.
///
/// A tag that one series has is found by its hash and stands for the id itself; from the second series on it is a list.
struct Postings {
    /// The series of one tag, rising; two or more.
    struct List {
        var column: Int
        var code: UInt32
        var series: [SeriesID]
    }

    /// An id, or with the highest bit the number of a list.
    var slots = HashSlots()
    var lists: [List] = []

    static let listMark: UInt32 = 1 << 31

    /// Bytes of memory.
    var byteCount: Int {
        slots.byteCount + lists.reduce(0) { $0 + MemoryLayout<List>.stride + 32 + 4 * $1.series.capacity }
    }
}

extension SeriesIndex.State {
    private static func hash(_ tag: SeriesIndex.Tag, _ hasher: KeyedHash) -> UInt64 {
        hasher.mixed(1, UInt64(tag.column) << 32 | UInt64(tag.code))
    }

    private func find(_ tag: SeriesIndex.Tag, _ hash: UInt64) -> UInt32? {
        postings.slots.find(hash) { found in
            if found & Postings.listMark != 0 {
                let list = Int(found & ~Postings.listMark)
                return postings.lists[list].code == tag.code && postings.lists[list].column == tag.column
            }
            let place = Int(places[Int(found)])
            let columns = shapes[Int(words[place])].columns
            for index in columns.indices where columns[index] == tag.column {
                return words[place &+ 1 &+ index] == tag.code
            }
            return false
        }
    }

    /// Notes that a series, newer than all that were noted before, has a tag.
    ///
    /// - Returns: whether it is the first.
    mutating func post(_ tag: SeriesIndex.Tag, _ id: SeriesID, _ hasher: KeyedHash) -> Bool {
        let hash = SeriesIndex.State.hash(tag, hasher)
        guard let found = find(tag, hash) else {
            postings.slots.insert(hash, id)
            return true
        }
        if found & Postings.listMark != 0 {
            postings.lists[Int(found & ~Postings.listMark)].series.append(id)
        } else {
            let list = UInt32(truncatingIfNeeded: postings.lists.count) | Postings.listMark
            postings.slots.renumber(hash, found, list)
            postings.lists.append(Postings.List(column: tag.column, code: tag.code, series: [found, id]))
        }
        return false
    }

    /// The series that have a tag, rising.
    func series(with tag: SeriesIndex.Tag, _ hasher: KeyedHash) -> [SeriesID] {
        guard let found = find(tag, SeriesIndex.State.hash(tag, hasher)) else { return [] }
        return found & Postings.listMark == 0 ? [found] : postings.lists[Int(found & ~Postings.listMark)].series
    }
}

extension [SeriesID] {
    /// How many of these rising ids are below `bound`. O(log).
    func count(below bound: SeriesID) -> Int {
        guard let last, last >= bound else { return count }
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The ids that are in this list and in `other`, both rising. This one is the shorter.
    ///
    /// - Complexity: O(count · log of the ratio) for lists of very different lengths, O(count + other's) for others.
    func intersection(_ other: [SeriesID]) -> [SeriesID] {
        guard let first, let last, !other.isEmpty else { return [] }
        if other.count / count >= 16 { return galloping(other) }
        // Bits for the shorter list, and a look at the bit of each of the other: no branch depends on the data, which
        // for two long lists is what a merge would spend its time on.
        let base = first & ~63
        var bits = [UInt64](repeating: 0, count: Int(last - base) >> 6 + 1)
        for id in self { bits[Int((id &- base) >> 6)] |= 1 << UInt64(id & 63) }
        let range = other.count(below: first)..<other.count(below: last &+ 1)
        return unsafe [SeriesID](unsafeUninitializedCapacity: Swift.min(count, range.count) + 1) {
            buffer, initialized in
            guard let target = buffer.baseAddress else { return }
            unsafe bits.withUnsafeBufferPointer { bits in
                unsafe other.withUnsafeBufferPointer { other in
                    var found = 0
                    for index in range {
                        let id = unsafe other[index]
                        // There is room for one more than can be found: a write that does not count.
                        unsafe target[found] = id
                        found &+= Int(truncatingIfNeeded: unsafe bits[Int((id &- base) >> 6)] &>> UInt64(id & 63) & 1)
                    }
                    initialized = found
                }
            }
        }
    }

    private func galloping(_ other: [SeriesID]) -> [SeriesID] {
        var result: [SeriesID] = []
        var low = 0
        for id in self {
            // Doubling steps, then halving ones between the last two.
            var step = 1
            while low + step < other.count, other[low + step] < id { step *= 2 }
            var high = Swift.min(low + step, other.count)
            while low < high {
                let middle = (low + high) / 2
                if other[middle] < id { low = middle + 1 } else { high = middle }
            }
            guard low < other.count else { break }
            if other[low] == id { result.append(id) }
        }
        return result
    }
}
