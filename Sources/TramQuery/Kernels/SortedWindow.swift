/// The last values of a sequence in a ring.
struct Ring<Element> {
    let capacity: Int
    private var elements: [Element] = []
    /// Where the oldest stands once the ring is full.
    private var oldest = 0

    /// - Parameter capacity: At least 1.
    init(capacity: Int) {
        precondition(capacity > 0, "a ring holds something")
        self.capacity = capacity
    }

    var count: Int { elements.count }

    /// Appends `element` and gives the oldest one when that had to leave. O(1).
    mutating func push(_ element: Element) -> Element? {
        if elements.count < capacity {
            elements.append(element)
            return nil
        }
        let leaving = elements[oldest]
        elements[oldest] = element
        oldest = oldest + 1 == capacity ? 0 : oldest + 1
        return leaving
    }
}

/// The last values of a sequence, held sorted.
///
/// A push is a binary search and one move of memory: for the windows that queries may have it is faster than a tree.
struct SortedWindow {
    private var ring: Ring<Double>
    private(set) var sorted: [Double] = []

    /// - Parameter capacity: At least 1.
    init(capacity: Int) {
        ring = Ring(capacity: capacity)
    }

    var count: Int { sorted.count }
    var smallest: Double? { sorted.first }
    var largest: Double? { sorted.last }

    /// Takes `value`, which is a number, in and the oldest out. O(log count) and a move of at most `count` values.
    mutating func push(_ value: Double) {
        if let leaving = ring.push(value) { sorted.remove(at: place(of: leaving)) }
        sorted.insert(value, at: place(of: value))
    }

    /// The first place whose value is not less than `value`.
    private func place(of value: Double) -> Int {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Half way between the two middle values when their count is even; nil when there are none. O(1).
    var median: Double? {
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : SortedWindow.middle(sorted[middle - 1], sorted[middle])
    }

    /// The median of the values' distances from `center`; 0 when there are no values. O(log count).
    func medianDistance(from center: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let split = place(of: center)
        let middle = sorted.count / 2
        let upper = distance(ofRank: middle, from: center, split: split)
        if sorted.count % 2 == 1 { return upper }
        return SortedWindow.middle(distance(ofRank: middle - 1, from: center, split: split), upper)
    }

    private static func middle(_ low: Double, _ high: Double) -> Double {
        let distance = high - low
        return distance.isFinite ? low + distance / 2 : low / 2 + high / 2
    }

    /// The distance of a rank, 0 the smallest. Going left and going right from `split` distances rise: two sorted
    /// sequences, of which the search finds how many of the left one are among the first `rank`.
    private func distance(ofRank rank: Int, from center: Double, split: Int) -> Double {
        let rightCount = sorted.count - split
        func left(_ index: Int) -> Double { center - sorted[split - 1 - index] }
        func right(_ index: Int) -> Double { sorted[split + index] - center }
        var low = max(0, rank - rightCount)
        var high = min(rank, split)
        while low < high {
            let taken = (low + high) / 2
            if left(taken) < right(rank - taken - 1) { low = taken + 1 } else { high = taken }
        }
        let fromRight = rank - low
        if low >= split { return right(fromRight) }
        if fromRight >= rightCount { return left(low) }
        return min(left(low), right(fromRight))
    }
}
