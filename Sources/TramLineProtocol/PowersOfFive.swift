/// The 128 leading bits of 5^q for q in -342...308, as Eisel and Lemire's method needs them.
///
/// The bits are truncated, but for q in -27 ..< 0, where the reciprocal is rounded up: the proof of the paper needs it
/// so. All are normalised: the highest bit is set. The table is worked out once per process with wide arithmetic (under
/// 2 ms), which is shorter than 1,302 literals and cannot hold a mistyped one.
enum PowersOfFive {
    static let exponents = -342...308

    /// High and low word of each power, from q = -342 on.
    static let words: [UInt64] = makeWords()

    private static func makeWords() -> [UInt64] {
        var words = [UInt64](repeating: 0, count: 2 * exponents.count)
        // A whole number as 32-bit limbs, lowest first.
        var power: [UInt32] = [1]
        for exponent in 0...(-exponents.lowerBound) {
            if exponent <= exponents.upperBound {
                (words[2 * (exponent + 342)], words[2 * (exponent + 342) + 1]) = leadingBits(power)
            }
            if exponent > 0 {
                (words[2 * (342 - exponent)], words[2 * (342 - exponent) + 1]) =
                    reciprocalBits(power, roundedUp: exponent <= 27)
            }
            multiplyByFive(&power)
        }
        return words
    }

    private static func multiplyByFive(_ number: inout [UInt32]) {
        var carry: UInt64 = 0
        for index in number.indices {
            let product = UInt64(number[index]) * 5 + carry
            number[index] = UInt32(truncatingIfNeeded: product)
            carry = product >> 32
        }
        if carry != 0 { number.append(UInt32(truncatingIfNeeded: carry)) }
    }

    private static func bitCount(_ number: [UInt32]) -> Int {
        32 * number.count - (number.last?.leadingZeroBitCount ?? 0)
    }

    private static func leadingBits(_ number: [UInt32]) -> (UInt64, UInt64) {
        var (high, low): (UInt64, UInt64) = (0, 0)
        let top = bitCount(number)
        for bit in 0..<128 {
            let position = top - 1 - bit
            let value = position < 0 ? 0 : UInt64(number[position >> 5] >> UInt32(position & 31) & 1)
            high = high << 1 | low >> 63
            low = low << 1 | value
        }
        return (high, low)
    }

    /// 2^b / `number`, with b such that the quotient has 128 bits. Schoolbook division, a bit at a time.
    private static func reciprocalBits(_ number: [UInt32], roundedUp: Bool) -> (UInt64, UInt64) {
        // The remainder starts as the largest power of two below `number`: doubled, it yields the quotient's first one.
        var remainder = [UInt32](repeating: 0, count: number.count + 1)
        let top = bitCount(number) - 1
        remainder[top >> 5] = 1 << UInt32(top & 31)
        var (high, low): (UInt64, UInt64) = (0, 0)
        for _ in 0..<128 {
            var carry: UInt32 = 0
            for index in remainder.indices {
                let limb = remainder[index]
                remainder[index] = limb << 1 | carry
                carry = limb >> 31
            }
            high = high << 1 | low >> 63
            low <<= 1
            if subtract(number, from: &remainder) { low |= 1 }
        }
        let (up, overflow) = low.addingReportingOverflow(roundedUp ? 1 : 0)
        return (overflow ? high &+ 1 : high, up)
    }

    /// Subtracts when `remainder` is not smaller, and says whether it did.
    private static func subtract(_ number: [UInt32], from remainder: inout [UInt32]) -> Bool {
        var difference = remainder
        var borrow: Int64 = 0
        for index in difference.indices {
            let limb = Int64(remainder[index]) - Int64(index < number.count ? number[index] : 0) - borrow
            difference[index] = UInt32(truncatingIfNeeded: limb)
            borrow = limb < 0 ? 1 : 0
        }
        if borrow != 0 { return false }
        remainder = difference
        return true
    }
}
