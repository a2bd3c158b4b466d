import TramColumnar

/// How much a query has read.
final class ScanWork {
    /// Rows inside the range, before row filters.
    var rows = 0
    /// Blocks that overlap the range; of them those that were decoded, and those that a condition on a field left out
    /// unread.
    var blocks = 0
    var decoded = 0
    var skipped = 0
    /// Series of the measurements, and those that the tags' conditions and the range left.
    var allSeries = 0
    var series = 0
    /// Whether windows were taken from the cache, and how many stretches of time had to be computed beside them.
    var usedCache = false
    var explanation = Explanation()
    var computedRanges = 0
    private let watch: QueryGuard

    init(watch: QueryGuard) {
        self.watch = watch
    }

    /// Notes one more block, and asks whether the query should go on.
    ///
    /// - Throws: the reason for which it should not.
    func count(_ block: RowBlock) throws(QueryError) {
        blocks += 1
        decoded += 1
        rows += block.count
        try check()
    }

    /// Notes one more block that has not been read, and asks whether the query should go on.
    ///
    /// - Throws: the reason for which it should not.
    func countBlock() throws(QueryError) {
        blocks += 1
        if blocks & 15 == 0 { try check() }
    }

    /// For a part of the query that runs beside others.
    func part(_ watch: QueryGuard) -> ScanWork { ScanWork(watch: watch) }

    /// What was read since `before`, which was this at an earlier moment.
    func reading(since before: (series: Int, all: Int, blocks: Int, decoded: Int, skipped: Int)) -> Explanation.Reading
    {
        Explanation.Reading(
            series: series - before.series, allSeries: allSeries - before.all, blocks: blocks - before.blocks,
            decoded: decoded - before.decoded, skipped: skipped - before.skipped,
            cache: !usedCache ? "no" : computedRanges == 0 ? "whole" : "part")
    }

    var figures: (series: Int, all: Int, blocks: Int, decoded: Int, skipped: Int) {
        (series, allSeries, blocks, decoded, skipped)
    }

    func add(_ part: ScanWork) {
        rows += part.rows
        blocks += part.blocks
        decoded += part.decoded
        skipped += part.skipped
        series += part.series
    }

    /// Asks whether the query should go on.
    ///
    /// - Throws: the reason for which it should not.
    func check() throws(QueryError) {
        try watch.look()
        try watch.hold(0)
    }
}

/// Reads stored rows as blocks, through the row steps of a scan.
struct ScanRunner {
    let scan: Scan
    let source: any ColumnSource
    let evaluator: ExpressionEvaluator
    let work: ScanWork

    /// Hands every block that has rows left to `visit`: by measurement, series id (or the tags' values, which do not
    /// depend on which series came first), then time.
    /// - Complexity: O(series + rows in the range); with `inOrderOfTags` series are sorted.
    func run(
        inOrderOfTags: Bool = false, _ visit: (RowBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        for target in targets() {
            let all = target.series
            work.allSeries += source.seriesCount(of: target.measurement)
            let wanted = inOrderOfTags ? sorted(all, tagCount: target.schema.tagKeys.count) : all
            try run(target, wanted[...], visit)
        }
    }

    /// What is read of one measurement.
    struct Target {
        var measurement: String
        var schema: Schema
        /// Those that the tags' conditions may want; `isWanted` decides.
        var series: [SeriesEntry]
    }

    /// O(series that the tags' conditions may want).
    func targets() -> [Target] {
        scan.measurements.compactMap { measurement in
            guard let schema = source.schema(of: measurement) else { return nil }
            let conditions = TagConditions.of(scan, tagKeys: schema.tagKeys)
            let series =
                conditions.isEmpty
                ? source.series(of: measurement, in: scan.readRange)
                : source.series(of: measurement, in: scan.readRange, matching: conditions)
            return Target(measurement: measurement, schema: schema, series: series)
        }
    }

    /// Hands every block of these series that has rows left to `visit`.
    func run(
        _ target: Target, _ series: ArraySlice<SeriesEntry>, _ visit: (RowBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        let layout = Layout(scan, target.schema)
        for series in series {
            let constants = constantColumns(series, target.schema, target.measurement)
            guard try isWanted(constants, series.id) else { continue }
            work.series += 1
            try source.scan(
                series: series.id, of: target.measurement, fields: layout.fields, range: scan.readRange
            ) { (stored) throws(QueryError) in
                guard let block = block(stored, layout, constants, series.id) else { return }
                try work.count(block)
                try step(block, 0, visit)
            }
        }
    }

    private func sorted(_ series: [SeriesEntry], tagCount: Int) -> [SeriesEntry] {
        let columns = (0..<tagCount).map { TableColumn(name: "\($0)", type: .tag) }
        var table = Table(infos: columns)
        for entry in series { table.append(entry.tagCodes.map { $0.map(UInt64.init) }) }
        let keys = columns.indices.map { (column: $0, descending: false) }
        return table.order(by: keys, pool: evaluator.context.pool).map { series[$0] }
    }

    /// Which stored fields are read, and into which column each goes.
    private struct Layout {
        var fields: [Int] = []
        var columns: [Int] = []
        /// Fields that this measurement does not have: columns of nulls.
        var missing: [(column: Int, type: ColumnType)] = []
        var types: [(stored: ColumnType, wanted: ColumnType)] = []
        var time: Int?

        init(_ scan: Scan, _ schema: Schema) {
            for (column, origin) in scan.columns {
                switch origin {
                case .time: time = column
                case .field(let name, let type):
                    if let field = schema.fieldIndex(name) {
                        fields.append(field)
                        columns.append(column)
                        types.append((schema.fields[field].type.columnType, type))
                    } else {
                        missing.append((column, type))
                    }
                case .tag, .measurement: break
                }
            }
        }
    }

    /// A block's columns before the stored fields are put in: tags, the measurement, nulls elsewhere.
    func constantColumns(_ series: SeriesEntry, _ schema: Schema, _ measurement: String) -> [BlockColumn] {
        var columns = [BlockColumn](repeating: .constant(.float, nil), count: scan.width)
        for (column, origin) in scan.columns {
            switch origin {
            case .tag(let key):
                let code = schema.tagKeys.firstIndex(of: key).flatMap { series.tagCodes[$0] }
                columns[column] = .constant(.tag, code.map(UInt64.init))
            case .measurement:
                columns[column] = .constant(.tag, evaluator.context.pool.code(measurement))
            case .time, .field: break
            }
        }
        return columns
    }

    func isWanted(_ constants: [BlockColumn], _ series: UInt32) throws(QueryError) -> Bool {
        guard !scan.seriesFilters.isEmpty else { return true }
        let row = RowBlock(timestamps: [0], series: .one(series), isTimeOrdered: true, columns: constants)
        for filter in scan.seriesFilters where try evaluator.evaluate(filter, row).value(0) != 1 { return false }
        return true
    }

    private func block(
        _ stored: ColumnBlock, _ layout: Layout, _ constants: [BlockColumn], _ series: UInt32
    ) -> RowBlock? {
        let times = stored.timestamps
        guard let first = times.first, let last = times.last else { return nil }
        var rows = 0..<times.count
        if first < scan.readRange.start || last >= scan.readRange.end {
            let start = times.firstIndex { $0 >= scan.readRange.start } ?? times.count
            let end = times.firstIndex { $0 >= scan.readRange.end } ?? times.count
            rows = start..<max(start, end)
            if rows.isEmpty { return nil }
        }
        let isWhole = rows.count == times.count
        let timestamps = isWhole ? times : Array(times[rows])
        var columns = constants
        for (index, column) in layout.columns.enumerated() {
            let (storedType, wanted) = layout.types[index]
            var value = BlockColumn.constant(wanted, nil)
            if let vector = stored.columns[index] {
                value = BlockColumn(type: storedType, isConstant: false, bits: vector.bits, presence: vector.presence)
                if !isWhole { value = value.sliced(rows) }
                if storedType != wanted { value = evaluator.widened(value, to: wanted, count: rows.count) }
            }
            columns[column] = value
        }
        for (column, type) in layout.missing { columns[column] = .constant(type, nil) }
        if let time = layout.time {
            columns[time] = BlockColumn(
                type: .time, isConstant: false, bits: timestamps.map(UInt64.init(bitPattern:)), presence: nil)
        }
        return RowBlock(timestamps: timestamps, series: .one(series), isTimeOrdered: true, columns: columns)
    }

    private func step(
        _ block: RowBlock, _ index: Int, _ visit: (RowBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        try RowSteps(steps: scan.steps, evaluator: evaluator).run(block, from: index, visit)
    }
}

/// Runs the steps of a scan on one block.
struct RowSteps {
    let steps: [RowStep]
    let evaluator: ExpressionEvaluator

    func run(
        _ block: RowBlock, from first: Int = 0, _ visit: (RowBlock) throws(QueryError) -> Void
    ) throws(QueryError) {
        var block = block
        for index in first..<max(first, steps.count) {
            switch steps[index] {
            case .filter(let condition):
                if let rows = try evaluator.selection(condition, block) {
                    if rows.isEmpty { return }
                    block = block.gathered(rows)
                }
            case .set(let column, let value):
                block.columns[column] = try evaluator.evaluate(value, block)
            case .unpivot(let unpivot):
                for field in unpivot.fields {
                    let value = try evaluator.evaluate(field.value, block)
                    var part = block
                    part.columns[unpivot.nameColumn] = .constant(.string, field.nameCode)
                    part.columns[unpivot.valueColumn] = value
                    if value.presence != nil {
                        let present = (0..<block.count).filter { value.value($0) != nil }
                        if present.isEmpty { continue }
                        part = part.gathered(present)
                    }
                    try run(part, from: index + 1, visit)
                }
                return
            }
        }
        try visit(block)
    }
}

extension ExpressionEvaluator {
    /// A stored column of one numeric type brought to another, where measurements disagree.
    func widened(_ column: BlockColumn, to type: ColumnType, count: Int) -> BlockColumn {
        switch (column.type, type) {
        case (.int, .float):
            Lanes.map(column, to: .float, count: count) { Double(Int64(bitPattern: $0)).bitPattern }
        case (.uint, .float), (.bool, .float):
            Lanes.map(column, to: .float, count: count) { Double($0).bitPattern }
        default:
            // Text beside numbers: not a number.
            .constant(type, nil)
        }
    }
}
