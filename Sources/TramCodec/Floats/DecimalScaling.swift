/// How the integers of a float column become doubles. Encoder and decoder run the same expression, value for value,
/// and the encoder keeps only what came back bit for bit; so nothing here may be contracted or reordered.
///
///     kind          value of integer q
///     0 quotient    Double(q) / 10^scale
///     1 product     (Double(q) * 10^factor) * 10^-exponent
///     2 fraction    round(Double(q) * (10^scale / denominator)) / 10^scale
///
/// *Quotient.* Division is correctly rounded, so a double that was read from decimal text of up to 15 digits is the
/// quotient of its digits: such columns have no exceptions.
///
/// *Product.* Two multiplications instead of a division, thrice as fast, from Afroozeh, Kuffó, Boncz, "ALP: Adaptive
/// Lossless floating-Point Compression", Proc. ACM Manag. Data 1(4) (SIGMOD 2024), doi:10.1145/3626717. Used when all
/// values of a quotient column come out the same, and for values that are themselves products.
///
/// *Fraction.* Means of a few whole readings, q / denominator, that were written with `scale` digits: the digits
/// are long, the fractions are few. 62.66666667 is 564/9, and 71 * 72 different fractions need 13 bits, not 33.
enum DecimalScaling: Equatable, Sendable {
    case quotient(scale: Int)
    case product(exponent: Int, factor: Int)
    case fraction(scale: Int, denominator: Int)

    /// Fraction digits beyond this do not occur in text that a double can hold.
    static let maximumScale = 18
    static let maximumDenominator = 65_535
    /// Adding 2^52 + 2^51 rounds a number below 2^51 to an integer and leaves it in the low bits of the sum.
    static let magic = 0x1.8p52
    /// Integers of a float column are below this in magnitude.
    static let mantissaLimit: Int64 = 1 << 51

    static let powers: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    ]
    static let inverses: [Double] = [
        1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16,
        1e-17, 1e-18,
    ]

    /// The factors of a kernel: which expression, and its constants.
    struct Constants {
        enum Expression { case whole, quotient, product, fraction }
        var expression: Expression
        /// By what the encoder multiplies before rounding.
        var encode: Double
        var encodeAgain: Double
        var first: Double
        var second: Double
    }

    var constants: Constants {
        switch self {
        case .quotient(let scale):
            let power = DecimalScaling.powers[scale]
            return Constants(
                expression: scale == 0 ? .whole : .quotient, encode: power, encodeAgain: 1, first: power, second: 1)
        case .product(let exponent, let factor):
            return Constants(
                expression: .product, encode: DecimalScaling.powers[exponent],
                encodeAgain: DecimalScaling.inverses[factor], first: DecimalScaling.powers[factor],
                second: DecimalScaling.inverses[exponent])
        case .fraction(let scale, let denominator):
            let power = DecimalScaling.powers[scale]
            return Constants(
                expression: .fraction, encode: Double(denominator), encodeAgain: 1, first: power / Double(denominator),
                second: power)
        }
    }

    /// Decimal digits after the point of every value that is no exception; nil for products that are no decimals.
    var scale: Int? {
        switch self {
        case .quotient(let scale), .fraction(let scale, _): scale
        case .product: nil
        }
    }
}

extension DecimalScaling.Constants {
    /// Eight values at a time, as written in `DecimalScaling`.
    @inline(__always) func decode(_ q: SIMD8<Double>, _ expression: Expression) -> SIMD8<Double> {
        let magics = SIMD8<Double>(repeating: DecimalScaling.magic)
        switch expression {
        case .whole: return q
        case .quotient: return q / SIMD8(repeating: first)
        case .product: return q * SIMD8(repeating: first) * SIMD8(repeating: second)
        case .fraction:
            let rounded = (q * SIMD8(repeating: first) + magics) - magics
            return rounded / SIMD8(repeating: second)
        }
    }

    func decode(_ q: Double) -> Double {
        switch expression {
        case .whole: q
        case .quotient: q / first
        case .product: q * first * second
        case .fraction: ((q * first + DecimalScaling.magic) - DecimalScaling.magic) / second
        }
    }

    /// The integer that gives `value` back bit for bit; nil when there is none below 2^51.
    func encode(_ value: Double) -> Int64? {
        let shifted = value * encode * encodeAgain + DecimalScaling.magic
        guard shifted.bitPattern >> 52 == DecimalScaling.magic.bitPattern >> 52,
            decode(shifted - DecimalScaling.magic).bitPattern == value.bitPattern
        else { return nil }
        return Int64(bitPattern: shifted.bitPattern &- DecimalScaling.magic.bitPattern)
    }
}

extension DecimalScaling {
    /// The decimal integer of a fraction's numerator: the one whose quotient the double is. Nil when it is too large to
    /// be told, 2^51 and more: the double comes back all the same.
    static func mantissa(_ numerator: Int64, _ constants: Constants) -> Int64? {
        let shifted = Double(numerator) * constants.first + magic
        guard shifted.bitPattern >> 52 == magic.bitPattern >> 52 else { return nil }
        return Int64(bitPattern: shifted.bitPattern &- magic.bitPattern)
    }
}
