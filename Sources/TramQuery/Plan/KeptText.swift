/// The text by which windows of an aggregation are known again: everything that decides what a window holds, but not
/// the range.
enum KeptText {
    /// - Parameter stages: of the pipe, up to and with the aggregation.
    /// - Returns: nil when windows depend on "now", on the range, or on rows of other windows.
    static func of(_ source: Source, _ stages: ArraySlice<Stage>) -> String? {
        guard case .names = source.kind, source.warm == nil, isTimeless(source.filter) else { return nil }
        var kept: [Stage] = []
        for stage in stages {
            switch stage.kind {
            case .filter(let condition):
                guard isTimeless(condition) else { return nil }
                kept.append(stage)
            case .aggregate(var aggregate):
                guard aggregate.versus == nil, aggregate.items.allSatisfy({ isTimeless($0.value) }) else { return nil }
                if case .every(_, _, let origin)? = aggregate.window?.kind, origin == nil {
                    // What stands in empty windows is no part of them.
                    aggregate.fill = nil
                    aggregate.late = nil
                    kept.append(Stage(kind: .aggregate(aggregate), at: stage.at))
                } else {
                    return nil
                }
            case .zone: break
            default: return nil
            }
        }
        return QueryPrinter.print(Pipe(source: Source(kind: source.kind, filter: source.filter), stages: kept))
    }

    /// Aggregates of a window's rows alone, in any order of the windows.
    private static let aggregates: Set<AggregateFunction> = [
        .count, .sum, .mean, .min, .max, .first, .last, .spread, .stddev, .variance, .median, .p50, .p90, .p95, .p99,
        .quantile, .distinct, .mode, .minAt, .maxAt,
    ]

    private static func isTimeless(_ expression: Expression?) -> Bool {
        guard let expression else { return true }
        switch expression {
        case .literal(.instant(let instant), _):
            if case .at = instant { return true }
            return false
        case .literal, .name, .star: return true
        case .call(let call):
            let name = call.function.text
            let isKnown =
                AggregateFunction(rawValue: name).map(aggregates.contains)
                ?? (ScalarFunction(rawValue: name).map { $0 != .age } ?? ["if", "coalesce", "under"].contains(name))
            return isKnown && call.arguments.allSatisfy { isTimeless($0) } && isTimeless(call.filter)
        case .unary(_, let operand, _), .isNull(let operand, _, _): return isTimeless(operand)
        case .binary(_, let left, let right, _): return isTimeless(left) && isTimeless(right)
        case .isIn(let operand, let choices, _): return isTimeless(operand) && choices.allSatisfy { isTimeless($0) }
        case .isBetween(let operand, let low, let high, _):
            return isTimeless(operand) && isTimeless(low) && isTimeless(high)
        }
    }
}
