import TramColumnar

/// An aggregation over stored fields as they are, without an expression in a row's way.
///
/// A block that lies wholly in the range, in one window and inside the filter's bounds is not read at all where the
/// calls can do with what it knows of itself; of the others only those columns are read that a call or a bound needs,
/// as integers where the state adds or compares them.
struct DirectScan {
    private let range: TimeRange
    private let inputs: [DirectInput]
    /// Series columns that calls are over: call and column.
    private let constantInputs: [(call: Int, column: Int)]
    private let fields: [(number: Int, type: FieldType)]
    private let columnTypes: [ColumnType]
    /// Bounds and the places of their fields.
    private let bounds: [(field: Int, bounds: FieldBounds)]
    private let calls: [Int]
    private let needsTimes: Bool
    /// Whether some call reads every block, but not all do. A block that is damaged is then left out by all.
    private let isMixed: Bool
    private let request: ReadRequest
    /// Whether every call counts rows.
    private let countsRowsOnly: Bool
    /// Whether every call is `first`, or every call `last`: then a block that reaches over one end of the range may
    /// answer by its row at the other.
    private let asksForFirst: Bool
    private let asksForLast: Bool

    /// Nil when the aggregation is of another kind.
    ///
    /// - Parameter filters: the scan's steps that do not decide for a series as a whole.
    init?(_ scan: Scan, _ aggregation: Aggregation, _ states: SlicedStates, _ filters: [RowStep], _ schema: Schema) {
        var fields: [(number: Int, type: FieldType)] = []
        var types: [ColumnType] = []
        var places: [Int: Int] = [:]
        /// The place of a stored field; nil for a column that is none, or that the measurement has in another type.
        func place(_ column: Int) -> Int? {
            if let known = places[column] { return known }
            guard case .field(let name, let type)? = scan.columns[column], let number = schema.fieldIndex(name),
                schema.fields[number].type.columnType == type
            else { return nil }
            fields.append((number, schema.fields[number].type))
            types.append(type)
            places[column] = fields.count - 1
            return fields.count - 1
        }
        var bounds: [(field: Int, bounds: FieldBounds)] = []
        for step in filters {
            guard case .filter(let condition) = step, let conditions = FieldBounds.conditions(condition) else {
                return nil
            }
            for condition in conditions {
                guard let field = place(condition.column) else { return nil }
                bounds.append((field, condition))
            }
        }
        var inputs: [DirectInput] = []
        var constantInputs: [(call: Int, column: Int)] = []
        for (index, call) in aggregation.calls.enumerated() {
            guard call.filter == nil, call.second == nil else { return nil }
            switch call.argument {
            case nil: inputs.append(.rows)
            case .column(let column, let type)?:
                if Executor.isSeriesColumn(column, scan) {
                    constantInputs.append((index, column))
                    inputs.append(.constant(Column(type: type, bits: [0])))
                } else if let field = place(column) {
                    inputs.append(.field(field, type))
                } else {
                    return nil
                }
            default: return nil
            }
        }
        range = scan.readRange
        self.inputs = inputs
        self.constantInputs = constantInputs
        self.fields = fields
        columnTypes = types
        self.bounds = bounds
        calls = Array(aggregation.calls.indices)
        needsTimes = aggregation.grid != nil || aggregation.calls.indices.contains { states.needsTimes(call: $0) }
        let readers = aggregation.calls.indices.count { !states.takesSummaries(call: $0) }
        isMixed = readers > 0 && aggregation.calls.count > 1
        countsRowsOnly = aggregation.calls.allSatisfy { $0.argument == nil && $0.function == "count" }
        let isOne = aggregation.grid == nil && bounds.isEmpty && !aggregation.calls.isEmpty
        asksForFirst = isOne && aggregation.calls.allSatisfy { $0.function == "first" && $0.argument != nil }
        asksForLast = isOne && aggregation.calls.allSatisfy { $0.function == "last" && $0.argument != nil }
        request = ReadRequest(
            fields: fields.map { ReadRequest.Field(number: $0.number, asMantissas: true) }, needsTimes: needsTimes)
    }

    /// Feeds all rows of one series.
    ///
    /// - Parameter constants: the values of its tags, by column.
    func feed(
        _ series: UInt32, of measurement: String, constants: [BlockColumn], group: Int32, from source: any ColumnSource,
        to states: SlicedStates, work: ScanWork
    ) throws(QueryError) {
        var inputs = inputs
        for (call, column) in constantInputs { inputs[call] = .constant(constants[column].column(count: 1)) }
        var summaries: [ColumnSummary] = []
        try source.rows(of: series, of: measurement, range: range) { (rows) throws(QueryError) in
            try work.countBlock()
            let isInside = rows.first >= range.start && rows.last < range.end
            let isEndInside =
                asksForLast ? range.contains(rows.last) : asksForFirst ? range.contains(rows.first) : isInside
            let isKnown = (isEndInside || !bounds.isEmpty) && rows.summaries(of: fields, into: &summaries)
            var open: [(field: Int, bounds: FieldBounds)] = []
            if isKnown {
                for bound in bounds {
                    switch bound.bounds.answer(summaries[bound.field], rows: rows.count) {
                    case .none:
                        work.skipped += 1
                        return
                    case .some: open.append(bound)
                    case .all: break
                    }
                }
            } else {
                open = bounds
            }
            var rest = calls
            let slice = isInside ? states.onlySlice(first: rows.first, last: rows.last) : nil
            // Its checksum is looked at once; after that this costs next to nothing.
            if isMixed, open.isEmpty, rows.read(ReadRequest(fields: [], needsTimes: false)) == nil { return }
            // Without windows there is one slice for all.
            let endSlice = asksForFirst || asksForLast ? states.onlySlice(first: rows.last, last: rows.last) : nil
            if let slice = slice ?? (isEndInside ? endSlice : nil), open.isEmpty {
                rest = try states.add(
                    isKnown ? summaries : nil, rows: rows.count, first: rows.first, last: rows.last, series: series,
                    group: group, slice: slice, inputs: inputs, calls: calls)
                if rest.isEmpty {
                    work.rows += rows.count
                    return
                }
            }
            try read(rows, slice: slice, open, series, group, inputs, rest, states, work, isInside: isInside)
        }
    }

    private func read(
        _ rows: any UnreadRows, slice: Int64?, _ open: [(field: Int, bounds: FieldBounds)], _ series: UInt32,
        _ group: Int32, _ inputs: [DirectInput], _ calls: [Int], _ states: SlicedStates, _ work: ScanWork,
        isInside: Bool
    ) throws(QueryError) {
        var request = request
        request.needsTimes = !isInside || (slice == nil && needsTimes) || calls.contains { states.needsTimes(call: $0) }
        // Fields that neither a bound nor a call needs any more are not read.
        var isNeeded = [Bool](repeating: false, count: fields.count)
        for bound in open { isNeeded[bound.field] = true }
        for call in calls { if case .field(let field, _) = inputs[call] { isNeeded[field] = true } }
        if isNeeded.contains(false) {
            request.fields = isNeeded.indices.filter { isNeeded[$0] }.map { request.fields[$0] }
        }
        work.decoded += 1
        guard let (timestamps, read) = rows.read(request) else { return }
        var columns = read
        if isNeeded.contains(false) {
            var next = 0
            columns = isNeeded.map { needed in
                guard needed else { return .absent }
                defer { next += 1 }
                return read[next]
            }
        }
        var block = DirectBlock(timestamps: timestamps, columns: columns, count: rows.count)
        if !isInside {
            let start = timestamps.firstIndex { $0 >= range.start } ?? timestamps.count
            let end = timestamps.lastIndex { $0 < range.end }.map { $0 + 1 } ?? 0
            guard start < end else { return }
            if start > 0 || end < timestamps.count { block.keep(start..<end, types: columnTypes) }
        }
        work.rows += block.count
        if !open.isEmpty {
            if countsRowsOnly, let slice, open.count == 1,
                case .mantissas(let values, let scale) = columns[open[0].field]
            {
                let count = open[0].bounds.mantissas(scale: scale).map { IntegerRuns.count(values.span, in: $0) } ?? 0
                if count > 0 {
                    _ = try states.add(
                        nil, rows: count, first: 0, last: 0, series: series, group: group, slice: slice, inputs: inputs,
                        calls: calls)
                }
                return
            }
            let selected = selection(&block, open)
            guard !selected.isEmpty else { return }
            if selected.count < block.count { block.keep(selected, types: columnTypes) }
        }
        try states.add(&block, slice: slice, series: series, group: group, inputs: inputs, calls: calls)
    }

    /// The rows that pass all bounds.
    private func selection(_ block: inout DirectBlock, _ open: [(field: Int, bounds: FieldBounds)]) -> [Int] {
        var selected: [Int]?
        for (field, bounds) in open {
            var passing: [Int] = []
            switch block.columns[field] {
            case .absent: return []
            case .mantissas(let values, let scale):
                guard let range = bounds.mantissas(scale: scale) else { return [] }
                if let selected {
                    for row in selected where range.contains(values[row]) { passing.append(row) }
                } else {
                    for row in values.indices where range.contains(values[row]) { passing.append(row) }
                }
            case .vector(let vector):
                for row in selected ?? Array(0..<block.count)
                where vector.isPresent(row) && bounds.passes(vector.bits[row]) { passing.append(row) }
            }
            selected = passing
        }
        return selected ?? Array(0..<block.count)
    }
}
