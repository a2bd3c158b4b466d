/// How the values of a column are written. The raw value is the tag in the column's first byte and in its entry.
///
///     tag          what follows the nulls
///     0 empty      nothing: no row has a value
///     1 integers   `IntegerCodec`: ints, uints and bools as they are, strings as codes of a dictionary
///     2 quotient   scale u8; `FloatExceptions`; `IntegerCodec` of q: the double is q / 10^scale
///     3 product    exponent u8, factor u8, decimal u8 (1: also q / 10^(exponent - factor)); exceptions; integers:
///                  the double is (q * 10^factor) * 10^-exponent
///     4 fraction   scale u8, denominator varint; exceptions; integers: see `DecimalScaling`
///     5 split      `SplitFloat`
///     6 floatBits  `IntegerCodec` of the doubles' bits
///     7 near       `NearDecimal`
public enum Codec: UInt8, Sendable, CaseIterable {
    case empty, integers, quotient, product, fraction, split, floatBits, near
}

/// What a series' last float and integer columns tell about its next ones. Some fifty bytes a field.
///
/// It never decides whether a column comes back, only how much is tried: a fresh state is always right.
public struct ColumnState: Equatable, Sendable {
    /// Fraction digits of the last column of decimals.
    var scale: UInt8?
    /// Of the last column of fractions.
    var denominator: UInt16?
    var columnsWithoutFractions: UInt8 = 0
    /// Best first.
    var pairs: [ALPSearch.Pair] = []
    var columnsWithoutPairs: UInt8 = 0
    var columnsWithoutNear: UInt8 = 0
    var integers = IntegerCodecState()

    public init() {}
}
