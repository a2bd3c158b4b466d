import TramColumnar

/// The lower bound of the bucket that a value lies in: the largest multiple of the width that is not above it.
struct HistogramBucket: RowFunction {
    static let name = "bucket"

    let operands: [BoundExpression]
    /// The width is `numerator` / `denominator`, so that bounds such as 0.3 come out as they are written.
    private let numerator: Double
    private let denominator: Double

    var type: ColumnType { .float }
    var readsTime: Bool { false }

    /// - Parameters:
    ///   - operand: A float.
    ///   - width: More than 0, finite.
    init(operand: BoundExpression, width: Double) {
        operands = [operand]
        for digits in 0...9 {
            let scale = PowerOfTen.integer(digits)
            let scaled = (width * Double(scale)).rounded()
            if scaled >= 1, scaled < 0x1p40, scaled / Double(scale) == width {
                numerator = scaled
                denominator = Double(scale)
                return
            }
        }
        numerator = width
        denominator = 1
    }

    func evaluate(_ operands: [BlockColumn], _ block: RowBlock, _ context: EvaluationContext) -> BlockColumn {
        Lanes.mapPartial(operands[0], to: .float, count: block.count) {
            ValueKind.float.double($0).flatMap { ExpressionEvaluator.finite(lowerBound(of: $0)) }
        }
    }

    func lowerBound(of value: Double) -> Double {
        func bound(_ number: Double) -> Double { number * numerator / denominator }
        var number = (value / (numerator / denominator)).rounded(.down)
        // The quotient may have been rounded past a bound; what counts is the comparison with the bound itself.
        if bound(number + 1) <= value { number += 1 }
        if bound(number) > value { number -= 1 }
        return bound(number) + 0
    }
}

/// `histogram(f, width)`: a grouping by bucket that counts.
extension Binder {
    struct HistogramCall {
        var value: Expression
        var width: Double
        var at: SourceRange
    }

    /// The stage without its histogram, which becomes a count by bucket; nil when it has none that stands alone.
    func histogram(in stage: AggregateStage) throws(QueryError) -> (HistogramCall, AggregateStage)? {
        guard stage.items.count == 1, case .call(let call) = stage.items[0].value,
            call.function.text == AggregateFunction.histogram.name
        else { return nil }
        let usage = AggregateFunction.histogram.usage
        guard call.arguments.count == 2 else {
            throw AggregateBinder.error(for: .wrongCall(usage: usage), call)
        }
        if let filter = call.filter {
            throw QueryError(
                .misplaced, at: filter.at, en: "histogram takes no where of its own",
                vi: "histogram không có where riêng",
                hint: Bilingual(vi: "lọc trước: | where …", en: "filter before: | where …"))
        }
        let width: Double
        switch call.arguments[1] {
        case .literal(.int(let value), _): width = Double(value)
        case .literal(.float(let value), _): width = value
        default: width = 0
        }
        guard width > 0, width.isFinite else {
            throw QueryError(
                .wrongArguments, at: call.arguments[1].at, en: "the width of buckets is a number above 0",
                vi: "độ rộng khoảng là một số lớn hơn 0",
                hint: Bilingual(vi: "viết: \(usage)", en: "write: \(usage)"))
        }
        var counted = stage
        let count = Name(AggregateFunction.count.name, at: call.function.at)
        counted.items[0] = AggregateStage.Item(
            name: stage.items[0].name ?? count,
            value: .call(Expression.Call(function: count, arguments: [call.arguments[0]], at: call.at)))
        return (HistogramCall(value: call.arguments[0], width: width, at: call.at), counted)
    }

    func bucketGroup(_ call: HistogramCall, _ scope: any Scope) throws(QueryError) -> Aggregation.Group {
        let value = try binder(scope).bind(call.value)
        let accepted = AggregateFunction.histogram.inputTypes
        guard accepted.contains(value.type) else {
            let list = accepted.map(\.rawValue).joined(separator: ", ")
            throw QueryError(
                .typeMismatch, at: call.value.at, en: "histogram does not work on \(value.type.rawValue)",
                vi: "histogram không tính được trên kiểu \(value.type.rawValue)",
                hint: Bilingual(vi: "kiểu dùng được: \(list)", en: "it takes: \(list)"))
        }
        return Aggregation.Group(
            name: HistogramBucket.name,
            value: .computed(HistogramBucket(operand: .cast(value, .float), width: call.width)))
    }

    /// Rows without a value lie in no bucket: the step that drops their group, when there are buckets.
    func bucketFilter(_ aggregation: Aggregation) -> [TableStep] {
        let bucket = aggregation.groups.firstIndex {
            if case .computed(let function) = $0.value { function is HistogramBucket } else { false }
        }
        guard let bucket else { return [] }
        return [.filter(.isNull(.column(aggregation.firstGroupColumn + bucket, .float), negated: true))]
    }

    /// Aggregates that look back from now have no place where there is none.
    func refuseClock(_ aggregation: Aggregation) throws(QueryError) {
        guard isStanding else { return }
        for call in aggregation.calls where ["freshness", "age"].contains(call.function) {
            throw QueryError(
                .misplaced, at: call.at, en: "a standing query has no now for \(call.function) to look back from",
                vi: "truy vấn thường trực không có thời điểm hiện tại cho \(call.function)",
                hint: Bilingual(vi: "viết: | stale 10m by station", en: "write: | stale 10m by station"))
        }
    }
}
