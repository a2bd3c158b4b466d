import TramColumnar

/// `+ - * / %` over columns of one type.
enum Arithmetic {
    /// Both operands are of the type that the binder chose; `type` is the result's.
    static func apply(
        _ operation: BinaryOperator, _ left: BlockColumn, _ right: BlockColumn, type: ColumnType, count: Int,
        at: SourceRange
    ) throws(QueryError) -> BlockColumn {
        switch left.type {
        case .float: real(operation, left, right, type: type, count: count)
        case .uint: try unsigned(operation, left, right, type: type, count: count, at: at)
        default: try integer(operation, left, right, type: type, count: count, at: at)
        }
    }

    private static func real(
        _ operation: BinaryOperator, _ left: BlockColumn, _ right: BlockColumn, type: ColumnType, count: Int
    ) -> BlockColumn {
        switch operation {
        case .add:
            withoutInfinities(
                Lanes.zip(left, right, to: type, count: count) {
                    (Double(bitPattern: $0) + Double(bitPattern: $1)).bitPattern
                })
        case .subtract:
            withoutInfinities(
                Lanes.zip(left, right, to: type, count: count) {
                    (Double(bitPattern: $0) - Double(bitPattern: $1)).bitPattern
                })
        case .multiply:
            withoutInfinities(
                Lanes.zip(left, right, to: type, count: count) {
                    (Double(bitPattern: $0) * Double(bitPattern: $1)).bitPattern
                })
        case .divide:
            Lanes.zipPartial(left, right, to: type, count: count) {
                ExpressionEvaluator.finite(Double(bitPattern: $0) / Double(bitPattern: $1))
            }
        default:
            Lanes.zipPartial(left, right, to: type, count: count) {
                ExpressionEvaluator.finite(
                    Double(bitPattern: $0).truncatingRemainder(dividingBy: Double(bitPattern: $1)))
            }
        }
    }

    /// Infinities and NaN become null. One pass finds out whether there is any.
    private static func withoutInfinities(_ column: BlockColumn) -> BlockColumn {
        let exponent: UInt64 = 0x7ff0_0000_0000_0000
        var isFinite = true
        for bits in column.bits { isFinite = isFinite && bits & exponent != exponent }
        if isFinite { return column }
        if column.isConstant { return .constant(column.type, nil) }
        var result = column
        var presence = column.presence ?? Bitmap(repeating: true, count: column.bits.count)
        for row in result.bits.indices where result.bits[row] & exponent == exponent {
            result.bits[row] = 0
            presence[row] = false
        }
        result.presence = presence
        return result
    }

    private static func integer(
        _ operation: BinaryOperator, _ left: BlockColumn, _ right: BlockColumn, type: ColumnType, count: Int,
        at: SourceRange
    ) throws(QueryError) -> BlockColumn {
        var overflowed = false
        let result: BlockColumn
        switch operation {
        case .add:
            result = Lanes.zip(left, right, to: type, count: count) {
                let (value, overflow) = Int64(bitPattern: $0).addingReportingOverflow(Int64(bitPattern: $1))
                overflowed = overflowed || overflow
                return UInt64(bitPattern: value)
            }
        case .subtract:
            result = Lanes.zip(left, right, to: type, count: count) {
                let (value, overflow) = Int64(bitPattern: $0).subtractingReportingOverflow(Int64(bitPattern: $1))
                overflowed = overflowed || overflow
                return UInt64(bitPattern: value)
            }
        case .multiply:
            result = Lanes.zip(left, right, to: type, count: count) {
                let (value, overflow) = Int64(bitPattern: $0).multipliedReportingOverflow(by: Int64(bitPattern: $1))
                overflowed = overflowed || overflow
                return UInt64(bitPattern: value)
            }
        case .divide:
            result = Lanes.zipPartial(left, right, to: type, count: count) {
                ExpressionEvaluator.finite(Double(Int64(bitPattern: $0)) / Double(Int64(bitPattern: $1)))
            }
        default:
            result = Lanes.zipPartial(left, right, to: type, count: count) {
                let divisor = Int64(bitPattern: $1)
                if divisor == 0 { return nil }
                return UInt64(bitPattern: divisor == -1 ? 0 : Int64(bitPattern: $0) % divisor)
            }
        }
        if overflowed { throw overflow(at) }
        return result
    }

    private static func unsigned(
        _ operation: BinaryOperator, _ left: BlockColumn, _ right: BlockColumn, type: ColumnType, count: Int,
        at: SourceRange
    ) throws(QueryError) -> BlockColumn {
        var overflowed = false
        let result: BlockColumn
        switch operation {
        case .add:
            result = Lanes.zip(left, right, to: type, count: count) {
                let (value, overflow) = $0.addingReportingOverflow($1)
                overflowed = overflowed || overflow
                return value
            }
        case .subtract:
            result = Lanes.zip(left, right, to: type, count: count) {
                let (value, overflow) = $0.subtractingReportingOverflow($1)
                overflowed = overflowed || overflow
                return value
            }
        case .multiply:
            result = Lanes.zip(left, right, to: type, count: count) {
                let (value, overflow) = $0.multipliedReportingOverflow(by: $1)
                overflowed = overflowed || overflow
                return value
            }
        case .divide:
            result = Lanes.zipPartial(left, right, to: type, count: count) {
                ExpressionEvaluator.finite(Double($0) / Double($1))
            }
        default:
            result = Lanes.zipPartial(left, right, to: type, count: count) { $1 == 0 ? nil : $0 % $1 }
        }
        if overflowed { throw overflow(at) }
        return result
    }

    private static func overflow(_ at: SourceRange) -> QueryError {
        QueryError(
            .overflow, at: at, en: "the result does not fit in a 64-bit integer",
            vi: "kết quả vượt quá số nguyên 64 bit",
            hint: Bilingual(vi: "tính bằng số thực: float(…)", en: "compute with floats: float(…)"))
    }
}
