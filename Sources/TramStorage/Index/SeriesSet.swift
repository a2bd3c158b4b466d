/// A set of series: for each stretch of 65,536 ids, a sorted list while there are few and bits from then on.
///
/// Costs two bytes for a series where there are few, and at most 8 KiB for a stretch; a copy shares memory until one of
/// the two changes. (The containers of Lemire et al.: Roaring bitmaps, Software: Practice and Experience 48(4), 2018,
/// doi.org/10.1002/spe.2560, without their runs.)
public struct SeriesSet: Equatable, Sendable {
    private enum Stretch: Equatable, Sendable {
        /// Rising.
        case list([UInt16])
        case bits([UInt64])
    }

    private static let longestList = 4096
    private static let bitWords = 1024

    /// By the upper half of the ids.
    private var stretches: [Stretch] = []
    public private(set) var count = 0

    public init() {}

    public var isEmpty: Bool { count == 0 }

    /// O(1) among many of a stretch, O(log) among few.
    public func contains(_ series: SeriesID) -> Bool {
        let stretch = Int(series >> 16)
        guard stretch < stretches.count else { return false }
        let low = UInt16(truncatingIfNeeded: series)
        switch stretches[stretch] {
        case .list(let list):
            let place = SeriesSet.place(of: low, in: list)
            return place < list.count && list[place] == low
        case .bits(let words): return words[Int(low >> 6)] >> UInt64(low & 63) & 1 != 0
        }
    }

    /// - Returns: whether it was not there.
    @discardableResult
    public mutating func insert(_ series: SeriesID) -> Bool {
        let stretch = Int(series >> 16)
        while stretches.count <= stretch { stretches.append(.list([])) }
        let low = UInt16(truncatingIfNeeded: series)
        // Taken out while it is changed, so that it is not copied.
        var changed = Stretch.list([])
        swap(&changed, &stretches[stretch])
        defer { swap(&changed, &stretches[stretch]) }
        switch changed {
        case .list(var list):
            changed = .list([])
            let place = list.last.map { $0 < low } ?? true ? list.count : SeriesSet.place(of: low, in: list)
            if place < list.count, list[place] == low {
                changed = .list(list)
                return false
            }
            list.insert(low, at: place)
            changed = list.count > SeriesSet.longestList ? .bits(SeriesSet.words(list)) : .list(list)
        case .bits(var words):
            changed = .list([])
            let bit: UInt64 = 1 << UInt64(low & 63)
            let isNew = words[Int(low >> 6)] & bit == 0
            words[Int(low >> 6)] |= bit
            changed = .bits(words)
            if !isNew { return false }
        }
        count += 1
        return true
    }

    /// Adds all of `other`. O(its series), by words where it has many.
    public mutating func formUnion(_ other: SeriesSet) {
        while stretches.count < other.stretches.count { stretches.append(.list([])) }
        for (index, stretch) in other.stretches.enumerated() {
            switch (stretches[index], stretch) {
            case (.list(let own), _) where own.isEmpty:
                stretches[index] = stretch
                count += SeriesSet.count(stretch)
            case (_, .list(let list)):
                for low in list { insert(SeriesID(index) << 16 | SeriesID(low)) }
            case (let own, .bits(let words)):
                var merged = SeriesSet.words(own)
                for word in merged.indices { merged[word] |= words[word] }
                count += SeriesSet.count(.bits(merged)) - SeriesSet.count(own)
                stretches[index] = .bits(merged)
            }
        }
    }

    /// Hands every series to `visit`, rising.
    public func forEach(_ visit: (SeriesID) -> Void) {
        for (index, stretch) in stretches.enumerated() {
            let upper = SeriesID(index) << 16
            switch stretch {
            case .list(let list): for low in list { visit(upper | SeriesID(low)) }
            case .bits(let words):
                for (place, word) in words.enumerated() {
                    var rest = word
                    while rest != 0 {
                        visit(upper | SeriesID(place * 64 + rest.trailingZeroBitCount))
                        rest &= rest - 1
                    }
                }
            }
        }
    }

    /// Those of `series` that are in the set, in their order.
    public func filter(_ series: [SeriesID]) -> [SeriesID] { series.filter { contains($0) } }

    /// Bytes of memory, about.
    public var byteCount: Int {
        stretches.reduce(0) { sum, stretch in
            switch stretch {
            case .list(let list): sum + 16 + 2 * list.capacity
            case .bits: sum + 16 + 8 * SeriesSet.bitWords
            }
        }
    }

    private static func place(of low: UInt16, in list: [UInt16]) -> Int {
        var start = 0
        var end = list.count
        while start < end {
            let middle = (start + end) / 2
            if list[middle] < low { start = middle + 1 } else { end = middle }
        }
        return start
    }

    private static func words(_ stretch: Stretch) -> [UInt64] {
        switch stretch {
        case .list(let list): words(list)
        case .bits(let words): words
        }
    }

    private static func words(_ list: [UInt16]) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: bitWords)
        for low in list { words[Int(low >> 6)] |= 1 << UInt64(low & 63) }
        return words
    }

    private static func count(_ stretch: Stretch) -> Int {
        switch stretch {
        case .list(let list): list.count
        case .bits(let words): words.reduce(0) { $0 + $1.nonzeroBitCount }
        }
    }
}
