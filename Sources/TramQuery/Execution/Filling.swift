import TramColumnar

/// Gives values to the windows that held no row.
struct Filling {
    let fill: FillExpression
    let groupColumns: Range<Int>

    /// `outputs` are the columns to fill; rows of a group stand together, in time order.
    func apply(to table: inout Table, outputs: Range<Int>, isFilled: [Bool]) {
        for column in outputs {
            switch fill {
            case .none, .null: break
            case .previous: fillPrevious(&table, column, isFilled)
            case .linear: fillLinear(&table, column, isFilled)
            case .constant(let value, _): fillConstant(&table, column, isFilled, value)
            }
        }
    }

    /// Whether a column of this type is filled with numbers.
    static func takesNumbers(_ type: ColumnType) -> Bool { type.isNumber || type == .duration }

    /// Whether `value` can stand in a column of this type; columns that take no numbers are left alone.
    static func fits(_ value: Double, _ type: ColumnType) -> Bool {
        switch type {
        case .float, .time, .bool, .string, .tag: true
        case .int: Int64(exactly: value) != nil
        case .uint: UInt64(exactly: value) != nil
        // A bare number is no length of time, but nothing is.
        case .duration: value == 0
        }
    }

    private func isSameGroup(_ table: Table, _ left: Int, _ right: Int) -> Bool {
        groupColumns.allSatisfy { table.columns[$0].value(left) == table.columns[$0].value(right) }
    }

    private func set(_ table: inout Table, _ column: Int, _ row: Int, _ bits: UInt64) {
        table.columns[column].bits[row] = bits
        table.columns[column].presence?[row] = true
    }

    private func fillPrevious(_ table: inout Table, _ column: Int, _ isFilled: [Bool]) {
        for row in 0..<table.rowCount where isFilled[row] && row > 0 && isSameGroup(table, row - 1, row) {
            if let previous = table.columns[column].value(row - 1) { set(&table, column, row, previous) }
        }
    }

    private func fillConstant(_ table: inout Table, _ column: Int, _ isFilled: [Bool], _ value: Double) {
        let written: UInt64?
        switch table.columns[column].type {
        case .float: written = value.bitPattern
        case .int, .duration: written = Int64(exactly: value).map(UInt64.init(bitPattern:))
        case .uint: written = UInt64(exactly: value)
        case .time, .bool, .string, .tag: written = nil
        }
        guard let bits = written else { return }
        for row in 0..<table.rowCount where isFilled[row] { set(&table, column, row, bits) }
    }

    /// Straight lines between the windows before and after; open ends stay null. Whole numbers are rounded.
    private func fillLinear(_ table: inout Table, _ column: Int, _ isFilled: [Bool]) {
        let type = table.columns[column].type
        guard type.isNumber || type == .duration else { return }
        func number(_ bits: UInt64) -> Double {
            switch type {
            case .float: Double(bitPattern: bits)
            case .uint: Double(bits)
            default: Double(Int64(bitPattern: bits))
            }
        }
        func bits(_ number: Double) -> UInt64? {
            switch type {
            case .float: number.bitPattern
            case .uint: UInt64(exactly: number.rounded())
            default: Int64(exactly: number.rounded()).map(UInt64.init(bitPattern:))
            }
        }
        var before: Int?
        for row in 0..<table.rowCount {
            if let known = before, !isSameGroup(table, known, row) { before = nil }
            guard let end = table.columns[column].value(row) else { continue }
            if let known = before, row - known > 1, let start = table.columns[column].value(known) {
                for gap in (known + 1)..<row where isFilled[gap] {
                    let share = Double(gap - known) / Double(row - known)
                    if let value = bits(number(start) + (number(end) - number(start)) * share) {
                        set(&table, column, gap, value)
                    }
                }
            }
            before = row
        }
    }
}
