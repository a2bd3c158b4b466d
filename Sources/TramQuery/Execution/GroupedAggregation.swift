import TramColumnar

/// An aggregation over rows that end: feeds blocks to the states, then gives the finished table, filled where asked.
final class GroupedAggregation {
    private let aggregation: Aggregation
    let states: SlicedStates
    private let context: EvaluationContext
    private let limits: QueryLimits
    /// Asked whether to go on.
    private let work: ScanWork?

    init(
        _ aggregation: Aggregation, context: EvaluationContext, limits: QueryLimits, work: ScanWork? = nil,
        isSeriesColumn: (Int) -> Bool = { _ in false }
    ) throws(QueryError) {
        self.work = work
        self.aggregation = aggregation
        self.context = context
        self.limits = limits
        states = try SlicedStates(aggregation, context: context, limits: limits, isSeriesColumn: isSeriesColumn)
    }

    func add(_ block: RowBlock) throws(QueryError) {
        context.watch.stage = .aggregating
        try states.add(block)
        try states.measure(fed: block.count)
    }

    /// Groups in the order of their columns, windows in time order. Without groups and windows there is always one row.
    func finish() throws(QueryError) -> Table {
        context.watch.stage = .windows
        let stateBytes = states.byteCount
        try context.watch.hold(stateBytes, at: aggregation.at)
        let windows = try windowsByGroup()
        states.prepareToFinish()
        let ranks = states.groups.ranks(types: aggregation.groups.map(\.value.type), pool: context.pool)
        var order = ranks.indices.sorted { ranks[$0] < ranks[$1] }
        if order.isEmpty && aggregation.groups.isEmpty && aggregation.grid != nil {
            // Without `by` there is one group even when no row has come: `fill` gives its windows.
            order = [states.groups.number(of: [])]
        }
        var finished = Table(infos: GroupedAggregation.finishedInfos(aggregation))
        /// Which rows were made by `fill`.
        var isFilled: [Bool] = []
        let extent = extent(of: windows)
        let range = aggregation.range
        let partial = aggregation.partialColumn
        let (firstGroup, firstCall) = (aggregation.firstGroupColumn, aggregation.firstCallColumn)
        for group in order {
            try work?.check()
            let present = group < windows.count ? windows[group] : []
            // All rows of the group lie between windows.
            if present.isEmpty && !aggregation.groups.isEmpty { continue }
            let all = try filledWindows(present, extent: extent)
            if all.count > limits.windows { throw Binder.tooManyWindows(limits.windows, aggregation.at) }
            for window in all {
                if partial != nil { finished.columns[0].append(UInt64(bitPattern: window)) }
                for (place, value) in states.groups.keys[group].enumerated() {
                    finished.columns[firstGroup + place].append(value)
                }
                let isFound = try states.append(
                    group: Int32(group), window: window, to: &finished.columns, at: firstCall)
                isFilled.append(!isFound)
                if let partial {
                    let isCut = window < range.start || (range.end < .max && states.end(ofWindow: window) > range.end)
                    finished.columns[partial].append(isCut ? 1 : 0)
                }
                finished.rowCount += 1
                if finished.rowCount > limits.rows { throw RowLimit.exceeded(limits.rows, .aggregating) }
                try context.watch.spend(256)
                if finished.rowCount % 4096 == 0 {
                    try context.watch.hold(stateBytes + finished.byteCount * 2, at: aggregation.at)
                }
            }
        }
        if finished.rowCount == 0 && aggregation.groups.isEmpty && aggregation.grid == nil {
            finished.append(try emptyRow())
            isFilled.append(false)
        }
        var table = try GroupedAggregation.outputs(aggregation, finished, context: context)
        if isFilled.contains(true) {
            let lead = aggregation.firstCallColumn
            Filling(fill: aggregation.fill, groupColumns: aggregation.firstGroupColumn..<lead)
                .apply(to: &table, outputs: lead..<(lead + aggregation.outputs.count), isFilled: isFilled)
        }
        return table
    }

    static func finishedInfos(_ aggregation: Aggregation) -> [TableColumn] {
        var infos: [TableColumn] = []
        if aggregation.hasWindows { infos.append(TableColumn(name: "time", type: .time)) }
        infos += aggregation.groups.map { TableColumn(name: $0.name, type: $0.value.type) }
        infos += aggregation.calls.map { TableColumn(name: $0.function, type: $0.resultType) }
        if aggregation.hasWindows { infos.append(TableColumn(name: "partial", type: .bool)) }
        return infos
    }

    /// For each group the starts of its windows that hold rows, ascending.
    /// - Complexity: O(slots · log slots + windows), however many windows overlap.
    private func windowsByGroup() throws(QueryError) -> [[Int64]] {
        var windows = [[Int64]](repeating: [], count: states.groups.keys.count)
        let slots = states.slots
        for slot in 0..<slots.capacity where slots.groups[slot] >= 0 {
            windows[Int(slots.groups[slot])].append(slots.starts[slot])
        }
        for group in windows.indices {
            windows[group].sort()
            if let grid = aggregation.grid, states.sharesSlices {
                windows[group] = try windowsOver(slices: windows[group], grid)
            }
        }
        return windows
    }

    /// The starts of the windows that hold one of the slices at least, ascending as these are.
    private func windowsOver(slices: [Int64], _ grid: WindowGrid) throws(QueryError) -> [Int64] {
        var windows: [Int64] = []
        for slice in slices {
            // The first that is not there yet and holds the slice; windows that lie before it alone hold no row.
            var start = windows.last.map { grid.next(after: $0) }
            if start.map({ grid.end(ofWindowStarting: $0) <= slice }) ?? true {
                start = states.windows(ofSlice: slice).first
            }
            while let each = start, each <= slice {
                windows.append(each)
                try context.watch.spend(16)
                if windows.count > limits.windows { throw Binder.tooManyWindows(limits.windows, aggregation.at) }
                let next = grid.next(after: each)
                start = next > each ? next : nil
            }
        }
        return windows
    }

    /// First and last window of all groups.
    private func extent(of windows: [[Int64]]) -> ClosedRange<Int64>? {
        guard let first = windows.compactMap(\.first).min(), let last = windows.compactMap(\.last).max() else {
            return nil
        }
        return first...last
    }

    /// The windows of a group, with the empty ones inside the range where `fill` asks for them.
    private func filledWindows(
        _ present: [Int64], extent: ClosedRange<Int64>?
    ) throws(QueryError) -> [Int64] {
        guard let grid = aggregation.grid else { return present }
        if case .none = aggregation.fill { return present }
        let range = aggregation.range
        // An open end of the range ends with the data.
        let first: Int64
        if range.start != .min {
            first = min(extent?.lowerBound ?? .max, firstWindow(grid, range.start))
        } else if let extent {
            first = extent.lowerBound
        } else {
            return present
        }
        let last = range.end != .max ? .max : extent?.upperBound ?? .min
        var windows: [Int64] = []
        var start = first
        while start < range.end && start <= last {
            windows.append(start)
            if windows.count > limits.windows { throw Binder.tooManyWindows(limits.windows, aggregation.at) }
            let next = grid.next(after: start)
            if next <= start { break }
            start = next
        }
        return windows
    }

    private func firstWindow(_ grid: WindowGrid, _ instant: Int64) -> Int64 {
        // Where `over` leaves a gap at the range's start, the next window is the first.
        grid.isHopping
            ? grid.starts(containing: instant).first ?? grid.next(after: instant) : grid.start(containing: instant)
    }

    /// What aggregates say of no rows at all: counts are 0, the rest null.
    private func emptyRow() throws(QueryError) -> [UInt64?] {
        let empty = try SlicedStates(aggregation, context: context, limits: limits)
        return try empty.emptyValues()
    }

    /// The finished rows as the stage gives them: time, groups, the items' values, and `partial` out of sight.
    static func outputs(
        _ aggregation: Aggregation, _ finished: Table, context: EvaluationContext
    ) throws(QueryError) -> Table {
        let block = finished.block(time: aggregation.hasWindows ? 0 : nil, now: context.now)
        let evaluator = ExpressionEvaluator(context)
        var table = Table(infos: Binder.columns(of: aggregation))
        let lead = aggregation.firstCallColumn
        table.columns = Array(finished.columns[0..<lead])
        for output in aggregation.outputs {
            table.columns.append(try evaluator.evaluate(output.value, block).column(count: finished.rowCount))
        }
        if let partial = aggregation.partialColumn { table.columns.append(finished.columns[partial]) }
        table.rowCount = finished.rowCount
        return table
    }
}

extension SlicedStates {
    /// The values of every call over no rows.
    func emptyValues() throws(QueryError) -> [UInt64?] {
        let empty = try SlicedStates.makeStates(aggregation, evaluatorContext)
        var values: [UInt64?] = []
        for state in empty {
            state.grow(to: 1)
            values.append(try state.finish(slot: 0, frame: frame(ofWindow: 0)))
        }
        return values
    }
}
