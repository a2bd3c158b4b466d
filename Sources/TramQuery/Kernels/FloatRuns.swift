/// Loops over runs of floats, eight lanes wide: scalar float loops are never vectorised by the compiler.
enum FloatRuns {
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
