internal import TramColumnar

/// Minimum, maximum, first, last and sum of a column's values, as `ColumnEntry` defines them.
struct ColumnStatistics {
    var minimum: UInt64 = 0
    var maximum: UInt64 = 0
    var first: UInt64 = 0
    var last: UInt64 = 0
    var sum = ColumnEntry.Sum.exact(0, scale: 0)
    var hasNonFinite = false

    /// Of the values present. `decimalSum` saves adding doubles up.
    init(_ type: FieldType, _ bits: UnsafeBufferPointer<UInt64>, decimalSum: (sum: Int128, scale: Int)?) {
        guard bits.count > 0 else { return }
        unsafe first = bits[0]
        unsafe last = bits[bits.count - 1]
        switch type {
        case .float:
            unsafe findExtremes(bits)
            if let decimalSum {
                sum = .exact(decimalSum.sum, scale: decimalSum.scale)
            } else {
                unsafe sum = ColumnStatistics.doubleSum(bits)
            }
        case .int:
            var low = Int64.max
            var high = Int64.min
            var total: Int128 = 0
            for row in 0..<bits.count {
                let value = unsafe Int64(bitPattern: bits[row])
                low = value < low ? value : low
                high = value > high ? value : high
                total &+= Int128(value)
            }
            minimum = UInt64(bitPattern: low)
            maximum = UInt64(bitPattern: high)
            sum = .exact(total, scale: 0)
        case .uint, .bool, .string:
            var low = UInt64.max
            var high: UInt64 = 0
            var total: Int128 = 0
            for row in 0..<bits.count {
                let value = unsafe bits[row]
                low = value < low ? value : low
                high = value > high ? value : high
                total &+= Int128(value)
            }
            minimum = low
            maximum = high
            sum = .exact(type == .string ? 0 : total, scale: 0)
        }
    }

    private mutating func findExtremes(_ bits: UnsafeBufferPointer<UInt64>) {
        let source = unsafe UnsafeRawPointer(bits.baseAddress)
        var low = SIMD8<Double>(repeating: .infinity)
        var high = SIMD8<Double>(repeating: -.infinity)
        // x - x is 0 for finite x, and NaN stays NaN: one sum tells whether there is any other.
        var rest = SIMD8<Double>(repeating: 0)
        var row = 0
        if let source = unsafe source {
            while row &+ 8 <= bits.count {
                let values = unsafe source.loadUnaligned(fromByteOffset: row &* 8, as: SIMD8<Double>.self)
                low.replace(with: values, where: values .< low)
                high.replace(with: values, where: values .> high)
                rest += values - values
                row &+= 8
            }
        }
        var isFinite = rest == SIMD8(repeating: 0)
        var smallest = Double.infinity
        var largest = -Double.infinity
        for lane in 0..<8 where row > 0 {
            smallest = low[lane] < smallest ? low[lane] : smallest
            largest = high[lane] > largest ? high[lane] : largest
        }
        while row < bits.count {
            let value = unsafe Double(bitPattern: bits[row])
            isFinite = isFinite && value.isFinite
            smallest = value < smallest ? value : smallest
            largest = value > largest ? value : largest
            row += 1
        }
        if !isFinite {
            hasNonFinite = true
            smallest = .infinity
            largest = -.infinity
            for row in 0..<bits.count {
                let value = unsafe Double(bitPattern: bits[row])
                guard value.isFinite else { continue }
                smallest = min(smallest, value)
                largest = max(largest, value)
            }
            guard smallest <= largest else { return }
        }
        minimum = smallest.bitPattern
        maximum = largest.bitPattern
    }

    /// Knuth's two-sum keeps what each addition rounds away (Knuth, TAOCP 2, 4.2.2, theorem B).
    private static func doubleSum(_ bits: UnsafeBufferPointer<UInt64>) -> ColumnEntry.Sum {
        var high = 0.0
        var low = 0.0
        for row in 0..<bits.count {
            let value = unsafe Double(bitPattern: bits[row])
            guard value.isFinite else { continue }
            let sum = high + value
            let virtual = sum - high
            low += (high - (sum - virtual)) + (value - virtual)
            high = sum
        }
        return .double(high: high, low: low)
    }
}
