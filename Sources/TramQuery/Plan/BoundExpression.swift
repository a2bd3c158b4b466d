import TramColumnar

/// A scalar function of one row.
package enum ScalarFunction: String, CaseIterable, Sendable {
    case abs, round, floor, ceil, sqrt, log, log10, log2, exp, pow, clamp
    case lower, upper, contains, starts, concat
    case float, int, string
    case hour, minute, weekday, day, month, year, date
    case timeOfDay = "time_of_day"
    case age
}

/// An expression whose names are columns and whose types are known.
///
/// Both sides of an operator have been brought to one type by casts, so evaluation never has to ask.
package indirect enum BoundExpression {
    /// A literal; nil bits are null.
    case constant(ColumnType, UInt64?)
    /// Number of the column in the block.
    case column(Int, ColumnType)
    case cast(BoundExpression, ColumnType)
    case arithmetic(BinaryOperator, BoundExpression, BoundExpression, ColumnType, SourceRange)
    case comparison(BinaryOperator, BoundExpression, BoundExpression)
    case and(BoundExpression, BoundExpression)
    case or(BoundExpression, BoundExpression)
    case not(BoundExpression)
    case negate(BoundExpression, SourceRange)
    case isNull(BoundExpression, negated: Bool)
    case matches(BoundExpression, Pattern, negated: Bool)
    case condition(BoundExpression, BoundExpression, BoundExpression, ColumnType)
    case coalesce([BoundExpression], ColumnType)
    case function(ScalarFunction, [BoundExpression], ColumnType, SourceRange)
    /// What the stations file says about the station in the text column; `type` is float when the whole column is
    /// numbers.
    case stationValue(BoundExpression, tag: String, column: String, ColumnType)
    /// The unit of a level to which the station in the text column belongs at the row's time: its code or its name.
    case unit(BoundExpression, tag: String, level: String, isName: Bool)
    /// What the units file says of the unit whose code the first text is, at the row's time; the second, where there is
    /// one, is the name by which units of one code are told apart.
    case unitValue(BoundExpression, name: BoundExpression?, column: String)
    /// Whether the station in the text column lies under the unit with this code, at the row's time.
    case under(BoundExpression, tag: String, code: String)
    /// A function that is more than one row's scalars: it knows the rows before, the window, or an area.
    case computed(any RowFunction)

    package var type: ColumnType {
        switch self {
        case .constant(let type, _), .column(_, let type), .cast(_, let type), .arithmetic(_, _, _, let type, _),
            .condition(_, _, _, let type), .coalesce(_, let type), .function(_, _, let type, _):
            type
        case .comparison, .and, .or, .not, .isNull, .matches, .under: .bool
        case .stationValue(_, _, _, let type): type
        case .unit, .unitValue: .tag
        case .negate(let operand, _): operand.type
        case .computed(let function): function.type
        }
    }

    /// The numbers of the columns that it reads.
    package var columns: Set<Int> {
        switch self {
        case .constant: []
        case .column(let index, _): [index]
        case .cast(let operand, _), .not(let operand), .negate(let operand, _), .isNull(let operand, _),
            .matches(let operand, _, _), .under(let operand, _, _), .stationValue(let operand, _, _, _),
            .unit(let operand, _, _, _):
            operand.columns
        case .unitValue(let code, let name, _): code.columns.union(name?.columns ?? [])
        case .arithmetic(_, let left, let right, _, _), .comparison(_, let left, let right), .and(let left, let right),
            .or(let left, let right):
            left.columns.union(right.columns)
        case .condition(let test, let yes, let no, _): test.columns.union(yes.columns).union(no.columns)
        case .coalesce(let operands, _), .function(_, let operands, _, _):
            operands.reduce(into: Set()) { $0.formUnion($1.columns) }
        case .computed(let function): function.operands.reduce(into: Set()) { $0.formUnion($1.columns) }
        }
    }

    /// Whether it reads the row's time to find units in the catalogue, and for nothing else.
    package var readsUnitsOnly: Bool {
        switch self {
        case .constant, .column: true
        case .cast(let operand, _), .not(let operand), .negate(let operand, _), .isNull(let operand, _),
            .matches(let operand, _, _), .stationValue(let operand, _, _, _), .under(let operand, _, _),
            .unit(let operand, _, _, _):
            operand.readsUnitsOnly
        case .arithmetic(_, let left, let right, _, _), .comparison(_, let left, let right), .and(let left, let right),
            .or(let left, let right):
            left.readsUnitsOnly && right.readsUnitsOnly
        case .condition(let test, let yes, let no, _):
            test.readsUnitsOnly && yes.readsUnitsOnly && no.readsUnitsOnly
        case .coalesce(let operands, _): operands.allSatisfy { $0.readsUnitsOnly }
        case .unitValue(let code, let name, _): code.readsUnitsOnly && name?.readsUnitsOnly != false
        case .function: !readsTime
        case .computed: false
        }
    }

    /// Whether it reads the row's time other than through a column: `hour()` without argument, `age()`, `under`.
    package var readsTime: Bool {
        switch self {
        case .constant, .column: false
        case .cast(let operand, _), .not(let operand), .negate(let operand, _), .isNull(let operand, _),
            .matches(let operand, _, _), .stationValue(let operand, _, _, _):
            operand.readsTime
        case .under, .unit, .unitValue: true
        case .arithmetic(_, let left, let right, _, _), .comparison(_, let left, let right), .and(let left, let right),
            .or(let left, let right):
            left.readsTime || right.readsTime
        case .condition(let test, let yes, let no, _): test.readsTime || yes.readsTime || no.readsTime
        case .coalesce(let operands, _): operands.contains { $0.readsTime }
        case .computed(let function): function.readsTime || function.operands.contains { $0.readsTime }
        case .function(let function, let operands, _, _):
            switch function {
            case .hour, .minute, .weekday, .day, .month, .year, .date, .timeOfDay, .age: true
            default: operands.contains { $0.readsTime }
            }
        }
    }
}
