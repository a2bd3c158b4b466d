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
