/// The natural logarithm with the same bits on every machine: the C library's differs between processors with and
/// without fused multiply-add, and sketches of two nodes must put a value into the same bucket.
///
/// Error below one unit in the last place. The method and constants are those of `__ieee754_log` in FDLIBM
/// (Sun Microsystems 1993, permission to use, copy, modify and distribute is freely granted).
@inline(__always)
func naturalLogarithm(_ value: Double) -> Double {
    var bits = value.bitPattern
    var exponent = -1023
    if bits < 1 << 52 {
        bits = (value * 0x1p54).bitPattern
        exponent -= 54
    }
    // Mantissa between sqrt(1/2) and sqrt(2).
    let shifted = bits &+ (0x3ff0_0000_0000_0000 - 0x3fe6_a09e_667f_3bcd)
    exponent &+= Int(truncatingIfNeeded: shifted >> 52)
    let fraction = Double(bitPattern: shifted & 0x000f_ffff_ffff_ffff &+ 0x3fe6_a09e_667f_3bcd) - 1
    let ratio = fraction / (2 + fraction)
    let square = ratio * ratio
    let fourth = square * square
    let even =
        fourth * (3.999999999940941908e-01 + fourth * (2.222219843214978396e-01 + fourth * 1.531383769920937332e-01))
    let odd =
        square
        * (6.666666666666735130e-01
            + fourth
            * (2.857142874366239149e-01 + fourth * (1.818357216161805012e-01 + fourth * 1.479819860511658591e-01)))
    let half = 0.5 * fraction * fraction
    let twos = Double(exponent)
    return twos * 6.93147180369123816490e-01
        - ((half - (ratio * (half + (even + odd)) + twos * 1.90821492927058770002e-10)) - fraction)
}

/// The same for eight normal positive numbers at once, with the same bits: the same operations in the same order.
@inline(__always)
func naturalLogarithm(_ values: SIMD8<Double>) -> SIMD8<Double> {
    let low = SIMD8<UInt64>(repeating: 0x3fe6_a09e_667f_3bcd)
    let bits = unsafe unsafeBitCast(values, to: SIMD8<UInt64>.self)
    let shifted = bits &+ (SIMD8(repeating: 0x3ff0_0000_0000_0000) &- low)
    // An integer below 2^52 in the low bits of 2^52 is that float plus 2^52.
    let exponentBits = (shifted &>> SIMD8(repeating: 52)) | SIMD8(repeating: 0x1p52.bitPattern)
    let twos = unsafe unsafeBitCast(exponentBits, to: SIMD8<Double>.self) - SIMD8(repeating: 0x1p52 + 1023)
    let mantissaBits = (shifted & SIMD8(repeating: 0x000f_ffff_ffff_ffff)) &+ low
    let fraction = unsafe unsafeBitCast(mantissaBits, to: SIMD8<Double>.self) - SIMD8(repeating: 1)
    let ratio = fraction / (SIMD8(repeating: 2) + fraction)
    let square = ratio * ratio
    let fourth = square * square
    var even = SIMD8(repeating: 2.222219843214978396e-01) + fourth * SIMD8(repeating: 1.531383769920937332e-01)
    even = fourth * (SIMD8(repeating: 3.999999999940941908e-01) + fourth * even)
    var odd = SIMD8(repeating: 1.818357216161805012e-01) + fourth * SIMD8(repeating: 1.479819860511658591e-01)
    odd = SIMD8(repeating: 2.857142874366239149e-01) + fourth * odd
    odd = square * (SIMD8(repeating: 6.666666666666735130e-01) + fourth * odd)
    let half = SIMD8(repeating: 0.5) * fraction * fraction
    let rest = ratio * (half + (even + odd)) + twos * SIMD8(repeating: 1.90821492927058770002e-10)
    return twos * SIMD8(repeating: 6.93147180369123816490e-01) - ((half - rest) - fraction)
}
