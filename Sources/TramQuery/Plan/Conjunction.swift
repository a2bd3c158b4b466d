import TramColumnar

/// What a bound condition says, taken apart.
enum Conjunction {
    /// Conditions that together are `condition`, with what needs no row already evaluated.
    static func parts(_ condition: BoundExpression, _ context: EvaluationContext) -> [BoundExpression] {
        switch condition {
        case .and(let left, let right): parts(left, context) + parts(right, context)
        case .or(let left, let right): [.or(folded(left, context), folded(right, context))]
        case .comparison(let operation, let left, let right):
            [.comparison(operation, folded(left, context), folded(right, context))]
        default: [condition]
        }
    }

    /// The value of an expression that reads no row, where it has one; comparisons inside `or` are looked through.
    private static func folded(_ expression: BoundExpression, _ context: EvaluationContext) -> BoundExpression {
        switch expression {
        case .constant, .column: return expression
        case .cast(let operand, let type) where operand.type == type: return folded(operand, context)
        case .or(let left, let right): return .or(folded(left, context), folded(right, context))
        case .comparison(let operation, let left, let right):
            return .comparison(operation, folded(left, context), folded(right, context))
        default:
            guard expression.columns.isEmpty, !expression.readsTime else { return expression }
            let row = RowBlock(timestamps: [0], series: .one(0), isTimeOrdered: true, columns: [])
            // What overflows is told when rows are read.
            guard let value = try? ExpressionEvaluator(context).evaluate(expression, row) else { return expression }
            return .constant(value.type, value.value(0))
        }
    }

    /// The instants for which a comparison of the row's time with a constant holds; nil for any other condition.
    static func timeBounds(_ condition: BoundExpression, isTime: (Int) -> Bool) -> TimeRange? {
        guard case .comparison(let operation, let left, let right) = condition else { return nil }
        switch (left, right) {
        case (.column(let column, .time), .constant(_, let bits?)) where isTime(column):
            return bounds(operation, Int64(bitPattern: bits))
        case (.constant(_, let bits?), .column(let column, .time)) where isTime(column):
            let mirrored: [BinaryOperator: BinaryOperator] = [
                .less: .greater, .lessOrEqual: .greaterOrEqual, .greater: .less, .greaterOrEqual: .lessOrEqual,
                .equal: .equal,
            ]
            return mirrored[operation].flatMap { bounds($0, Int64(bitPattern: bits)) }
        default: return nil
        }
    }

    private static func bounds(_ operation: BinaryOperator, _ instant: Int64) -> TimeRange? {
        // A row at the last instant of all lies behind no end.
        guard instant < .max else { return nil }
        switch operation {
        case .less: return TimeRange(start: .min, end: instant)
        case .lessOrEqual: return TimeRange(start: .min, end: instant + 1)
        case .greater: return TimeRange(start: instant + 1, end: .max)
        case .greaterOrEqual: return TimeRange(start: instant, end: .max)
        case .equal: return TimeRange(start: instant, end: instant + 1)
        default: return nil
        }
    }
}
