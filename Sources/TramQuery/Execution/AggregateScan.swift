import Synchronization
import TramColumnar

/// Feeds stored rows to an aggregation: series by series, several at a time where there are enough of them.
///
/// Each part has states of its own, which are merged at the end; since merging knows no order, neither does the answer.
struct AggregateScan {
    var scan: Scan
    let aggregation: Aggregation
    let source: any ColumnSource
    let context: QueryContext
    let evaluation: EvaluationContext
    let work: ScanWork

    /// Series that a part takes at once.
    private static let turn = 16
    /// Below so many rows a second thread costs more than it saves.
    private static let rowsWorthSharing = 60_000

    func run(into grouped: GroupedAggregation) throws(QueryError) {
        if let cached = CachedWindows(self), try cached.run(into: grouped) { return }
        try compute(scan.range, into: grouped.states)
    }

    /// Feeds the rows of `range` to `states`.
    func compute(_ range: TimeRange, into states: SlicedStates) throws(QueryError) {
        var part = self
        part.scan.range = range
        try part.compute(into: states)
    }

    private func compute(into states: SlicedStates) throws(QueryError) {
        evaluation.watch.stage = .aggregating
        let runner = ScanRunner(
            scan: scan, source: source, evaluator: ExpressionEvaluator(evaluation), work: work)
        let targets = runner.targets()
        for target in targets { work.allSeries += source.seriesCount(of: target.measurement) }
        let count = partCount(targets)
        guard count > 1, let workers = context.workers else {
            let part = Part(self, states, evaluation, work)
            for target in targets { try part.feed(target, target.series[...]) }
            return
        }
        try share(targets, among: workers, count, states)
    }

    private func partCount(_ targets: [ScanRunner.Target]) -> Int {
        guard let workers = context.workers, workers.count > 1, !makesTexts, !scan.runsAlongRows else { return 1 }
        let seriesCount = targets.reduce(0) { $0 + $1.series.count }
        guard seriesCount >= 2 * AggregateScan.turn else { return 1 }
        var rows = 0.0
        for target in targets {
            guard let extent = source.extent(of: target.measurement) else { continue }
            let start = max(extent.start, scan.readRange.start)
            let end = min(extent.end, scan.readRange.end)
            guard start < end else { continue }
            let share = (Double(end) - Double(start)) / max(1, Double(extent.end) - Double(extent.start))
            rows += Double(source.pointCount(of: target.measurement)) * min(1, share)
        }
        return rows >= Double(AggregateScan.rowsWorthSharing)
            ? min(workers.count, seriesCount / AggregateScan.turn) : 1
    }

    /// Whether states would hold texts that a part makes itself, whose codes mean nothing to the others.
    var makesTexts: Bool {
        aggregation.calls.contains { call in
            guard let argument = call.argument, argument.type.isText else { return false }
            guard case .column(let column, _) = argument, let origin = scan.columns[column] else { return true }
            return origin == .measurement
        }
    }

    /// One part's states, and the texts that it knows.
    private final class Share: @unchecked Sendable {
        // Sendable: one thread has it while parts run, and the query's own afterwards.
        let states: SlicedStates
        let pool: TextPool
        let work: ScanWork
        let part: Part
        var failure: QueryError?

        init(_ scan: AggregateScan, _ pool: TextPool, of count: Int) throws(QueryError) {
            var evaluation = scan.evaluation
            evaluation.pool = pool
            evaluation.watch = scan.evaluation.watch.part(count, pool: pool)
            // What a series remembers is kept by the part that reads it.
            evaluation.running = RunningStates()
            self.pool = pool
            states = try SlicedStates(
                scan.aggregation, context: evaluation, limits: scan.context.limits,
                isSeriesColumn: { [scan = scan.scan] in Executor.isSeriesColumn($0, scan) })
            work = scan.work.part(evaluation.watch)
            part = Part(scan, states, evaluation, work)
        }
    }

    private func share(
        _ targets: [ScanRunner.Target], among workers: QueryWorkers, _ count: Int, _ states: SlicedStates
    ) throws(QueryError) {
        var shares: [Share] = []
        for _ in 0..<count { shares.append(try Share(self, evaluation.pool.copy(), of: count)) }
        var turns: [(target: Int, series: Range<Int>)] = []
        for (index, target) in targets.enumerated() {
            for start in stride(from: 0, to: target.series.count, by: AggregateScan.turn) {
                turns.append((index, start..<min(start + AggregateScan.turn, target.series.count)))
            }
        }
        let next = Atomic(0)
        let isFailed = Atomic(false)
        workers.perform(count) { [shares, turns, targets] number in
            let share = shares[number]
            do throws(QueryError) {
                while !isFailed.load(ordering: .relaxed) {
                    let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
                    guard turn < turns.count else { return }
                    let target = targets[turns[turn].target]
                    try share.part.feed(target, target.series[turns[turn].series])
                }
            } catch {
                share.failure = error
                isFailed.store(true, ordering: .relaxed)
            }
        }
        for share in shares { work.add(share.work) }
        for share in shares { if let failure = share.failure { throw failure } }
        for share in shares {
            try states.absorb(share.states) { [pool = evaluation.pool] code in
                pool.code(of: code, in: share.pool)
            }
        }
    }

    /// Feeds series to the states of one part.
    private struct Part {
        let runner: ScanRunner
        let states: SlicedStates
        private let scan: Scan
        private let aggregation: Aggregation
        private let evaluator: ExpressionEvaluator
        private let units: (any UnitResolver)?

        init(_ scan: AggregateScan, _ states: SlicedStates, _ evaluation: EvaluationContext, _ work: ScanWork) {
            evaluator = ExpressionEvaluator(evaluation)
            runner = ScanRunner(scan: scan.scan, source: scan.source, evaluator: evaluator, work: work)
            self.states = states
            self.scan = scan.scan
            aggregation = scan.aggregation
            units = evaluation.units
        }

        func feed(_ target: ScanRunner.Target, _ series: ArraySlice<SeriesEntry>) throws(QueryError) {
            guard let direct = direct(target) else {
                try runner.run(target, series) { (block) throws(QueryError) in
                    try states.add(block)
                    try states.measure(fed: block.count)
                }
                return
            }
            series: for entry in series {
                let constants = runner.constantColumns(entry, target.schema, target.measurement)
                guard try runner.isWanted(constants, entry.id) else { continue }
                let row = RowBlock(
                    timestamps: [direct.instant], series: .one(entry.id), isTimeOrdered: true, columns: constants)
                for filter in direct.seriesFilters where try evaluator.evaluate(filter, row).value(0) != 1 {
                    continue series
                }
                runner.work.series += 1
                let before = runner.work.rows
                let group = try states.group(ofSeries: entry.id) { row }
                try direct.scan.feed(
                    entry.id, of: target.measurement, constants: constants, group: group, from: runner.source,
                    to: states, work: runner.work)
                try states.measure(fed: runner.work.rows - before)
            }
        }

        /// How to read a measurement without expressions over its rows; nil when there are some.
        private func direct(
            _ target: ScanRunner.Target
        ) -> (scan: DirectScan, seriesFilters: [BoundExpression], instant: Int64)? {
            func isOfSeries(_ expression: BoundExpression) -> Bool {
                expression.columns.allSatisfy { Executor.isSeriesColumn($0, scan) }
            }
            var seriesFilters: [BoundExpression] = []
            var filters: [RowStep] = []
            var readsUnits = false
            for step in scan.steps {
                if case .filter(let condition) = step, isOfSeries(condition), condition.readsUnitsOnly {
                    readsUnits = true
                    seriesFilters.append(condition)
                } else {
                    filters.append(step)
                }
            }
            for group in aggregation.groups {
                guard isOfSeries(group.value), group.value.readsUnitsOnly else { return nil }
                readsUnits = readsUnits || group.value.readsTime
            }
            let extent = runner.source.extent(of: target.measurement) ?? TimeRange(start: 0, end: 0)
            let start = max(extent.start, scan.readRange.start)
            if readsUnits, let units {
                // While the catalogue does not change, a series has one unit.
                let read = TimeRange(start: start, end: max(start, min(extent.end, scan.readRange.end)))
                guard units.changes(in: read).isEmpty else { return nil }
            }
            guard let direct = DirectScan(scan, aggregation, states, filters, target.schema) else { return nil }
            return (direct, seriesFilters, start)
        }
    }
}
