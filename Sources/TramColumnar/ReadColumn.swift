/// Which columns of a block are to be read, and how.
public struct ReadRequest: Sendable {
    public struct Field: Sendable {
        /// Number in the measurement's schema.
        public var number: Int
        /// Whether integers are wanted, where the block can give them.
        public var asMantissas: Bool

        public init(number: Int, asMantissas: Bool) {
            self.number = number
            self.asMantissas = asMantissas
        }
    }

    public var fields: [Field]
    public var needsTimes: Bool

    public init(fields: [Field], needsTimes: Bool) {
        self.fields = fields
        self.needsTimes = needsTimes
    }
}

/// A field's values in a block, as whoever reads the block wants them.
public enum ReadColumn: Equatable, Sendable {
    /// No row of the block has the field.
    case absent
    case vector(Vector)
    /// Every row has a value: integers in units of 10^-scale, 0...15; those of an `int` field have scale 0.
    ///
    /// Sums, comparisons and extremes over them are exact and need no division.
    case mantissas([Int64], scale: Int)
}

/// What is known of a field's values in a block without reading them.
///
/// Values lie in 64 bits as in `Vector`. Of strings `minimum` and `maximum` mean nothing.
public struct ColumnSummary: Equatable, Sendable {
    /// An exact sum in units of 10^-scale.
    public struct DecimalSum: Equatable, Sendable {
        public var units: Int128
        /// 0...15.
        public var scale: Int

        public init(units: Int128, scale: Int) {
            self.units = units
            self.scale = scale
        }
    }

    public var type: FieldType
    /// Rows that have a value. With 0 the rest means nothing.
    public var count: Int
    /// Nil when the values are no decimals.
    public var sum: DecimalSum?
    public var minimum: UInt64
    public var maximum: UInt64
    /// Of the first and the last row that has a value.
    public var first: UInt64
    public var last: UInt64
    /// Whether a value is NaN or infinite; `minimum`, `maximum` and `sum` are of the others.
    public var hasNonFinite: Bool

    public init(
        type: FieldType, count: Int, sum: DecimalSum?, minimum: UInt64, maximum: UInt64, first: UInt64, last: UInt64,
        hasNonFinite: Bool
    ) {
        self.type = type
        self.count = count
        self.sum = sum
        self.minimum = minimum
        self.maximum = maximum
        self.first = first
        self.last = last
        self.hasNonFinite = hasNonFinite
    }

    /// Of a field that no row of the block has.
    public static func absent(_ type: FieldType) -> ColumnSummary {
        ColumnSummary(
            type: type, count: 0, sum: DecimalSum(units: 0, scale: 0), minimum: 0, maximum: 0, first: 0, last: 0,
            hasNonFinite: false)
    }
}
