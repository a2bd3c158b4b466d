/// Order statistics without sorting everything.
enum OrderStatistics {
    /// Arranges `values` so that the value of `rank` (0 the smallest) stands at its place, nothing larger before it and
    /// nothing smaller after it. O(count) on average, O(count log count) at worst. `values` holds no NaN.
    static func select(_ rank: Int, in values: inout [Double]) {
        unsafe values.withUnsafeMutableBufferPointer { values in
            var low = 0
            var high = values.count - 1
            var patience = 2 * (Int.bitWidth - values.count.leadingZeroBitCount)
            while high - low > 16 {
                patience -= 1
                if patience < 0 {
                    // Pivots were unlucky too often: an adversary cannot make this quadratic.
                    break
                }
                let pivot = unsafe median(values[low], values[low + (high - low) / 2], values[high])
                var left = low
                var right = high
                while left <= right {
                    while unsafe values[left] < pivot { left += 1 }
                    while unsafe values[right] > pivot { right -= 1 }
                    if left <= right {
                        unsafe values.swapAt(left, right)
                        left += 1
                        right -= 1
                    }
                }
                if rank <= right {
                    high = right
                } else if rank >= left {
                    low = left
                } else {
                    return
                }
            }
            guard low < high else { return }
            var rest = unsafe UnsafeMutableBufferPointer(rebasing: values[low...high])
            unsafe rest.sort()
        }
    }

    private static func median(_ first: Double, _ second: Double, _ third: Double) -> Double {
        max(min(first, second), min(max(first, second), third))
    }

    /// Between the order statistics around share * (count - 1), in proportion: what numpy calls `linear`.
    static func interpolated(_ share: Double, of values: inout [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let position = share * Double(values.count - 1)
        let rank = min(Int(position), values.count - 1)
        select(rank, in: &values)
        let low = values[rank]
        let part = position - Double(rank)
        guard part > 0, rank + 1 < values.count else { return low }
        var high = values[rank + 1]
        for index in (rank + 1)..<values.count { high = min(high, values[index]) }
        let distance = high - low
        guard distance.isFinite else { return low * (1 - part) + high * part }
        // From the nearer end, as numpy does, so that equal ends give themselves.
        return part < 0.5 ? low + distance * part : high - distance * (1 - part)
    }

    /// The smallest value whose cumulative share is at least `share`.
    static func discrete(_ share: Double, of values: inout [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let count = Double(values.count)
        // The product may be rounded past a whole number; what counts is the comparison of the share itself.
        var place = min(max(1, (share * count).rounded(.up)), count)
        while place > 1, (place - 1) / count >= share { place -= 1 }
        while place < count, place / count < share { place += 1 }
        let rank = Int(place) - 1
        select(rank, in: &values)
        return values[rank]
    }
}
