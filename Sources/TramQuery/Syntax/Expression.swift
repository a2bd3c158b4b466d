public import TramColumnar

/// A name as it was written, without backquotes.
public struct Name: Hashable, Sendable {
    public var text: String
    public var at: SourceRange

    public init(_ text: String, at: SourceRange) {
        self.text = text
        self.at = at
    }
}

/// A length of time as it was written. Months and days are calendar lengths, the rest is exact.
///
/// `1y` is 12 months, `1q` three, `1w` seven days.
public struct Duration: Hashable, Sendable {
    public var months: Int64
    public var days: Int64
    public var nanoseconds: Int64

    public init(months: Int64 = 0, days: Int64 = 0, nanoseconds: Int64 = 0) {
        self.months = months
        self.days = days
        self.nanoseconds = nanoseconds
    }

    /// The length with days of 24 hours; nil when it has months or does not fit.
    public var fixedNanoseconds: Int64? {
        guard months == 0 else { return nil }
        let (day, overflow) = days.multipliedReportingOverflow(by: 86_400_000_000_000)
        let (sum, overflowSum) = day.addingReportingOverflow(nanoseconds)
        return overflow || overflowSum ? nil : sum
    }
}

/// A point in time as it was written; resolved against a zone and "now" when the query is bound.
public enum InstantExpression: Hashable, Sendable {
    case now
    case today
    case yesterday
    /// `-2d`: so long before now.
    case ago(Duration)
    /// A date, with a time of day in nanoseconds and, where written, an offset from UTC in seconds (else the session's
    /// zone).
    case at(CivilDate, timeOfDay: Int64?, offsetSeconds: Int?)
    /// `06:00`: today at that time.
    case timeOfDay(Int64)
}

/// A value that stands in the text.
public enum Literal: Hashable, Sendable {
    case null
    case bool(Bool)
    /// No point and no exponent in the text, and fits.
    case int(Int64)
    case float(Double)
    case string(String)
    case duration(Duration)
    case instant(InstantExpression)
}

/// An operator before its one operand.
public enum UnaryOperator: String, Hashable, Sendable {
    case minus = "-"
    case not
}

/// An operator between two operands.
public enum BinaryOperator: String, Hashable, Sendable {
    case or, and
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case matches = "~"
    case notMatches = "!~"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
}

/// An expression as it was written.
public indirect enum Expression: Hashable, Sendable {
    case literal(Literal, SourceRange)
    /// `speed`, `station.alert_3`, `tag.x`, `field.x`: the qualifier is what stands before the dot.
    case name(qualifier: Name?, Name)
    case call(Call)
    /// `*`, only as an argument: `mean(*)`.
    case star(SourceRange)
    case unary(UnaryOperator, Expression, SourceRange)
    case binary(BinaryOperator, Expression, Expression, SourceRange)
    case isIn(Expression, [Expression], SourceRange)
    case isBetween(Expression, Expression, Expression, SourceRange)
    case isNull(Expression, negated: Bool, SourceRange)

    public struct Call: Hashable, Sendable {
        public var function: Name
        public var arguments: [Expression]
        /// `sum(count) where (class = "truck")`.
        public var filter: Expression?
        public var at: SourceRange

        public init(function: Name, arguments: [Expression], filter: Expression? = nil, at: SourceRange) {
            self.function = function
            self.arguments = arguments
            self.filter = filter
            self.at = at
        }
    }

    public var at: SourceRange {
        switch self {
        case .literal(_, let at), .star(let at), .unary(_, _, let at), .binary(_, _, _, let at), .isIn(_, _, let at),
            .isBetween(_, _, _, let at), .isNull(_, _, let at):
            at
        case .name(let qualifier, let name): qualifier.map { $0.at.joined(name.at) } ?? name.at
        case .call(let call): call.at
        }
    }
}
