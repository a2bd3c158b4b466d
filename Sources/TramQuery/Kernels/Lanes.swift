import TramColumnar

/// Loops over one or two columns that apply a plain function to each row. Every function here is specialised by
/// inlining: the closure costs nothing.
enum Lanes {
    /// Both presences: a row is present when it is in both. Nil is "all".
    static func present(_ left: BlockColumn, _ right: BlockColumn, count: Int) -> Bitmap? {
        let leftBits = expandedPresence(left, count: count)
        let rightBits = expandedPresence(right, count: count)
        guard let leftBits else { return rightBits }
        guard let rightBits else { return leftBits }
        var both = Bitmap(repeating: false, count: count)
        for row in 0..<count where leftBits[row] && rightBits[row] { both[row] = true }
        return both
    }

    static func expandedPresence(_ column: BlockColumn, count: Int) -> Bitmap? {
        guard let presence = column.presence else { return nil }
        return column.isConstant ? Bitmap(repeating: presence[0], count: count) : presence
    }

    /// One value a row from one column.
    @inline(__always)
    static func map(
        _ operand: BlockColumn, to type: ColumnType, count: Int, _ function: (UInt64) -> UInt64
    ) -> BlockColumn {
        var result = operand
        result.type = type
        for index in result.bits.indices { result.bits[index] = function(operand.bits[index]) }
        return cleared(result)
    }

    /// One value a row from two columns; a row that lacks either is absent.
    @inline(__always)
    static func zip(
        _ left: BlockColumn, _ right: BlockColumn, to type: ColumnType, count: Int,
        _ function: (UInt64, UInt64) -> UInt64
    ) -> BlockColumn {
        if left.isConstant && right.isConstant {
            let absent = left.presence != nil || right.presence != nil
            return .constant(type, absent ? nil : function(left.bits[0], right.bits[0]))
        }
        var bits = [UInt64](repeating: 0, count: count)
        if left.isConstant {
            let value = left.bits[0]
            for row in 0..<count { bits[row] = function(value, right.bits[row]) }
        } else if right.isConstant {
            let value = right.bits[0]
            for row in 0..<count { bits[row] = function(left.bits[row], value) }
        } else {
            for row in 0..<count { bits[row] = function(left.bits[row], right.bits[row]) }
        }
        return cleared(
            BlockColumn(
                type: type, isConstant: false, bits: bits, presence: present(left, right, count: count)))
    }

    /// As `zip`, but a row for which the function gives nil is absent (`x / 0`).
    @inline(__always)
    static func zipPartial(
        _ left: BlockColumn, _ right: BlockColumn, to type: ColumnType, count: Int,
        _ function: (UInt64, UInt64) -> UInt64?
    ) -> BlockColumn {
        if left.isConstant && right.isConstant {
            let absent = left.presence != nil || right.presence != nil
            return .constant(type, absent ? nil : function(left.bits[0], right.bits[0]))
        }
        var column = Column(type: type)
        column.bits.reserveCapacity(count)
        var presence = Bitmap(repeating: true, count: count)
        var isWhole = true
        for row in 0..<count {
            if let first = left.value(row), let second = right.value(row), let value = function(first, second) {
                column.bits.append(value)
            } else {
                column.bits.append(0)
                presence[row] = false
                isWhole = false
            }
        }
        column.presence = isWhole ? nil : presence
        return BlockColumn(column)
    }

    /// One value a row from one column, nil where the function has none.
    @inline(__always)
    static func mapPartial(
        _ operand: BlockColumn, to type: ColumnType, count: Int, _ function: (UInt64) -> UInt64?
    ) -> BlockColumn {
        zipPartial(operand, .constant(.int, 0), to: type, count: count) { value, _ in function(value) }
    }

    /// The bits of absent values set to 0, as columns promise.
    static func cleared(_ column: BlockColumn) -> BlockColumn {
        guard let presence = column.presence else { return column }
        var result = column
        for row in result.bits.indices where !presence[row] { result.bits[row] = 0 }
        return result
    }
}
