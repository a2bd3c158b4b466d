/// Which decimal a float stands for.
///
/// A float that was read from decimal text of up to 15 digits is the float nearest to q / 10^s, and division gives it
/// back: Double(q) / 10^s has the same bits. Below |q| = 2^51 that works both ways:
///
/// 1. For one s at most one q gives the float, since neighbouring decimals are further apart than neighbouring floats.
/// 2. q is the integer nearest to v * 10^s: two roundings of the product move it by less than a half.
/// 3. When q / 10^s gives v, so does (10 q) / 10^(s+1), as long as it stays below 2^51: the same decimal.
///
/// So the decimal is a property of the float alone, at whatever scale it was found. Sums over it know no order.
enum DecimalReading {
    /// 0...maximumScale decimal places are tried.
    static let maximumScale = 15
    /// How many values are taken together.
    static let chunk = 32
    /// Adding 2^52 + 2^51 rounds a number below 2^51 to an integer and leaves it in the low bits of the sum.
    static let magic = 0x1.8p52
    static let exponentMask: UInt64 = 0xfff0_0000_0000_0000

    enum Meaning {
        /// `mantissa` / 10^`scale`, with the smallest scale that will do.
        case decimal(mantissa: Int64, scale: Int)
        /// No short decimal: the float means itself.
        case binary
        /// NaN or infinite.
        case nothing
    }

    private static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    /// 10^scale, 0...15, exact.
    static func power(_ scale: Int) -> Double { powers[scale] }

    /// The integer q with q / `power` == `value` bit for bit, nil when there is none below 2^51.
    @inline(__always)
    static func mantissa(_ value: Double, power: Double) -> Int64? {
        let shifted = value * power + magic
        guard (shifted.bitPattern ^ magic.bitPattern) & exponentMask == 0,
            ((shifted - magic) / power).bitPattern == value.bitPattern
        else { return nil }
        return Int64(bitPattern: shifted.bitPattern &- magic.bitPattern)
    }

    static func meaning(of value: Double) -> Meaning {
        guard value.isFinite else { return .nothing }
        let magnitude = value.magnitude
        if magnitude == 0 { return .decimal(mantissa: 0, scale: 0) }
        if magnitude >= 0x1p51 {
            // A large integer is its own decimal.
            if magnitude < 0x1p63, magnitude == magnitude.rounded(.towardZero) {
                return .decimal(mantissa: Int64(value), scale: 0)
            }
            return .binary
        }
        // By 3. above only the largest scale that keeps q in range needs a test; 1233 / 4096 is a little less than
        // log10(2).
        var scale = min(maximumScale, max(0, (((52 - Int(magnitude.exponent)) * 1233) >> 12) + 1))
        while scale > 0 {
            let shifted = value * powers[scale] + magic
            if (shifted.bitPattern ^ magic.bitPattern) & exponentMask == 0 { break }
            scale -= 1
        }
        guard let found = mantissa(value, power: powers[scale]) else { return .binary }
        return strippingZeros(found, scale: scale)
    }

    private static func strippingZeros(_ mantissa: Int64, scale: Int) -> Meaning {
        var mantissa = mantissa
        var scale = scale
        for (zeros, factor) in [(8, Int64(100_000_000)), (4, 10_000), (2, 100), (1, 10)] {
            while scale >= zeros {
                let (quotient, rest) = mantissa.quotientAndRemainder(dividingBy: factor)
                if rest != 0 { break }
                mantissa = quotient
                scale -= zeros
            }
        }
        return .decimal(mantissa: mantissa, scale: scale)
    }

    /// Whether every value has a mantissa at this scale.
    static func allFit(_ values: UnsafeBufferPointer<UInt64>, scale: Int) -> Bool {
        let power = power(scale)
        for row in 0..<values.count {
            let value = unsafe Double(bitPattern: values[row])
            if mantissa(value, power: power) == nil { return false }
        }
        return true
    }

    /// Adds the mantissas of a run at one scale, a chunk at a time, without a branch in a value's way.
    ///
    /// Stops before the first chunk in which a value has no mantissa at this scale. A tail is filled up with zeros to a
    /// chunk.
    /// - Precondition: at most 2,048 values, so that the sum fits.
    static func sumMantissas(_ values: UnsafeBufferPointer<UInt64>, scale: Int) -> (sum: Int64, taken: Int) {
        precondition(values.count <= 2048, "a longer run could overflow")
        guard let base = unsafe UnsafeRawPointer(values.baseAddress) else { return (0, 0) }
        var (sum, taken) = unsafe sumMantissas(base, count: values.count, scale: scale)
        let left = values.count - taken
        if left > 0, left < chunk {
            var tail = InlineArray<32, UInt64>(repeating: 0)
            for row in 0..<left { tail[row] = unsafe values[taken + row] }
            let part = unsafe tail.span.withUnsafeBytes { tail in
                // 32 values are never without a first one.
                unsafe tail.baseAddress.map { unsafe sumMantissas($0, count: chunk, scale: scale) }
            }
            if let part, part.taken == chunk {
                sum += part.sum
                taken += left
            }
        }
        return (sum, taken)
    }

    private static func sumMantissas(_ base: UnsafeRawPointer, count: Int, scale: Int) -> (sum: Int64, taken: Int) {
        // Whole numbers need no division, which is most of the time spent here.
        scale == 0
            ? unsafe sumMantissas(base, count: count, power: 1, divides: false)
            : unsafe sumMantissas(base, count: count, power: power(scale), divides: true)
    }

    @inline(__always)
    private static func sumMantissas(
        _ base: UnsafeRawPointer, count: Int, power: Double, divides: Bool
    ) -> (sum: Int64, taken: Int) {
        let powers = SIMD8<Double>(repeating: power)
        let magics = SIMD8<Double>(repeating: magic)
        let magicBits = SIMD8<UInt64>(repeating: magic.bitPattern)
        let exponents = SIMD8<UInt64>(repeating: exponentMask)
        var sums = SIMD8<UInt64>(repeating: 0)
        var row = 0
        while row &+ chunk <= count {
            var partial = SIMD8<UInt64>(repeating: 0)
            var differences = SIMD8<UInt64>(repeating: 0)
            for step in 0..<(chunk / 8) {
                let bits = unsafe base.loadUnaligned(
                    fromByteOffset: (row &+ step &* 8) &* 8, as: SIMD8<UInt64>.self)
                let value = unsafe unsafeBitCast(bits, to: SIMD8<Double>.self)
                let shifted = value * powers + magics
                var back = shifted - magics
                if divides { back /= powers }
                let shiftedBits = unsafe unsafeBitCast(shifted, to: SIMD8<UInt64>.self)
                differences |= unsafe unsafeBitCast(back, to: SIMD8<UInt64>.self) ^ bits
                differences |= (shiftedBits ^ magicBits) & exponents
                partial &+= shiftedBits
            }
            let half = differences.lowHalf | differences.highHalf
            let quarter = half.lowHalf | half.highHalf
            if quarter[0] | quarter[1] != 0 { break }
            sums &+= partial
            row &+= chunk
        }
        // The magic number's bits are taken off once for all values.
        let total = sums.wrappedSum() &- UInt64(truncatingIfNeeded: row) &* magic.bitPattern
        return (Int64(bitPattern: total), row)
    }
}
