/// Which decimal a double stands for.
///
/// A double that was read from decimal text of up to 15 digits is the double nearest to q / 10^s, and division gives it
/// back. Below |q| = 2^51 there is one q for one s at most, and when q / 10^s gives the value, so does
/// (10 q) / 10^(s + 1): the decimal is a property of the double, at whatever scale it was found. Sums over it know no
/// order.
enum DecimalFloat {
    static let maximumScale = 15

    struct Decimal: Equatable {
        var mantissa: Int64
        /// The smallest that will do.
        var scale: Int
    }

    static let integerPowers: [Int64] = {
        var powers: [Int64] = [1]
        for _ in 0..<18 { powers.append(powers[powers.count - 1] * 10) }
        return powers
    }()

    /// Nil for NaN, infinities, -0.0, and values without a decimal whose mantissa is below 2^51.
    static func decimal(_ value: Double) -> Decimal? {
        guard value.magnitude < 0x1p51 else { return nil }
        if value.bitPattern == 0 { return Decimal(mantissa: 0, scale: 0) }
        // Only the largest scale that keeps the mantissa in range needs a test.
        var scale = maximumScale
        while scale > 0, (value * DecimalScaling.powers[scale]).magnitude >= 0x1p51 { scale -= 1 }
        guard let mantissa = DecimalScaling.quotient(scale: scale).constants.encode(value) else { return nil }
        var decimal = Decimal(mantissa: mantissa, scale: scale)
        while decimal.scale > 0, decimal.mantissa % 10 == 0 {
            decimal.mantissa /= 10
            decimal.scale -= 1
        }
        return decimal
    }

    /// How many rows need which scale; the last entry counts those that are no decimals.
    static func scales(_ bits: UnsafeBufferPointer<UInt64>) -> [Int] {
        var counts = [Int](repeating: 0, count: maximumScale + 2)
        for row in 0..<bits.count {
            counts[decimal(unsafe Double(bitPattern: bits[row]))?.scale ?? maximumScale + 1] += 1
        }
        return counts
    }

    /// The scale at which integers and exceptions are smallest together; nil when more than a fifth of the rows would
    /// be exceptions.
    ///
    /// A digit costs 3.3 bits in every row, an exception a row number and some forty bits.
    static func cheapestScale(_ scales: [Int]) -> Int? {
        let count = scales.reduce(0, +)
        var best: (scale: Int, tenthsOfBits: Int)?
        var covered = 0
        for scale in 0...maximumScale {
            covered += scales[scale]
            let exceptions = count - covered
            if exceptions * 5 > count { continue }
            let cost = count * 33 * scale + exceptions * 550
            if cost < best?.tenthsOfBits ?? .max { best = (scale, cost) }
        }
        return best?.scale
    }
}
