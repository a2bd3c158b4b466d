import TramColumnar

/// A condition on one stored field that is an interval of its values: blocks may be passed over, or taken whole, by
/// their smallest and largest value, and integers compared instead of floats.
struct FieldBounds {
    /// Column of the scan.
    let column: Int
    let type: ColumnType
    /// Order keys of the smallest and the largest value that passes; empty when low > high.
    private(set) var low: Int64
    private(set) var high: Int64
    private let kind: ValueKind

    /// The conditions of a filter, all of which must hold; nil when one of them is something else.
    static func conditions(_ filter: BoundExpression) -> [FieldBounds]? {
        switch filter {
        case .and(let left, let right):
            guard let first = conditions(left), let second = conditions(right) else { return nil }
            return first + second
        case .comparison(let operation, .column(let column, let type), .constant(_, let bits)):
            return FieldBounds(column, type, operation, bits).map { [$0] }
        case .comparison(let operation, .constant(_, let bits), .column(let column, let type)):
            return mirrored(operation).flatMap { FieldBounds(column, type, $0, bits) }.map { [$0] }
        default: return nil
        }
    }

    private static func mirrored(_ operation: BinaryOperator) -> BinaryOperator? {
        switch operation {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal: .equal
        default: nil
        }
    }

    private init?(_ column: Int, _ type: ColumnType, _ operation: BinaryOperator, _ bits: UInt64?) {
        guard type == .float || type == .int || type == .uint else { return nil }
        kind = ValueKind(type)
        guard let bits, let value = kind.canonical(bits) else { return nil }
        self.column = column
        self.type = type
        let key = kind.orderKey(value)
        // The keys of finite numbers only: NaN passes no comparison, and its keys lie outside.
        low = type == .float ? kind.orderKey((-Double.infinity).bitPattern) : .min
        high = type == .float ? kind.orderKey(Double.infinity.bitPattern) : .max
        switch operation {
        case .equal: (low, high) = (key, key)
        case .lessOrEqual: high = key
        case .greaterOrEqual: low = key
        case .less:
            if key == .min { (low, high) = (.max, .min) } else { high = key - 1 }
        case .greater:
            if key == .max { (low, high) = (.max, .min) } else { low = key + 1 }
        default: return nil
        }
    }

    enum Answer {
        case none, some, all
    }

    /// How many of a block's rows pass, as far as the summary tells.
    func answer(_ summary: ColumnSummary, rows: Int) -> Answer {
        if summary.count == 0 || low > high { return .none }
        guard !summary.hasNonFinite, ValueKind(summary.type.columnType) == kind,
            let least = kind.canonical(summary.minimum), let most = kind.canonical(summary.maximum)
        else { return .some }
        let (first, last) = (kind.orderKey(least), kind.orderKey(most))
        if last < low || first > high { return .none }
        return first >= low && last <= high && summary.count == rows ? .all : .some
    }

    /// The integers in units of 10^-scale that pass; nil when none does.
    func mantissas(scale: Int) -> ClosedRange<Int64>? {
        guard low <= high else { return nil }
        guard type == .float else { return type == .int ? low...high : nil }
        let least = FieldBounds.firstMantissa(scale: scale) { key($0, scale) >= low }
        let beyond = FieldBounds.firstMantissa(scale: scale) { key($0, scale) > high }
        return least < beyond ? least...(beyond - 1) : nil
    }

    private func key(_ mantissa: Int64, _ scale: Int) -> Int64 {
        let value = IntegerRuns.float(mantissa, scale: scale)
        return kind.orderKey(value == 0 ? 0 : value.bitPattern)
    }

    /// The first integer for which a condition holds that never ceases to hold; one beyond all mantissas when none is.
    private static func firstMantissa(scale: Int, _ holds: (Int64) -> Bool) -> Int64 {
        // Mantissas of decimals are below 2^51, those of large whole numbers below 2^63.
        var low = Int64.min
        var high = Int64.max
        while low < high {
            let middle = low + Int64((UInt64(bitPattern: high &- low)) / 2)
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Whether the value passes.
    @inline(__always)
    func passes(_ bits: UInt64) -> Bool {
        guard let value = kind.canonical(bits) else { return false }
        let key = kind.orderKey(value)
        return key >= low && key <= high
    }
}
