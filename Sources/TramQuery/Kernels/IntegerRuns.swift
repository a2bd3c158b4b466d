/// Loops over runs of integers, eight lanes wide.
enum IntegerRuns {
    /// The exact sum. O(count).
    static func sum(_ values: Span<Int64>) -> Int128 {
        unsafe values.withUnsafeBufferPointer { values in
            guard let base = unsafe UnsafeRawPointer(values.baseAddress) else { return 0 }
            let count = values.count
            if count < 32 {
                var total: Int64 = 0
                var row = 0
                while row < count {
                    let (sum, overflow) = total.addingReportingOverflow(unsafe values[row])
                    if overflow { break }
                    total = sum
                    row &+= 1
                }
                var wide = Int128(total)
                while row < count {
                    wide += Int128(unsafe values[row])
                    row &+= 1
                }
                return wide
            }
            // Low and high halves apart: neither lane can overflow before 2^31 values.
            var lows = SIMD8<UInt64>(repeating: 0)
            var highs = SIMD8<Int64>(repeating: 0)
            let mask = SIMD8<Int64>(repeating: 0xffff_ffff)
            let shift = SIMD8<Int64>(repeating: 32)
            var row = 0
            while row &+ 8 <= count {
                let value = unsafe base.loadUnaligned(fromByteOffset: row &* 8, as: SIMD8<Int64>.self)
                lows &+= SIMD8<UInt64>(truncatingIfNeeded: value & mask)
                highs &+= value &>> shift
                row &+= 8
            }
            var total = Int128(0)
            for lane in 0..<8 { total += Int128(lows[lane]) + Int128(highs[lane]) << 32 }
            while row < count {
                total += Int128(unsafe values[row])
                row &+= 1
            }
            return total
        }
    }

    /// The smallest and the largest of a run that is not empty; 0 of an empty one.
    static func extremes(_ values: Span<Int64>) -> (low: Int64, high: Int64) {
        guard !values.isEmpty else { return (0, 0) }
        return unsafe values.withUnsafeBufferPointer { values in
            var low = unsafe values[0]
            var high = low
            for row in 1..<max(1, values.count) {
                let value = unsafe values[row]
                low = value < low ? value : low
                high = value > high ? value : high
            }
            return (low, high)
        }
    }

    /// How many values lie in `range`. O(count).
    static func count(_ values: Span<Int64>, in range: ClosedRange<Int64>) -> Int {
        unsafe values.withUnsafeBufferPointer { values in
            let low = range.lowerBound
            let width = UInt64(bitPattern: range.upperBound &- low)
            var count = 0
            for row in 0..<values.count {
                count &+= UInt64(bitPattern: unsafe values[row] &- low) <= width ? 1 : 0
            }
            return count
        }
    }

    /// The float nearest to mantissa / 10^scale, 0...15; exact for those that stand for floats.
    @inline(__always)
    static func float(_ mantissa: Int64, scale: Int) -> Double {
        scale == 0 ? Double(mantissa) : Double(mantissa) / DecimalReading.power(scale)
    }
}
