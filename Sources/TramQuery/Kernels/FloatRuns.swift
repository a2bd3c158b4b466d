/// Loops over runs of floats, eight lanes wide: scalar float loops are never vectorised by the compiler.
enum FloatRuns {
    /// Count, mean and sum of squared distances from the mean.
    struct Moments {
        var count: Double
        var mean: Double
        var squares: Double
    }

    /// Two passes, for the second pass over values in the cache costs less than the error of one pass. `values` is not
    /// empty.
    static func moments(_ values: [Double]) -> Moments {
        unsafe values.withUnsafeBufferPointer { values in
            let count = Double(values.count)
            // Distances from a value that is there: a constant has exactly its own mean and no variance.
            let origin = unsafe values[0]
            let mean = unsafe origin + sum(values, less: origin).plain / count
            let (rest, squares) = unsafe sum(values, less: mean)
            // What is left of the first power corrects the mean's rounding (Chan, Golub, LeVeque 1983, "corrected
            // two-pass").
            return Moments(count: count, mean: mean + rest / count, squares: max(0, squares - rest * rest / count))
        }
    }

    /// Sums of v - `origin` and of its square.
    private static func sum(_ values: UnsafeBufferPointer<Double>, less origin: Double) -> (
        plain: Double, squares: Double
    ) {
        guard let base = unsafe UnsafeRawPointer(values.baseAddress) else { return (0, 0) }
        let count = values.count
        var plain = SIMD8<Double>(repeating: 0)
        var squares = SIMD8<Double>(repeating: 0)
        let origins = SIMD8<Double>(repeating: origin)
        var row = 0
        while row &+ 8 <= count {
            let distance = unsafe base.loadUnaligned(fromByteOffset: row &* 8, as: SIMD8<Double>.self) - origins
            plain += distance
            squares += distance * distance
            row &+= 8
        }
        var tail = 0.0
        var tailSquares = 0.0
        while row < count {
            let distance = unsafe values[row] - origin
            tail += distance
            tailSquares += distance * distance
            row &+= 1
        }
        return (plain.sum() + tail, squares.sum() + tailSquares)
    }

    /// The smallest and the largest number of a run of float bits; NaN and infinities are passed over. Nil when there
    /// is none.
    static func extremes(_ bits: UnsafeBufferPointer<UInt64>) -> (low: Double, high: Double)? {
        guard let base = unsafe UnsafeRawPointer(bits.baseAddress) else { return nil }
        let count = bits.count
        var lows = SIMD8<Double>(repeating: .infinity)
        var highs = SIMD8<Double>(repeating: -.infinity)
        // A finite number times zero is zero, all else is NaN and stays NaN in the sum.
        var check = SIMD8<Double>(repeating: 0)
        let zero = SIMD8<Double>(repeating: 0)
        var row = 0
        while row &+ 8 <= count {
            let value = unsafe base.loadUnaligned(fromByteOffset: row &* 8, as: SIMD8<Double>.self)
            lows.replace(with: value, where: value .< lows)
            highs.replace(with: value, where: value .> highs)
            check += value * zero
            row &+= 8
        }
        var low = Double.infinity
        var high = -Double.infinity
        if check.sum() == 0 {
            for lane in 0..<8 {
                low = Swift.min(low, lows[lane])
                high = Swift.max(high, highs[lane])
            }
        } else {
            row = 0
        }
        while row < count {
            let value = unsafe Double(bitPattern: bits[row])
            if value < low, value > -.infinity { low = value }
            if value > high, value < .infinity { high = value }
            row &+= 1
        }
        // -0.0 + 0.0 is 0.0.
        return low <= high ? (low + 0.0, high + 0.0) : nil
    }
}
