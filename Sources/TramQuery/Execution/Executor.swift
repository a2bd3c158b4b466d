import TramColumnar

/// Runs a bound plan over a source.
struct Executor {
    let source: any ColumnSource
    let context: QueryContext
    let pool: TextPool
    let work: ScanWork
    private let watch: QueryGuard

    init(source: any ColumnSource, context: QueryContext, pool: TextPool) {
        self.source = source
        self.context = context
        self.pool = pool
        watch = QueryGuard(limits: context.limits, pool: pool, interruption: context.interruption)
        work = ScanWork(watch: watch)
    }

    func run(_ plan: Plan) throws(QueryError) -> Table {
        var evaluation = EvaluationContext(
            pool: pool, zone: plan.zone, now: plan.now ?? context.now, units: context.units, watch: watch)
        evaluation.extent = extent(of: plan)
        let (before, rows) = (work.figures, work.rows)
        (work.usedCache, work.computedRanges) = (false, 0)
        let table = try root(plan, evaluation)
        if let read = plan.readText {
            work.explanation.note(read, rows: work.rows - rows, reading: work.reading(since: before))
        }
        if let text = plan.rootText { work.explanation.note(text, rows: table.rowCount) }
        return try TableRunner(
            context: evaluation, limits: context.limits, zone: plan.zone,
            runPlan: { (other) throws(QueryError) in try run(other) },
            note: { [work] in work.explanation.note($0.text, rows: $1) }
        ).run(plan.steps, on: table)
    }

    /// Rows that a plan reads at most, about: the share of a measurement's time and series that it asks for.
    func estimatedRows(_ plan: Plan) -> Int {
        var rows = 0.0
        switch plan.root {
        case .table(let inner): rows = Double(estimatedRows(inner))
        case .show(let show, let measurement, _):
            let all = measurement.map { [$0] } ?? source.measurements
            if show.subject == .series { rows = Double(all.reduce(0) { $0 + source.seriesCount(of: $1) }) }
        case .scan(let scan, _), .aggregate(let scan, _), .stale(let scan, _):
            for measurement in scan.measurements {
                guard let extent = source.extent(of: measurement), let schema = source.schema(of: measurement) else {
                    continue
                }
                let start = max(extent.start, scan.readRange.start)
                let end = min(extent.end, scan.readRange.end)
                guard start < end else { continue }
                let time = (Double(end) - Double(start)) / max(1, Double(extent.end) - Double(extent.start))
                let conditions = TagConditions.of(scan, tagKeys: schema.tagKeys)
                var share = 1.0
                if !conditions.isEmpty {
                    let wanted = source.series(of: measurement, in: scan.readRange, matching: conditions).count
                    share = Double(wanted) / Double(max(1, source.seriesCount(of: measurement)))
                }
                rows += Double(source.pointCount(of: measurement)) * min(1, time) * share
            }
        }
        for step in plan.steps {
            switch step {
            case .versus(let versus): rows += Double(estimatedRows(versus.plan))
            case .join(let join): rows += Double(estimatedRows(join.plan))
            default: break
            }
        }
        return rows < 1e15 ? Int(rows) : .max
    }

    /// From the oldest row of the measurements that the plan reads to the newest.
    private func extent(of plan: Plan) -> TimeRange? {
        switch plan.root {
        case .table(let inner): return extent(of: inner)
        case .show: return nil
        case .scan(let scan, _), .aggregate(let scan, _), .stale(let scan, _):
            let extents = scan.measurements.compactMap(source.extent)
            guard let start = extents.map(\.start).min(), let end = extents.map(\.end).max() else { return nil }
            return TimeRange(start: start, end: end)
        }
    }

    private func root(_ plan: Plan, _ evaluation: EvaluationContext) throws(QueryError) -> Table {
        switch plan.root {
        case .table(let inner):
            return try run(inner)
        case .show(let show, let measurement, _):
            let columns = ShowTables.columns(
                show.subject, tagKeys: measurement.flatMap { source.schema(of: $0)?.tagKeys },
                hasMeasurement: measurement != nil)
            return ShowTables.table(show, measurement: measurement, columns: columns, source: source, pool: pool)
        case .scan(let scan, let output):
            return try rows(scan, output, RowHead(plan.steps), evaluation)
        case .aggregate(let scan, let aggregation):
            try checkFilledWindows(scan, aggregation)
            if let window = aggregation.rowWindow {
                return try rowWindows(scan, aggregation, window, evaluation)
            }
            let grouped = try GroupedAggregation(
                aggregation, context: evaluation, limits: context.limits, work: work,
                isSeriesColumn: { Executor.isSeriesColumn($0, scan) })
            try AggregateScan(
                scan: scan, aggregation: aggregation, source: source, context: context, evaluation: evaluation,
                work: work
            ).run(into: grouped)
            return try grouped.finish()
        case .stale(let scan, let stale):
            return try silence(scan, stale, evaluation)
        }
    }

    private func rowWindows(
        _ scan: Scan, _ aggregation: Aggregation, _ window: RowWindow, _ evaluation: EvaluationContext
    ) throws(QueryError) -> Table {
        let cut = try RowWindowAggregation(
            aggregation, window, context: evaluation, limits: context.limits, work: work)
        // By tags, so that which of two rows of equal time comes first does not depend on which series came first.
        try ScanRunner(scan: scan, source: source, evaluator: ExpressionEvaluator(evaluation), work: work).run(
            inOrderOfTags: true
        ) { (block) throws(QueryError) in
            try cut.add(block)
        }
        return try cut.finish()
    }

    /// Before any row is read: `fill` makes a row of every window between the oldest row and the newest, where the
    /// range has no ends of its own.
    private func checkFilledWindows(_ scan: Scan, _ aggregation: Aggregation) throws(QueryError) {
        guard let grid = aggregation.grid else { return }
        if case .none = aggregation.fill { return }
        let extents = scan.measurements.compactMap(source.extent)
        guard let first = extents.map(\.start).min(), let last = extents.map(\.end).max() else { return }
        let range = TimeRange(
            start: scan.range.start == .min ? first : scan.range.start,
            end: scan.range.end == .max ? last : scan.range.end)
        try Binder.checkWindowCount(grid, range, context.limits, aggregation.at)
    }

    static func isSeriesColumn(_ column: Int, _ scan: Scan) -> Bool {
        switch scan.columns[column] {
        case .tag, .measurement: true
        default: false
        }
    }

    /// Rows without aggregation, by time, then by their tags. Where only the first of them are asked for, no more than
    /// a multiple of these is held.
    private func rows(
        _ scan: Scan, _ output: [RawOutput], _ head: RowHead?, _ evaluation: EvaluationContext
    ) throws(QueryError) -> Table {
        let runner = TableRunner(context: evaluation, limits: context.limits, zone: evaluation.zone)
        var table = Table(infos: output.map { TableColumn(name: $0.name, type: $0.type) })
        var times: [Int64] = []
        var mostRows = head == nil ? context.limits.rows : min(RowHead.mostRows, context.limits.rows)
        try ScanRunner(scan: scan, source: source, evaluator: ExpressionEvaluator(evaluation), work: work).run(
            inOrderOfTags: true
        ) { (block) throws(QueryError) in
            for row in 0..<block.count {
                for (index, column) in output.enumerated() {
                    table.columns[index].append(block.columns[column.column].value(row))
                }
            }
            table.rowCount += block.count
            times += block.timestamps
            // Ordering them takes row numbers, and the gathered rows beside these.
            try watch.hold(table.byteCount * 2 + table.rowCount * 16)
            guard table.rowCount > mostRows else { return }
            guard let head else { throw RowLimit.exceeded(context.limits.rows, .reading) }
            let order = rowOrder(table, times, output)
            let kept = try head.kept(of: table.gathered(order), runner).map { order[$0] }
            if kept.count > context.limits.rows { throw RowLimit.exceeded(context.limits.rows, .reading) }
            table = table.gathered(kept)
            times = kept.map { times[$0] }
            mostRows = kept.count * 2 + RowHead.mostRows
        }
        watch.stage = .sort
        try watch.look()
        return table.gathered(rowOrder(table, times, output))
    }

    /// Row numbers by time, then by the tags that are given out, then as the rows came.
    private func rowOrder(_ table: Table, _ times: [Int64], _ output: [RawOutput]) -> [Int] {
        let tags = output.indices.filter { output[$0].type == .tag }
        let orders = tags.map { ValueOrder(column: table.columns[$0], descending: false, pool: pool) }
        return (0..<table.rowCount).sorted { left, right in
            if times[left] != times[right] { return times[left] < times[right] }
            for order in orders {
                let comparison = order.compare(left, right)
                if comparison != 0 { return comparison < 0 }
            }
            return left < right
        }
    }

    /// Whether a station that has no row passes what the query asks of stations. Conditions on other columns say
    /// nothing of it: a silent station is rather told than hidden.
    private func isWanted(
        station: UInt64, tag: String, _ scan: Scan, _ evaluator: ExpressionEvaluator
    ) throws(QueryError) -> Bool {
        var columns = [BlockColumn](repeating: .constant(.float, nil), count: scan.width)
        for (number, column) in scan.columns where column == .tag(tag) { columns[number] = .constant(.tag, station) }
        let row = RowBlock(timestamps: [context.now], series: .one(0), isTimeOrdered: true, columns: columns)
        var filters = scan.seriesFilters
        for case .filter(let condition) in scan.steps { filters.append(condition) }
        for filter in filters where filter.columns.allSatisfy({ scan.columns[$0] == .tag(tag) }) {
            if try evaluator.evaluate(filter, row).value(0) != 1 { return false }
        }
        return true
    }

    /// Groups whose newest row is older than the duration, and stations of the catalogue that never sent one.
    private func silence(
        _ scan: Scan, _ stale: Stale, _ evaluation: EvaluationContext
    ) throws(QueryError) -> Table {
        let evaluator = ExpressionEvaluator(evaluation)
        watch.stage = .stale
        var newest: [[UInt64?]: Int64] = [:]
        try ScanRunner(scan: scan, source: source, evaluator: evaluator, work: work).run { (block) throws(QueryError) in
            var columns: [BlockColumn] = []
            for group in stale.groups { columns.append(try evaluator.evaluate(group.value, block)) }
            if columns.allSatisfy(\.isConstant), let last = block.timestamps.last {
                let key = columns.map { $0.value(0) }
                newest[key] = max(newest[key] ?? .min, last)
            } else {
                for row in 0..<block.count {
                    let key = columns.map { $0.value(row) }
                    newest[key] = max(newest[key] ?? .min, block.timestamps[row])
                }
            }
            try watch.hold(newest.count * (96 + 16 * stale.groups.count))
        }
        var infos = stale.groups.map { TableColumn(name: $0.name, type: $0.value.type) }
        infos += [TableColumn(name: "time", type: .time), TableColumn(name: "age", type: .duration)]
        var table = Table(infos: infos)
        for (key, last) in newest {
            let (age, overflow) = context.now.subtractingReportingOverflow(last)
            guard overflow || age > stale.duration else { continue }
            table.append(key + [UInt64(bitPattern: last), overflow ? nil : UInt64(bitPattern: age)])
        }
        if let station = stale.stationGroup, let units = context.units {
            for name in units.stations(stationTag: station.tag) where newest[[pool.code(name)]] == nil {
                guard try isWanted(station: pool.code(name), tag: station.tag, scan, evaluator) else { continue }
                table.append([pool.code(name), nil, nil])
            }
        }
        let keys = stale.groups.indices.map { (column: $0, descending: false) }
        return table.gathered(table.order(by: keys, pool: pool))
    }
}
