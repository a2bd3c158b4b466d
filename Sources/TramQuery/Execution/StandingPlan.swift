package import TramColumnar

/// A query that never ends, as the machinery of continuous windows sees it: what it reads, how its rows become blocks,
/// and how finished windows become result rows with their conditions judged.
///
/// A standing query may be older than its data: names that no row has had yet count as null, and `rebind` takes them up
/// when the schema has grown. Not safe for several threads.
package final class StandingPlan {
    package enum Shape {
        /// Windows of time.
        case windows(WindowGrid)
        /// Each row is judged by itself.
        case rows
        /// Groups that have been silent for so many nanoseconds.
        case silence(Int64)
    }

    /// A result row before it has values of Swift: bits by column, and what the conditions say.
    package struct Row {
        package var labels: [WindowResult.Label]
        package var values: [Value]
        /// Parallel to the conditions; nil is null.
        package var conditions: [Bool?]
        /// The first column that the first condition names.
        package var judged: Value
    }

    private let statement: Statement
    private let conditions: [Expression]
    private let context: QueryContext
    private let pool: TextPool
    private var plan: Plan
    private var scan: Scan
    private var boundConditions: [BoundExpression] = []
    private var judgedColumn: BoundExpression?
    private var evaluation: EvaluationContext
    package private(set) var shape: Shape
    package private(set) var states: SlicedStates?
    private var rowOutputs: [RawOutput] = []
    private var stale: Stale?
    private var outputScan: Scan
    /// What a series says by itself: its tags as columns, and whether the query wants it.
    private var seriesBlocks: [RowBlock?] = []
    private var seriesVerdicts: [Bool?] = []
    /// Columns that are read row by row; the other tags are asked for once a series.
    private var rowColumns: Set<Int> = []

    /// - Parameters:
    ///   - text: The query; its places are those of errors.
    ///   - conditions: `when` and `clear` of a rule, over the result's columns.
    ///   - strings: The store's table; texts that the query makes are put into it.
    package init(
        _ text: String, conditions: [Expression] = [], schemas: [String: Schema], strings: StringTable,
        context: QueryContext
    ) throws(QueryError) {
        let statement = try QueryParser.parse(text)
        self.statement = statement
        self.conditions = conditions
        self.context = context
        pool = TextPool(strings, growsTable: true)
        var standing = context
        standing.defaultRange = .all
        let binder = try Binder(statement, schemas: schemas, context: standing, pool: pool, isStanding: true)
        let plan = try binder.bind(statement.pipe)
        self.plan = plan
        evaluation = EvaluationContext(pool: pool, zone: plan.zone, now: 0, units: context.units)
        evaluation.isStanding = true
        switch plan.root {
        case .aggregate(let scan, let aggregation):
            guard let grid = aggregation.grid else {
                throw QueryError(
                    .misplaced, at: aggregation.at, en: "a standing query needs windows",
                    vi: "truy vấn thường trực cần có cửa sổ",
                    hint: Bilingual(vi: "thêm: every 15m", en: "add: every 15m"))
            }
            self.scan = scan
            shape = .windows(grid)
        case .scan(let scan, let outputs):
            self.scan = scan
            rowOutputs = outputs
            shape = .rows
        case .stale(let scan, let stale):
            self.scan = scan
            self.stale = stale
            shape = .silence(stale.duration)
        case .show, .table:
            throw QueryError(
                .misplaced, at: nil, en: "a standing query reads a measurement",
                vi: "truy vấn thường trực đọc một số đo")
        }
        outputScan = scan
        if case .aggregate(let scan, let aggregation) = plan.root {
            states = try SlicedStates(
                aggregation, context: evaluation, limits: context.limits,
                isSeriesColumn: { Executor.isSeriesColumn($0, scan) })
        }
        try bindConditions(binder)
    }

    package var measurements: [String] { scan.measurements }

    /// The columns of `Row.values`.
    package var columns: [ColumnInfo] {
        plan.columns.filter { !$0.isHidden }.map { ColumnInfo(name: $0.name, type: $0.type) }
    }

    /// The clause `late`, nanoseconds.
    package var lateness: Int64? {
        if case .aggregate(_, let aggregation) = plan.root { aggregation.lateness } else { nil }
    }

    /// What the query names and no row has had yet.
    package var warnings: [Bilingual] { plan.warnings }

    /// Binds again to grown schemas. States of calls whose type stays are kept; the others had seen nulls only.
    package func rebind(schemas: [String: Schema]) throws(QueryError) {
        var standing = context
        standing.defaultRange = .all
        let binder = try Binder(statement, schemas: schemas, context: standing, pool: pool, isStanding: true)
        plan = try binder.bind(statement.pipe)
        switch plan.root {
        case .aggregate(let scan, let aggregation):
            self.scan = scan
            try states?.rebind(aggregation, isSeriesColumn: { Executor.isSeriesColumn($0, scan) })
        case .scan(let scan, let outputs):
            self.scan = scan
            rowOutputs = outputs
        case .stale(let scan, let stale):
            self.scan = scan
            self.stale = stale
        case .show, .table: break
        }
        outputScan = scan
        seriesBlocks = []
        seriesVerdicts = []
        try bindConditions(binder)
    }

    /// Conditions read the finished columns; those of a query without aggregation read the stored row.
    private func bindConditions(_ binder: Binder) throws(QueryError) {
        boundConditions = []
        judgedColumn = nil
        defer { findRowColumns() }
        guard !conditions.isEmpty else { return }
        let scope: any Scope
        if case .rows = shape, case .names(let names) = statement.pipe.source.kind {
            let schemas = names.map { binder.schemas[$0.text] ?? Schema(measurement: $0.text) }
            let rows = RowScope(extending: scan, steps: plan, schemas: schemas, units: context.units)
            scope = rows
        } else {
            scope = TableScope(columns: plan.columns, units: context.units)
        }
        let expressions = ExpressionBinder(scope: scope, pool: pool, context: context, zone: plan.zone)
        for condition in conditions { boundConditions.append(try expressions.bindCondition(condition)) }
        if let first = conditions.first, let name = StandingPlan.firstName(in: first) {
            judgedColumn = try? expressions.bind(name)
        }
        if let rows = scope as? RowScope {
            outputScan.columns = rows.scanColumns
            outputScan.width = rows.width
            scan = outputScan
        }
    }

    /// Which columns the steps and calls read in every row.
    private func findRowColumns() {
        guard case .aggregate(_, let aggregation) = plan.root, states?.groupsAreOfSeries == true else {
            rowColumns = Set(scan.columns.keys)
            return
        }
        rowColumns = []
        for step in scan.steps {
            switch step {
            case .filter(let condition): rowColumns.formUnion(condition.columns)
            case .set(_, let value): rowColumns.formUnion(value.columns)
            case .unpivot(let unpivot):
                for field in unpivot.fields { rowColumns.formUnion(field.value.columns) }
            }
        }
        for call in aggregation.calls {
            rowColumns.formUnion(call.argument?.columns ?? [])
            rowColumns.formUnion(call.filter?.columns ?? [])
        }
    }

    private static func firstName(in expression: Expression) -> Expression? {
        switch expression {
        case .name(nil, _): expression
        case .literal, .star, .name: nil
        case .call(let call): call.arguments.lazy.compactMap(firstName).first
        case .unary(_, let operand, _), .isNull(let operand, _, _): firstName(in: operand)
        case .binary(_, let left, let right, _): firstName(in: left) ?? firstName(in: right)
        case .isIn(let operand, _, _), .isBetween(let operand, _, _, _): firstName(in: operand)
        }
    }

    // MARK: - Rows in

    /// The rows of a batch that the query reads, as a block after its row steps; nil when there are none.
    ///
    /// `batch.series` are ids of the store, and string columns hold codes of its table. `rows` are the rows to take,
    /// rising.
    package func blocks(
        of batch: Batch, rows: Range<Int>, refused: Set<Int>, key: (UInt32) -> SeriesKey?,
        visit: (RowBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        let evaluator = ExpressionEvaluator(evaluation)
        var selected: [Int]?
        if !scan.seriesFilters.isEmpty || !refused.isEmpty {
            var kept: [Int] = []
            kept.reserveCapacity(rows.count)
            for row in rows where !refused.contains(row) {
                if try isWanted(batch.series[row], batch.measurement, key, evaluator) { kept.append(row) }
            }
            if kept.isEmpty { return }
            selected = kept
        }
        let block = rawBlock(batch, rows: rows, selected: selected, key)
        try RowSteps(steps: scan.steps, evaluator: evaluator).run(block, visit)
    }

    private func isWanted(
        _ series: UInt32, _ measurement: String, _ key: (UInt32) -> SeriesKey?, _ evaluator: ExpressionEvaluator
    ) throws(QueryError) -> Bool {
        let index = Int(series)
        if index < seriesVerdicts.count, let known = seriesVerdicts[index] { return known }
        if index >= seriesVerdicts.count {
            seriesVerdicts += [Bool?](repeating: nil, count: index + 1 - seriesVerdicts.count)
        }
        let row = seriesBlock(series, measurement, key)
        var isWanted = true
        for filter in scan.seriesFilters where isWanted {
            isWanted = try evaluator.evaluate(filter, row).value(0) == 1
        }
        seriesVerdicts[index] = isWanted
        return isWanted
    }

    /// One row with the columns that a series says by itself.
    private func seriesBlock(_ series: UInt32, _ measurement: String, _ key: (UInt32) -> SeriesKey?) -> RowBlock {
        let index = Int(series)
        if index < seriesBlocks.count, let known = seriesBlocks[index] { return known }
        if index >= seriesBlocks.count {
            seriesBlocks += [RowBlock?](repeating: nil, count: index + 1 - seriesBlocks.count)
        }
        let tags = key(series)?.tags
        var columns = [BlockColumn](repeating: .constant(.float, nil), count: scan.width)
        for (column, origin) in scan.columns {
            switch origin {
            case .tag(let name): columns[column] = .constant(.tag, tags?[name].map(pool.code))
            case .measurement: columns[column] = .constant(.tag, pool.code(measurement))
            case .time, .field: break
            }
        }
        let block = RowBlock(timestamps: [0], series: .one(series), isTimeOrdered: true, columns: columns)
        seriesBlocks[index] = block
        return block
    }

    private func rawBlock(
        _ batch: Batch, rows: Range<Int>, selected: [Int]?, _ key: (UInt32) -> SeriesKey?
    ) -> RowBlock {
        let isWhole = selected == nil && rows.count == batch.count
        let indices = selected ?? Array(rows)
        let series = isWhole ? batch.series : indices.map { batch.series[$0] }
        let timestamps = isWhole ? batch.timestamps : indices.map { batch.timestamps[$0] }
        var columns = [BlockColumn](repeating: .constant(.float, nil), count: scan.width)
        for (column, origin) in scan.columns {
            switch origin {
            case .time:
                columns[column] = BlockColumn(
                    type: .time, isConstant: false, bits: timestamps.map(UInt64.init(bitPattern:)), presence: nil)
            case .measurement:
                columns[column] = .constant(.tag, pool.code(batch.measurement))
            case .tag where !rowColumns.contains(column):
                break
            case .tag:
                var values = Column(type: .tag)
                values.bits.reserveCapacity(series.count)
                for id in series { values.append(seriesBlock(id, batch.measurement, key).columns[column].value(0)) }
                columns[column] = BlockColumn(values)
            case .field(let name, let type):
                guard let found = batch.columns.first(where: { $0.name == name && $0.values.type.columnType == type })
                else {
                    columns[column] = .constant(type, nil)
                    continue
                }
                let whole = BlockColumn(
                    type: type, isConstant: false, bits: found.values.bits, presence: found.values.presence)
                columns[column] = isWhole ? whole : whole.gathered(indices)
            }
        }
        return RowBlock(timestamps: timestamps, series: .each(series), isTimeOrdered: false, columns: columns)
    }

    /// Feeds a block's rows to the windows' states.
    package func add(_ block: RowBlock, measurement: String, key: (UInt32) -> SeriesKey?) throws(QueryError) {
        try withoutActuallyEscaping(key) { (key) throws(QueryError) in
            try states?.add(block, seriesBlock: { [self] in seriesBlock($0, measurement, key) })
        }
    }

    /// The group number of each row of a block.
    package func groups(
        of block: RowBlock, measurement: String, key: (UInt32) -> SeriesKey?
    ) throws(QueryError) -> [Int32] {
        try withoutActuallyEscaping(key) { (key) throws(QueryError) in
            try states?.groupNumbers(block, seriesBlock: { [self] in seriesBlock($0, measurement, key) }) ?? []
        }
    }

    // MARK: - Rows out

    /// The result rows of one window: those of `groups` that hold rows and that the later stages keep, in the order of
    /// their group columns.
    package func rows(window: Int64, groups: [Int32]) throws(QueryError) -> [(group: Int32, row: Row)] {
        guard let states else { return [] }
        var finished = Table(infos: GroupedAggregation.finishedInfos(states.aggregation))
        var numbers: [Int32] = []
        for group in groups {
            guard let values = try states.values(group: group, window: window) else { continue }
            finished.append(
                [UInt64(bitPattern: window)] + states.groups.keys[Int(group)] + values + [0])
            numbers.append(group)
        }
        guard finished.rowCount > 0 else { return [] }
        evaluation.now = window
        var table = try GroupedAggregation.outputs(
            states.aggregation, finished, context: evaluation)
        // Carried along so that rows can be told apart after the later stages.
        let numberColumn = table.infos.count
        table.infos.append(TableColumn(name: "\u{0}group", type: .int, isHidden: true))
        table.columns.append(Column(type: .int, bits: numbers.map { UInt64($0) }))
        let runner = TableRunner(context: evaluation, limits: context.limits, zone: plan.zone)
        let (result, hidden) = try runner.run(plan.steps, on: table, keeping: numberColumn)
        let block = result.block(time: nil, now: window)
        let judgements = try judge(block)
        let shown = plan.columns.indices.filter { !plan.columns[$0].isHidden }
        var rows: [(group: Int32, row: Row)] = []
        for row in 0..<result.rowCount {
            let group = Int32(truncatingIfNeeded: hidden.bits[row])
            rows.append(
                (
                    group,
                    Row(
                        labels: labels(ofGroup: group),
                        values: shown.map { value(result.columns[$0].value(row), result.columns[$0].type) },
                        conditions: judgements.conditions.map { $0.value(row).map { $0 == 1 } },
                        judged: judgements.judged.map { value($0.value(row), $0.type) } ?? .null)
                ))
        }
        return rows
    }

    /// The labels of a group: the names and values of its columns.
    package func labels(ofGroup group: Int32) -> [WindowResult.Label] {
        guard let states else { return [] }
        return zip(states.aggregation.groups, states.groups.keys[Int(group)]).map { column, bits in
            WindowResult.Label(name: column.name, value: value(bits, column.value.type).plainText)
        }
    }

    /// For a query without aggregation: what the conditions say of each row of a block, and how to get a row's content.
    package struct JudgedRows {
        let plan: StandingPlan
        let block: RowBlock
        let conditions: [BlockColumn]
        let judged: BlockColumn?

        package var count: Int { block.count }
        package var timestamps: [Int64] { block.timestamps }

        package func series(_ row: Int) -> UInt32 {
            switch block.series {
            case .one(let id): id
            case .each(let ids): ids[row]
            }
        }

        package func condition(_ index: Int, _ row: Int) -> Bool? {
            index < conditions.count ? conditions[index].value(row).map { $0 == 1 } : nil
        }

        /// The row in full; the labels are the tags of its series. Costs a few allocations.
        package func row(_ row: Int, key: (UInt32) -> SeriesKey?) -> Row {
            let tags = key(series(row))?.tags.tags ?? []
            return Row(
                labels: tags.map { WindowResult.Label(name: $0.key, value: $0.value) },
                values: plan.rowOutputs.map { plan.value(block.columns[$0.column].value(row), $0.type) },
                conditions: conditions.map { $0.value(row).map { $0 == 1 } },
                judged: judged.map { plan.value($0.value(row), $0.type) } ?? .null)
        }
    }

    package func judgedRows(_ block: RowBlock) throws(QueryError) -> JudgedRows {
        let judgements = try judge(block)
        return JudgedRows(plan: self, block: block, conditions: judgements.conditions, judged: judgements.judged)
    }

    private func judge(_ block: RowBlock) throws(QueryError) -> (conditions: [BlockColumn], judged: BlockColumn?) {
        let evaluator = ExpressionEvaluator(evaluation)
        var columns: [BlockColumn] = []
        for condition in boundConditions { columns.append(try evaluator.evaluate(condition, block)) }
        var judged: BlockColumn?
        if let judgedColumn { judged = try evaluator.evaluate(judgedColumn, block) }
        return (columns, judged)
    }

    /// For `stale`: the group's labels of each row.
    package func silenceKeys(_ block: RowBlock) throws(QueryError) -> [[UInt64?]] {
        guard let stale else { return [] }
        let evaluator = ExpressionEvaluator(evaluation)
        var columns: [BlockColumn] = []
        for group in stale.groups { columns.append(try evaluator.evaluate(group.value, block)) }
        return (0..<block.count).map { row in columns.map { $0.value(row) } }
    }

    package func silenceLabels(_ key: [UInt64?]) -> [WindowResult.Label] {
        guard let stale else { return [] }
        return zip(stale.groups, key).map { group, bits in
            WindowResult.Label(name: group.name, value: value(bits, group.value.type).plainText)
        }
    }

    private func value(_ bits: UInt64?, _ type: ColumnType) -> Value {
        Value(bits: bits, type: type, pool: pool)
    }
}

extension RowScope {
    /// A scope over the columns of a bound scan, for conditions on its rows: it may read more fields of the same rows.
    convenience init(extending scan: Scan, steps plan: Plan, schemas: [Schema], units: (any UnitResolver)?) {
        self.init(schemas: schemas, units: units, acceptsUnknownFields: true)
        adopt(scan, computed: plan)
    }
}
