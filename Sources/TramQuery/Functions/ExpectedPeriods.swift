import TramColumnar

/// `expected(period)` beside finished rows: how many whole periods the row's window has, or the range without windows.
struct ExpectedPeriods: RowFunction {
    struct Windows {
        var grid: WindowGrid?
        var range: TimeRange
    }

    let windows: Windows
    /// Nanoseconds, more than 0.
    let period: Int64
    /// The window's start.
    let time: BoundExpression?

    var operands: [BoundExpression] { time.map { [$0] } ?? [] }
    var type: ColumnType { .int }
    var readsTime: Bool { true }

    func evaluate(
        _ operands: [BlockColumn], _ block: RowBlock, _ context: EvaluationContext
    ) -> BlockColumn {
        guard let grid = windows.grid, let starts = operands.first else {
            return .constant(.int, bits(windows.range, context))
        }
        return Lanes.mapPartial(starts, to: .int, count: block.count) { start in
            let start = Int64(bitPattern: start)
            let window = TimeRange(start: start, end: grid.end(ofWindowStarting: start))
            return bits(window.intersection(windows.range), context)
        }
    }

    private func bits(_ range: TimeRange, _ context: EvaluationContext) -> UInt64? {
        ExpectedPeriods.count(
            in: range, period: period, now: context.isStanding ? .max : context.now, extent: context.extent
        )
        .map(UInt64.init(bitPattern:))
    }

    /// Whole periods in the part of `range` that is over by `now`. An open end is where the data end; nil when there
    /// are none.
    static func count(in range: TimeRange, period: Int64, now: Int64, extent: TimeRange?) -> Int64? {
        var range = range
        if range.start == .min || range.end == .max {
            guard let extent else { return nil }
            if range.start == .min { range.start = extent.start }
            if range.end == .max { range.end = max(range.start, extent.end) }
        }
        let end = min(range.end, now)
        guard end > range.start, period > 0 else { return 0 }
        return Int64(clamping: (Int128(end) - Int128(range.start)) / Int128(period))
    }
}
