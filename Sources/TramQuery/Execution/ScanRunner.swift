import TramColumnar

/// How much a query has read.
final class ScanWork {
    /// Rows inside the range, before row filters.
    var rows = 0
    var blocks = 0
    private let watch: QueryGuard

    init(watch: QueryGuard) {
        self.watch = watch
    }

    /// Notes one more block, and asks whether the query should go on.
    ///
    /// - Throws: the reason for which it should not.
    func count(_ block: RowBlock) throws(QueryError) {
        blocks += 1
        rows += block.count
        try check()
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
        for measurement in scan.measurements {
            guard let schema = source.schema(of: measurement) else { continue }
            let layout = Layout(scan, schema)
            let all = source.series(of: measurement, in: scan.range)
            for series in inOrderOfTags ? sorted(all, tagCount: schema.tagKeys.count) : all {
                let constants = constantColumns(series, schema, measurement)
                guard try isWanted(constants, series.id) else { continue }
                try source.scan(series: series.id, of: measurement, fields: layout.fields, range: scan.range) {
                    (stored) throws(QueryError) in
                    guard let block = block(stored, layout, constants, series.id) else { return }
                    try work.count(block)
                    try step(block, 0, visit)
                }
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
    private func constantColumns(_ series: SeriesEntry, _ schema: Schema, _ measurement: String) -> [BlockColumn] {
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

    private func isWanted(_ constants: [BlockColumn], _ series: UInt32) throws(QueryError) -> Bool {
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
        if first < scan.range.start || last >= scan.range.end {
            let start = times.firstIndex { $0 >= scan.range.start } ?? times.count
            let end = times.firstIndex { $0 >= scan.range.end } ?? times.count
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
