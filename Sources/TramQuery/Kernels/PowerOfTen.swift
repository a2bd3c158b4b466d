enum PowerOfTen {
    private static let integers: [Int64] = {
        var powers: [Int64] = [1]
        for _ in 1...18 { powers.append(powers[powers.count - 1] * 10) }
        return powers
    }()

    /// 10^exponent, 0...18.
    static func integer(_ exponent: Int) -> Int64 { integers[exponent] }

    /// `mantissa` / 10^`scale` (scale 0...15) rounded once to the nearest float, ties to even.
    static func quotient(_ mantissa: Int128, scale: Int) -> Double {
        let magnitude = mantissa.magnitude
        if magnitude < 1 << 53 {
            // Both sides are exact floats, so one division rounds once.
            return Double(Int64(truncatingIfNeeded: mantissa)) / DecimalReading.power(scale)
        }
        let shift = magnitude.leadingZeroBitCount
        let (quotient, rest) = (magnitude << UInt128(shift)).quotientAndRemainder(
            dividingBy: UInt128(integer(scale)))
        // At least 128 - 50 bits: cut to 64, the last of which stands for all that is below.
        let cut = 64 - quotient.leadingZeroBitCount
        var window = UInt64(truncatingIfNeeded: quotient >> UInt128(cut))
        if rest != 0 || quotient & (1 << UInt128(cut) - 1) != 0 { window |= 1 }
        return Double(sign: mantissa < 0 ? .minus : .plus, exponent: cut - shift, significand: Double(window))
    }
}
