import TramColumnar

/// An aggregation over windows that the rows cut themselves.
///
/// 1. Every block's rows are kept as columns of numbers: time, group, and what the calls and the window look at.
/// 2. At the end rows are sorted by group (a counting sort) and by time. Series come in time order, so that a group of
///    one series is sorted already; rows of equal time stay in the order in which they came.
/// 3. One pass over a group's rows cuts its windows, a second one feeds the states, a slot a window.
///
/// Memory is rows times columns, bounded by `QueryLimits`. O(n log n).
final class RowWindowAggregation {
    private struct Window {
        /// Rows of the window: positions in the group's order.
        var rows: [Int]
        /// Where it ends, nanoseconds; a stretch ends where the next one begins.
        var end: Int64
        var value: UInt64?
        var isPartial = false
    }

    /// Numbers that may be held for each state that may be held: a state has about as many bytes.
    private static let cellsPerState = 4
    /// What `duration()` is computed from: no rows are fed.
    static let durationCall = "duration"

    private let aggregation: Aggregation
    private let window: RowWindow
    private let context: EvaluationContext
    private let limits: QueryLimits
    private let work: ScanWork?
    private let evaluator: ExpressionEvaluator
    private let groups = GroupTable()
    /// The calls that have states, by their number in the aggregation.
    private let fedCalls: [Int]
    private var states: [any AggregateStates] = []
    private var times: [Int64] = []
    private var series: [UInt32] = []
    private var groupNumbers: [Int32] = []
    /// For each fed call what it is fed; nil for a call without argument and filter.
    private var arguments: [Column?] = []
    /// The second columns of calls that take two.
    private var seconds: [Column?] = []
    private var runValues: Column?

    init(
        _ aggregation: Aggregation, _ window: RowWindow, context: EvaluationContext, limits: QueryLimits,
        work: ScanWork? = nil
    ) throws(QueryError) {
        self.aggregation = aggregation
        self.window = window
        self.context = context
        self.limits = limits
        self.work = work
        evaluator = ExpressionEvaluator(context)
        fedCalls = aggregation.calls.indices.filter { !aggregation.calls[$0].isWindowLength }
        var fed = aggregation
        fed.calls = fedCalls.map { aggregation.calls[$0] }
        states = try SlicedStates.makeStates(fed, context)
        arguments = fed.calls.map { call in
            call.argument == nil && call.filter == nil ? nil : Column(type: call.argument?.type ?? .bool)
        }
        seconds = fed.calls.map { $0.second.map { Column(type: $0.type) } }
        if case .runs(let value, _) = window { runValues = Column(type: value.type) }
    }

    /// Keeps the rows of a block.
    ///
    /// - Throws: `query.memory_limit` when they are too many.
    func add(_ block: RowBlock) throws(QueryError) {
        guard block.count > 0 else { return }
        times += block.timestamps
        series += block.seriesArray()
        for index in arguments.indices where arguments[index] != nil {
            arguments[index]?.append(contentsOf: try argument(of: aggregation.calls[fedCalls[index]], block))
        }
        for index in seconds.indices {
            guard let second = aggregation.calls[fedCalls[index]].second else { continue }
            seconds[index]?.append(contentsOf: try evaluator.evaluate(second, block).column(count: block.count))
        }
        if case .runs(let value, _) = window {
            runValues?.append(contentsOf: try evaluator.evaluate(value, block).column(count: block.count))
        }
        var keys: [BlockColumn] = []
        for group in aggregation.groups.prefix(aggregation.keyCount) {
            keys.append(try evaluator.evaluate(group.value, block))
        }
        if keys.allSatisfy(\.isConstant) {
            let number = Int32(truncatingIfNeeded: groups.number(of: keys.map { $0.value(0) }))
            groupNumbers += [Int32](repeating: number, count: block.count)
        } else {
            var key = [UInt64?](repeating: nil, count: keys.count)
            for row in 0..<block.count {
                for (index, column) in keys.enumerated() { key[index] = column.value(row) }
                groupNumbers.append(Int32(truncatingIfNeeded: groups.number(of: key)))
            }
        }
        try checkMemory()
    }

    private func checkMemory() throws(QueryError) {
        let columns = 2 + (arguments + seconds).count { $0 != nil } + (runValues == nil ? 0 : 1)
        let most = limits.states / columns * RowWindowAggregation.cellsPerState
        guard times.count > most else { return }
        throw QueryError(
            .memoryLimit, at: aggregation.at,
            en: "windows cut by rows hold all rows at once, and these are more than \(most)",
            vi: "cửa sổ chia theo dòng phải giữ mọi dòng cùng lúc, ở đây có hơn \(most) dòng",
            hint: Bilingual(
                vi: "rút ngắn khoảng thời gian, lọc bớt bằng where hoặc bớt hàm tổng hợp",
                en: "ask for a shorter range, filter with where, or take fewer aggregates"))
    }

    /// What a call is fed: its argument, with the rows that its own filter refuses marked absent.
    private func argument(of call: AggregateCall, _ block: RowBlock) throws(QueryError) -> Column {
        var column = Column(type: .bool, bits: [UInt64](repeating: 1, count: block.count))
        if let argument = call.argument {
            column = try evaluator.evaluate(argument, block).column(count: block.count)
        }
        guard let filter = call.filter, let selected = try evaluator.selection(filter, block) else { return column }
        var presence = Bitmap(repeating: false, count: block.count)
        for row in selected where column.isPresent(row) { presence[row] = true }
        column.presence = presence
        return column
    }

    // MARK: - Finishing

    /// Groups in the order of their columns, windows in time order.
    func finish() throws(QueryError) -> Table {
        var finished = Table(infos: GroupedAggregation.finishedInfos(aggregation))
        let keyTypes = aggregation.groups.prefix(aggregation.keyCount).map(\.value.type)
        let ranks = groups.ranks(types: keyTypes, pool: context.pool)
        let (order, firsts) = rowsByGroup()
        for group in ranks.indices.sorted(by: { ranks[$0] < ranks[$1] }) {
            try work?.check()
            let rows = inTimeOrder(order[firsts[group]..<firsts[group + 1]])
            let windows = cut(rows)
            if windows.count > limits.windows { throw Binder.tooManyWindows(limits.windows, aggregation.at) }
            try append(windows, ofGroup: Int32(truncatingIfNeeded: group), key: groups.keys[group], to: &finished)
        }
        return try GroupedAggregation.outputs(aggregation, finished, context: context)
    }

    /// Row numbers by group, each group's as they came; `firsts` has one entry more than there are groups.
    private func rowsByGroup() -> (order: [Int], firsts: [Int]) {
        var firsts = [Int](repeating: 0, count: groups.keys.count + 1)
        for group in groupNumbers { firsts[Int(group) + 1] += 1 }
        for group in groups.keys.indices { firsts[group + 1] += firsts[group] }
        var next = firsts
        var order = [Int](repeating: 0, count: times.count)
        for (row, group) in groupNumbers.enumerated() {
            order[next[Int(group)]] = row
            next[Int(group)] += 1
        }
        return (order, firsts)
    }

    private func inTimeOrder(_ rows: ArraySlice<Int>) -> [Int] {
        var isSorted = true
        var previous = Int64.min
        for row in rows where isSorted {
            isSorted = times[row] >= previous
            previous = times[row]
        }
        if isSorted { return Array(rows) }
        return rows.sorted { times[$0] != times[$1] ? times[$0] < times[$1] : $0 < $1 }
    }

    private func cut(_ rows: [Int]) -> [Window] {
        switch window {
        case .session(let gap): sessions(rows, gap)
        case .rows(let count): counted(rows, count)
        case .runs(let value, _): runs(rows, isCondition: value.type == .bool)
        }
    }

    private func sessions(_ rows: [Int], _ gap: Int64) -> [Window] {
        var windows: [Window] = []
        for row in rows {
            let time = times[row]
            if let last = windows.last, RowWindowAggregation.distance(last.end, time) <= gap {
                windows[windows.count - 1].rows.append(row)
                windows[windows.count - 1].end = time
            } else {
                windows.append(Window(rows: [row], end: time))
            }
        }
        // A row just outside the range would have joined.
        let range = aggregation.range
        if range.start != .min, let first = rows.first,
            RowWindowAggregation.distance(range.start, times[first]) < gap
        {
            windows[0].isPartial = true
        }
        if range.end != .max, let last = windows.indices.last,
            RowWindowAggregation.distance(windows[last].end, range.end) <= gap
        {
            windows[last].isPartial = true
        }
        return windows
    }

    private func counted(_ rows: [Int], _ count: Int) -> [Window] {
        stride(from: 0, to: rows.count, by: max(1, count)).map { first in
            let part = Array(rows[first..<first + min(count, rows.count - first)])
            return Window(rows: part, end: part.last.map { times[$0] } ?? 0, isPartial: part.count < count)
        }
    }

    private func runs(_ rows: [Int], isCondition: Bool) -> [Window] {
        var windows: [Window] = []
        var current: UInt64?
        for row in rows {
            guard let written = runValues?.value(row) else { continue }
            let value = runValues?.type == .float && Double(bitPattern: written) == 0 ? 0 : written
            if current == value {
                if !isCondition || value == 1 {
                    windows[windows.count - 1].rows.append(row)
                    windows[windows.count - 1].end = times[row]
                }
                continue
            }
            let isFirst = current == nil
            // A condition has been true until now exactly when this row says false.
            if !isFirst && (!isCondition || value == 0) { windows[windows.count - 1].end = times[row] }
            if !isCondition || value == 1 {
                let isPartial = isFirst && aggregation.range.start != .min
                windows.append(Window(rows: [row], end: times[row], value: value, isPartial: isPartial))
            }
            current = value
        }
        if !windows.isEmpty, aggregation.range.end != .max, !isCondition || current == 1 {
            windows[windows.count - 1].isPartial = true
        }
        return windows
    }

    /// `later - earlier`, at most Int64.max.
    private static func distance(_ earlier: Int64, _ later: Int64) -> Int64 {
        let (distance, overflow) = later.subtractingReportingOverflow(earlier)
        return overflow ? .max : distance
    }

    private func append(
        _ windows: [Window], ofGroup group: Int32, key: [UInt64?], to finished: inout Table
    ) throws(QueryError) {
        if finished.rowCount + windows.count > limits.rows { throw RowLimit.exceeded(limits.rows, .windows) }
        let fed = windows.flatMap(\.rows)
        var slots: [Int32] = []
        slots.reserveCapacity(fed.count)
        for (slot, window) in windows.enumerated() {
            slots += [Int32](repeating: Int32(truncatingIfNeeded: slot), count: window.rows.count)
        }
        let fedTimes = fed.map { times[$0] }
        let fedSeries = fed.map { series[$0] }
        for (index, state) in states.enumerated() {
            state.grow(to: windows.count)
            for slot in windows.indices {
                state.reset(slot: slot)
                state.assign(slot: slot, group: group)
            }
            func gathered(_ column: Column) -> Column {
                let gathered = BlockColumn(column).gathered(fed)
                return Column(type: column.type, bits: gathered.bits, presence: gathered.presence)
            }
            if let paired = state as? any PairedStates { paired.second = seconds[index].map(gathered) }
            try state.scatter(
                slots: slots, column: arguments[index].map(gathered), timestamps: fedTimes, series: fedSeries)
        }
        for (slot, window) in windows.enumerated() {
            guard let first = window.rows.first else { continue }
            var row: [UInt64?] = [UInt64(bitPattern: times[first])]
            row += key
            if aggregation.keyCount < aggregation.groups.count { row.append(window.value) }
            row += try values(slot, TimeRange(start: times[first], end: max(times[first], window.end)))
            row.append(window.isPartial ? 1 : 0)
            finished.append(row)
        }
    }

    private func values(_ slot: Int, _ frame: TimeRange) throws(QueryError) -> [UInt64?] {
        var values: [UInt64?] = []
        var next = 0
        for call in aggregation.calls {
            if call.isWindowLength {
                values.append(UInt64(bitPattern: RowWindowAggregation.distance(frame.start, frame.end)))
                continue
            }
            do {
                values.append(try states[next].finish(slot: slot, frame: frame))
            } catch {
                var placed = error
                placed.at = placed.at ?? call.at
                throw placed
            }
            next += 1
        }
        return values
    }
}

extension AggregateCall {
    /// `duration()`: how long the window lasts, which no state has to gather.
    var isWindowLength: Bool { function == RowWindowAggregation.durationCall && argument == nil }
}

extension Column {
    /// Appends the values of another column of the same type.
    mutating func append(contentsOf other: Column) {
        if presence != nil || other.presence != nil {
            var whole = presence ?? Bitmap(repeating: true, count: bits.count)
            if let added = other.presence {
                whole.append(added)
            } else {
                whole.append(repeating: true, count: other.count)
            }
            presence = whole
        }
        bits += other.bits
    }
}
