import TramColumnar

/// `= != < <= > >=` over columns of one type.
enum Comparison {
    static func apply(
        _ operation: BinaryOperator, _ left: BlockColumn, _ right: BlockColumn, count: Int, pool: TextPool
    ) -> BlockColumn {
        switch left.type {
        case .float:
            compare(operation, left, right, count: count) {
                Double(bitPattern: $0)
            } _: {
                Double(bitPattern: $0)
            }
        case .uint, .bool:
            compare(operation, left, right, count: count) {
                $0
            } _: {
                $0
            }
        case .int, .time, .duration:
            compare(operation, left, right, count: count) {
                Int64(bitPattern: $0)
            } _: {
                Int64(bitPattern: $0)
            }
        case .string, .tag:
            text(operation, left, right, count: count, pool: pool)
        }
    }

    @inline(__always)
    private static func compare<Value: Comparable>(
        _ operation: BinaryOperator, _ left: BlockColumn, _ right: BlockColumn, count: Int,
        _ first: (UInt64) -> Value, _ second: (UInt64) -> Value
    ) -> BlockColumn {
        switch operation {
        case .equal: Lanes.zip(left, right, to: .bool, count: count) { first($0) == second($1) ? 1 : 0 }
        case .notEqual: Lanes.zip(left, right, to: .bool, count: count) { first($0) != second($1) ? 1 : 0 }
        case .less: Lanes.zip(left, right, to: .bool, count: count) { first($0) < second($1) ? 1 : 0 }
        case .lessOrEqual: Lanes.zip(left, right, to: .bool, count: count) { first($0) <= second($1) ? 1 : 0 }
        case .greater: Lanes.zip(left, right, to: .bool, count: count) { first($0) > second($1) ? 1 : 0 }
        default: Lanes.zip(left, right, to: .bool, count: count) { first($0) >= second($1) ? 1 : 0 }
        }
    }

    private static func text(
        _ operation: BinaryOperator, _ left: BlockColumn, _ right: BlockColumn, count: Int, pool: TextPool
    ) -> BlockColumn {
        switch operation {
        case .equal: Lanes.zip(left, right, to: .bool, count: count) { $0 == $1 ? 1 : 0 }
        case .notEqual: Lanes.zip(left, right, to: .bool, count: count) { $0 != $1 ? 1 : 0 }
        case .less: Lanes.zip(left, right, to: .bool, count: count) { pool.isOrdered($0, before: $1) ? 1 : 0 }
        case .lessOrEqual: Lanes.zip(left, right, to: .bool, count: count) { pool.isOrdered($1, before: $0) ? 0 : 1 }
        case .greater: Lanes.zip(left, right, to: .bool, count: count) { pool.isOrdered($1, before: $0) ? 1 : 0 }
        default: Lanes.zip(left, right, to: .bool, count: count) { pool.isOrdered($0, before: $1) ? 0 : 1 }
        }
    }

    /// Whether the first value of a numeric type is smaller than the second.
    static func isOrdered(_ left: UInt64, _ right: UInt64, _ type: ColumnType) -> Bool {
        switch type {
        case .float: Double(bitPattern: left) < Double(bitPattern: right)
        case .uint, .bool: left < right
        default: Int64(bitPattern: left) < Int64(bitPattern: right)
        }
    }
}
