/// A sum of any floats and decimals without any rounding: one long integer in units of 10^-15 * 2^-1074.
///
/// Every float is a whole number of 2^-1074 and every decimal of up to 15 places a whole number of 10^-15, so both are
/// whole in this unit, and the largest float times 2^64 still fits 35 words of two's complement. Order and grouping
/// of additions cannot show.
/// After Kulisch, "Computer Arithmetic and Validity", de Gruyter 2008, doi:10.1515/9783110203196, ch. 8; the factor
/// 10^15 is ours.
struct Superaccumulator: Equatable {
    static let wordCount = 35
    private static let unitScale: UInt64 = 1_000_000_000_000_000
    static let unitExponent = 1074

    /// Lowest word first.
    var words = [UInt64](repeating: 0, count: wordCount)

    /// Adds a finite float at its binary value.
    mutating func add(_ value: Double) {
        let fraction = value.significandBitPattern
        let biased = Int(value.exponentBitPattern)
        let mantissa = biased == 0 ? fraction : fraction | 1 << 52
        let product = UInt128(mantissa) * UInt128(Self.unitScale)
        add(product, shift: max(0, biased - 1), negative: value.sign == .minus)
    }

    /// Adds `mantissa` / 10^`scale`, scale 0...15.
    mutating func add(_ mantissa: Int128, scale: Int) {
        let factor = UInt128(PowerOfTen.integer(DecimalReading.maximumScale - scale))
        let magnitude = mantissa.magnitude
        let low = UInt128(UInt64(truncatingIfNeeded: magnitude))
        add(low * factor, shift: Self.unitExponent, negative: mantissa < 0)
        add((magnitude >> 64) * factor, shift: Self.unitExponent + 64, negative: mantissa < 0)
    }

    mutating func add(_ other: Superaccumulator) {
        var carry: UInt64 = 0
        for index in 0..<Self.wordCount { addWord(other.words[index], at: index, carry: &carry) }
    }

    @inline(__always)
    private mutating func addWord(_ word: UInt64, at index: Int, carry: inout UInt64) {
        let (partial, first) = words[index].addingReportingOverflow(word)
        let (sum, second) = partial.addingReportingOverflow(carry)
        words[index] = sum
        carry = first || second ? 1 : 0
    }

    private mutating func add(_ magnitude: UInt128, shift: Int, negative: Bool) {
        let first = shift >> 6
        let bits = UInt64(truncatingIfNeeded: shift & 63)
        let low = UInt64(truncatingIfNeeded: magnitude)
        let high = UInt64(truncatingIfNeeded: magnitude >> 64)
        // Shifting by 63 and then by the rest, for a shift by 64 would not be one.
        let parts = (low &<< bits, high &<< bits | (low >> 1) &>> (63 - bits), (high >> 1) &>> (63 - bits))
        // Subtracting is adding the complement of every word with a carry at the start.
        let turn: UInt64 = negative ? ~0 : 0
        var carry: UInt64 = negative ? 1 : 0
        addWord(parts.0 ^ turn, at: first, carry: &carry)
        addWord(parts.1 ^ turn, at: first + 1, carry: &carry)
        addWord(parts.2 ^ turn, at: first + 2, carry: &carry)
        var index = first + 3
        // Above, ~0 with a carry and 0 without one change nothing.
        let still: UInt64 = negative ? 1 : 0
        while carry != still, index < Self.wordCount {
            addWord(turn, at: index, carry: &carry)
            index += 1
        }
    }

    /// Sign and size, lowest word first.
    var magnitude: (isNegative: Bool, words: [UInt64]) {
        let isNegative = words[Self.wordCount - 1] >> 63 != 0
        var magnitude = words
        if isNegative {
            var carry = true
            for index in magnitude.indices {
                let (sum, overflow) = (~magnitude[index]).addingReportingOverflow(carry ? 1 : 0)
                magnitude[index] = sum
                carry = overflow
            }
        }
        return (isNegative, magnitude)
    }

    /// The sum rounded once to the nearest float, ties to even; infinite when it is beyond all floats.
    var rounded: Double {
        var (isNegative, magnitude) = magnitude
        var rest: UInt64 = 0
        for index in magnitude.indices.reversed() {
            (magnitude[index], rest) = Self.unitScale.dividingFullWidth((rest, magnitude[index]))
        }
        let value = Self.round(magnitude, rest: rest)
        return isNegative ? -value : value
    }

    /// The float nearest to (`words` + `rest` / 10^15) * 2^-1074.
    private static func round(_ words: [UInt64], rest: UInt64) -> Double {
        guard let top = words.lastIndex(where: { $0 != 0 }) else {
            return rest * 2 > unitScale ? Double.leastNonzeroMagnitude : 0
        }
        let length = top * 64 + 64 - words[top].leadingZeroBitCount
        if length <= 53 {
            // Floats of this size are whole units apart.
            let up = rest * 2 > unitScale || rest * 2 == unitScale && words[0] & 1 == 1
            return Double(sign: .plus, exponent: -unitExponent, significand: Double(words[0] + (up ? 1 : 0)))
        }
        let shift = words[top].leadingZeroBitCount
        var window = words[top] << UInt64(shift)
        var isInexact = rest != 0
        if top > 0 {
            if shift > 0 {
                window |= words[top - 1] >> UInt64(64 - shift)
                isInexact = isInexact || words[top - 1] << UInt64(shift) != 0
            } else {
                isInexact = isInexact || words[top - 1] != 0
            }
            isInexact = isInexact || words[..<(top - 1)].contains { $0 != 0 }
        }
        // Eleven bits more than a float has: the last of them may say "and something below".
        if isInexact { window |= 1 }
        return Double(sign: .plus, exponent: length - 64 - unitExponent, significand: Double(window))
    }
}
