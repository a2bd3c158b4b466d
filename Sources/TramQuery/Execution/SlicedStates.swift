import TramColumnar

/// The aggregate states of one aggregation: for each group and slice of time one state of each call.
///
/// Tumbling windows have one slice each. Hopping windows of plain width share slices as wide as the greatest common
/// divisor of their hop and width, so that a row updates one slice however many windows hold it (Li et al., "No pane,
/// no gain", SIGMOD Record 2005, doi:10.1145/1058150.1058158). Hopping windows of calendar length have a slice each and
/// share none.
package final class SlicedStates {
    private enum Slicing {
        case none
        case fixed(width: Int64, phase: Int64)
        case tumbling(WindowGrid)
        case overlapping(WindowGrid)
    }

    private(set) var aggregation: Aggregation
    let evaluator: ExpressionEvaluator
    private let maximumSlots: Int
    private let slicing: Slicing
    /// Whether a window is put together from several slices.
    let sharesSlices: Bool
    let groups = GroupTable()
    private var rowsSinceMeasured = 0
    /// While windows of several slices are finished: the slices of each group, by their starts.
    private var finishing: [(starts: [Int64], slots: [Int32])] = []
    private(set) var slots = SlotTable()
    var states: [any AggregateStates] = []
    /// Slots in use by the start of their slice.
    package private(set) var slotsByStart: [Int64: [Int32]] = [:]
    /// Starts of slices that got their first slot since `takeNewSlices` was called.
    private var newSlices: [Int64] = []
    /// Group numbers by series, -1 where not known yet; used when groups are columns of the series alone.
    private var groupsBySeries: [Int32] = []
    private(set) var groupsAreOfSeries: Bool
    private var groupRanks: [Int] = []
    /// Scratch for windows of several slices: one slot.
    private var scratch: [any AggregateStates] = []

    init(
        _ aggregation: Aggregation, context: EvaluationContext, limits: QueryLimits,
        isSeriesColumn: (Int) -> Bool = { _ in false }
    ) throws(QueryError) {
        self.aggregation = aggregation
        evaluator = ExpressionEvaluator(context)
        maximumSlots = limits.states / max(1, aggregation.calls.count)
        groupsAreOfSeries = aggregation.groups.allSatisfy {
            !$0.value.readsTime && $0.value.columns.allSatisfy(isSeriesColumn)
        }
        if let grid = aggregation.grid {
            if grid.isFixed, let span = grid.fixedSpan {
                slicing = .fixed(
                    width: SlicedStates.greatestCommonDivisor(grid.fixedWidth, span), phase: grid.fixedPhase)
            } else {
                slicing = grid.isHopping ? .overlapping(grid) : .tumbling(grid)
            }
        } else {
            slicing = .none
        }
        if case .fixed = slicing { sharesSlices = aggregation.grid?.isHopping ?? false } else { sharesSlices = false }
        states = try SlicedStates.makeStates(aggregation, context)
        scratch = try SlicedStates.makeStates(aggregation, context)
        for state in scratch { state.grow(to: 1) }
    }

    static func makeStates(
        _ aggregation: Aggregation, _ context: EvaluationContext
    ) throws(QueryError) -> [any AggregateStates] {
        var states: [any AggregateStates] = []
        for call in aggregation.calls {
            do {
                states.append(
                    try AggregateFunction.make(
                        name: call.function, inputType: call.inputType, parameters: call.parameters,
                        texts: StateTexts(all: { context.pool.allTexts() }, intern: { context.pool.code($0) }),
                        clock: context.clock))
            } catch {
                // The binder has asked for the result's type, so the call is known to be right.
                throw QueryError(
                    .wrongArguments, at: call.at, en: "\(call.function) cannot be computed",
                    vi: "không tính được \(call.function)")
            }
        }
        return states
    }

    private static func greatestCommonDivisor(_ first: Int64, _ second: Int64) -> Int64 {
        var (a, b) = (first, second)
        while b != 0 { (a, b) = (b, a % b) }
        return max(1, a)
    }

    var evaluatorContext: EvaluationContext { evaluator.context }

    /// Roughly the bytes of all states, groups and slots. O(slots) where states are of different sizes.
    var byteCount: Int { states.reduce(groups.byteCount + slots.capacity * 48) { $0 + $1.byteCount } }

    /// Notes rows that were fed, and now and then tells how much is held.
    ///
    /// - Throws: `query.memory_limit`.
    func measure(fed rows: Int) throws(QueryError) {
        rowsSinceMeasured += rows
        // Measuring may look at every slot: not more often than that costs little beside feeding the rows.
        guard rowsSinceMeasured >= max(16_384, min(slots.count * 16, 1_048_576)) else { return }
        rowsSinceMeasured = 0
        try evaluator.context.watch.hold(byteCount, at: aggregation.at)
    }

    /// Takes a newly bound form of the same aggregation. Calls whose argument has another type now start empty: the old
    /// type was a guess, made before any value had come.
    func rebind(_ rebound: Aggregation, isSeriesColumn: (Int) -> Bool) throws(QueryError) {
        let fresh = try SlicedStates.makeStates(rebound, evaluator.context)
        let freshScratch = try SlicedStates.makeStates(rebound, evaluator.context)
        for index in rebound.calls.indices
        where index >= aggregation.calls.count || rebound.calls[index].inputType != aggregation.calls[index].inputType {
            fresh[index].grow(to: states[index].slotCount)
            freshScratch[index].grow(to: 1)
            for slot in 0..<slots.capacity where slots.groups[slot] >= 0 {
                fresh[index].assign(slot: slot, group: slots.groups[slot])
            }
            states[index] = fresh[index]
            scratch[index] = freshScratch[index]
        }
        aggregation = rebound
        groupsAreOfSeries = rebound.groups.allSatisfy {
            !$0.value.readsTime && $0.value.columns.allSatisfy(isSeriesColumn)
        }
        groupsBySeries = []
    }

    // MARK: - Feeding rows

    /// Feeds every row of `block`. `seriesBlock` gives a block of one row with the columns of a series; it is asked
    /// once a series, when groups are columns of the series alone.
    func add(_ block: RowBlock, seriesBlock: ((UInt32) -> RowBlock)? = nil) throws(QueryError) {
        guard block.count > 0 else { return }
        var columns: [Column?] = []
        for (index, call) in aggregation.calls.enumerated() {
            columns.append(try column(of: call, block))
            if let second = call.second, let paired = states[index] as? any PairedStates {
                paired.second = try evaluator.evaluate(second, block).column(count: block.count)
            }
        }
        if let group = try singleGroup(block, seriesBlock) {
            if block.isTimeOrdered {
                try addRuns(block, columns, group: group)
                return
            }
            try scatter(block, columns, groups: [Int32](repeating: group, count: block.count))
            return
        }
        try scatter(block, columns, groups: try rowGroups(block, seriesBlock))
    }

    /// The values that a call is fed: its argument, with the rows that its own filter refuses marked absent.
    private func column(of call: AggregateCall, _ block: RowBlock) throws(QueryError) -> Column? {
        var column: Column?
        if let argument = call.argument {
            column = try evaluator.evaluate(argument, block).column(count: block.count)
        }
        guard let filter = call.filter, let selected = try evaluator.selection(filter, block) else { return column }
        var presence = Bitmap(repeating: false, count: block.count)
        for row in selected where column?.isPresent(row) ?? true { presence[row] = true }
        var masked = column ?? Column(type: .bool, bits: [UInt64](repeating: 1, count: block.count))
        masked.presence = presence
        return masked
    }

    /// The group of all rows when they share one, else nil.
    private func singleGroup(
        _ block: RowBlock, _ seriesBlock: ((UInt32) -> RowBlock)?
    ) throws(QueryError) -> Int32? {
        if aggregation.groups.isEmpty { return Int32(groups.number(of: [])) }
        if groupsAreOfSeries, case .one(let series) = block.series {
            return try group(ofSeries: series) { seriesBlock?(series) ?? block }
        }
        if groupsAreOfSeries && seriesBlock != nil { return nil }
        var key: [UInt64?] = []
        for group in aggregation.groups {
            let value = try evaluator.evaluate(group.value, block)
            guard value.isConstant else { return nil }
            key.append(value.value(0))
        }
        return Int32(truncatingIfNeeded: groups.number(of: key))
    }

    func group(ofSeries series: UInt32, _ block: () -> RowBlock) throws(QueryError) -> Int32 {
        let index = Int(series)
        if index < groupsBySeries.count, groupsBySeries[index] >= 0 { return groupsBySeries[index] }
        if index >= groupsBySeries.count {
            groupsBySeries += [Int32](repeating: -1, count: index + 1 - groupsBySeries.count)
        }
        let row = block()
        var key: [UInt64?] = []
        for group in aggregation.groups { key.append(try evaluator.evaluate(group.value, row).value(0)) }
        let number = Int32(truncatingIfNeeded: groups.number(of: key))
        groupsBySeries[index] = number
        return number
    }

    /// The group number of each row.
    func groupNumbers(_ block: RowBlock, seriesBlock: ((UInt32) -> RowBlock)?) throws(QueryError) -> [Int32] {
        if let group = try singleGroup(block, seriesBlock) { return [Int32](repeating: group, count: block.count) }
        return try rowGroups(block, seriesBlock)
    }

    private func rowGroups(
        _ block: RowBlock, _ seriesBlock: ((UInt32) -> RowBlock)?
    ) throws(QueryError) -> [Int32] {
        var numbers: [Int32] = []
        numbers.reserveCapacity(block.count)
        if groupsAreOfSeries, let seriesBlock, case .each(let ids) = block.series {
            for id in ids {
                let known = Int(id) < groupsBySeries.count ? groupsBySeries[Int(id)] : -1
                numbers.append(known >= 0 ? known : try group(ofSeries: id) { seriesBlock(id) })
            }
            return numbers
        }
        var values: [BlockColumn] = []
        for group in aggregation.groups { values.append(try evaluator.evaluate(group.value, block)) }
        var key = [UInt64?](repeating: nil, count: values.count)
        for row in 0..<block.count {
            for (index, value) in values.enumerated() { key[index] = value.value(row) }
            numbers.append(Int32(truncatingIfNeeded: groups.number(of: key)))
        }
        return numbers
    }

    /// Rows of one group in time order: each stretch of a slice is one call per aggregate.
    private func addRuns(_ block: RowBlock, _ columns: [Column?], group: Int32) throws(QueryError) {
        var series: UInt32 = 0
        if case .one(let id) = block.series { series = id }
        var row = 0
        while row < block.count {
            let (starts, end) = slices(at: block.timestamps[row])
            var next = row + 1
            while next < block.count && block.timestamps[next] < end { next += 1 }
            for start in starts {
                try evaluator.context.watch.spend(16 * states.count)
                let slot = try slot(group, start)
                for (index, state) in states.enumerated() {
                    try state.update(
                        slot: slot, column: columns[index], timestamps: block.timestamps, rows: row..<next,
                        series: series)
                }
            }
            row = next
        }
    }

    private func scatter(_ block: RowBlock, _ columns: [Column?], groups: [Int32]) throws(QueryError) {
        let series = block.seriesArray()
        if case .overlapping = slicing {
            var row = 0
            while row < block.count {
                for start in slices(at: block.timestamps[row]).starts {
                    try evaluator.context.watch.spend(16 * states.count)
                    let slot = try slot(groups[row], start)
                    for (index, state) in states.enumerated() {
                        try state.update(
                            slot: slot, column: columns[index], timestamps: block.timestamps, rows: row..<(row + 1),
                            series: series[row])
                    }
                }
                row += 1
            }
            return
        }
        var rowSlots: [Int32] = []
        rowSlots.reserveCapacity(block.count)
        var lastGroup: Int32 = -1
        var lastSlot: Int32 = -1
        var lastStart: Int64 = 0
        var lastEnd: Int64 = .min
        for row in 0..<block.count {
            let instant = block.timestamps[row]
            let isSameSlice = instant >= lastStart && instant < lastEnd
            if !isSameSlice || groups[row] != lastGroup {
                if !isSameSlice {
                    let (starts, end) = slices(at: instant)
                    lastStart = starts.first ?? 0
                    lastEnd = end
                }
                lastGroup = groups[row]
                lastSlot = Int32(truncatingIfNeeded: try slot(lastGroup, lastStart))
            }
            rowSlots.append(lastSlot)
        }
        try scatter(rowSlots, block, columns, series)
    }

    private func scatter(
        _ rowSlots: [Int32], _ block: RowBlock, _ columns: [Column?], _ series: [UInt32]
    ) throws(QueryError) {
        for (index, state) in states.enumerated() {
            try state.scatter(
                slots: rowSlots, column: columns[index], timestamps: block.timestamps, series: series)
        }
    }

    /// The starts of the slices that hold `instant`, and an end up to which later instants lie in the same ones.
    func slices(at instant: Int64) -> (starts: [Int64], end: Int64) {
        switch slicing {
        case .none: return ([.min], .max)
        case .fixed(let width, let phase):
            let start = SlicedStates.fixedStart(instant, width, phase)
            return ([start], start.addingReportingOverflow(width).overflow ? .max : start + width)
        case .tumbling(let grid):
            let start = grid.start(containing: instant)
            return ([start], grid.next(after: start))
        case .overlapping(let grid):
            return (grid.starts(containing: instant), instant.addingReportingOverflow(1).partialValue)
        }
    }

    /// The only slice that holds an instant; nil where several may.
    @inline(__always)
    func onlySlice(at instant: Int64) -> (start: Int64, end: Int64)? {
        switch slicing {
        case .none: return (.min, .max)
        case .fixed(let width, let phase):
            let start = SlicedStates.fixedStart(instant, width, phase)
            let (end, overflow) = start.addingReportingOverflow(width)
            return (start, overflow ? .max : end)
        case .tumbling(let grid):
            let start = grid.start(containing: instant)
            return (start, grid.next(after: start))
        case .overlapping: return nil
        }
    }

    private static func fixedStart(_ instant: Int64, _ width: Int64, _ phase: Int64) -> Int64 {
        let (shifted, overflow) = instant.subtractingReportingOverflow(phase)
        guard !overflow else { return instant }
        let remainder = shifted % width
        let offset = remainder < 0 ? remainder + width : remainder
        let (start, underflow) = instant.subtractingReportingOverflow(offset)
        return underflow ? .min : start
    }

    func slot(_ group: Int32, _ start: Int64) throws(QueryError) -> Int {
        let before = slots.count
        let slot = slots.slot(group, start)
        if slots.count > before {
            if slotsByStart[start] == nil { newSlices.append(start) }
            slotsByStart[start, default: []].append(Int32(truncatingIfNeeded: slot))
        }
        if slot >= (states.first?.slotCount ?? .max) {
            if slots.capacity > maximumSlots {
                throw QueryError(
                    .memoryLimit, at: aggregation.at,
                    en: "more than \(maximumSlots) groups and windows at once",
                    vi: "có hơn \(maximumSlots) nhóm và cửa sổ cùng lúc",
                    hint: Bilingual(
                        vi: "bớt cột trong by, rút ngắn khoảng thời gian hoặc dùng cửa sổ rộng hơn",
                        en: "group by fewer columns, ask for a shorter range or wider windows"))
            }
            for state in states { state.grow(to: max(64, slots.capacity * 2)) }
            try evaluator.context.watch.hold(byteCount, at: aggregation.at)
        }
        if slots.count > before {
            for state in states { state.assign(slot: slot, group: group) }
        }
        return slot
    }

    /// Adds what other states of the same aggregation hold.
    ///
    /// - Parameters:
    ///   - range: slices that begin in it; nil for all.
    ///   - code: the code here of a text of a group over there.
    func absorb(
        _ other: SlicedStates, slices range: TimeRange? = nil, code: (UInt64) -> UInt64
    ) throws(QueryError) {
        let isText = aggregation.groups.map { $0.value.type.isText }
        let numbers = other.groups.keys.map { key in
            let own = zip(key, isText).map { value, isText in isText ? value.map(code) : value }
            return Int32(truncatingIfNeeded: groups.number(of: own))
        }
        for otherSlot in 0..<other.slots.capacity where other.slots.groups[otherSlot] >= 0 {
            if let range, !range.contains(other.slots.starts[otherSlot]) { continue }
            let slot = try slot(numbers[Int(other.slots.groups[otherSlot])], other.slots.starts[otherSlot])
            for (index, state) in states.enumerated() {
                try state.merge(slot: slot, from: other.states[index], slot: otherSlot)
            }
        }
    }

    /// The slice that holds an instant; nil when several do, or none, or it reaches over the ends of time.
    func wholeSlice(containing instant: Int64) -> TimeRange? {
        let (starts, end) = slices(at: instant)
        guard starts.count == 1, let start = starts.first, start > .min, end < .max else { return nil }
        if case .overlapping = slicing { return nil }
        return TimeRange(start: start, end: end)
    }

    /// Drops the slices that begin in `range`.
    func discardSlices(in range: TimeRange) {
        for start in slotsByStart.keys.filter(range.contains) { discardSlice(start) }
    }

    // MARK: - Finished values

    /// Starts of the windows that hold the slice `start`, ascending.
    func windows(ofSlice start: Int64) -> [Int64] {
        guard let grid = aggregation.grid else { return [start] }
        if case .fixed = slicing, grid.isHopping { return grid.starts(containing: start) }
        return [start]
    }

    /// Appends the values of every call for a group's window to columns from `first` on, nulls when no row of the group
    /// lies in it.
    ///
    /// - Returns: whether one does.
    func append(
        group: Int32, window: Int64, to columns: inout [Column], at first: Int
    ) throws(QueryError) -> Bool {
        if sharesSlices { return try appendMerged(group: group, window: window, to: &columns, at: first) }
        guard let slot = slots.existing(group, window) else {
            for place in states.indices { columns[first + place].append(nil) }
            return false
        }
        let frame = frame(ofWindow: window)
        for (place, state) in states.enumerated() {
            do {
                columns[first + place].append(try state.finish(slot: slot, frame: frame))
            } catch {
                var placed = error
                placed.at = placed.at ?? aggregation.calls[place].at
                throw placed
            }
        }
        return true
    }

    /// Makes ready for `append`; no rows may come before it is done.
    func prepareToFinish() {
        guard sharesSlices else { return }
        var found = [[(start: Int64, slot: Int32)]](repeating: [], count: groups.keys.count)
        for slot in 0..<slots.capacity where slots.groups[slot] >= 0 {
            found[Int(slots.groups[slot])].append((slots.starts[slot], Int32(truncatingIfNeeded: slot)))
        }
        finishing = found.map { slices in
            let sorted = slices.sorted { $0.start < $1.start }
            return (sorted.map(\.start), sorted.map(\.slot))
        }
    }

    private func appendMerged(
        group: Int32, window: Int64, to columns: inout [Column], at first: Int
    ) throws(QueryError) -> Bool {
        guard Int(group) < finishing.count else {
            for place in states.indices { columns[first + place].append(nil) }
            return false
        }
        let (starts, slots) = finishing[Int(group)]
        let end = aggregation.grid?.end(ofWindowStarting: window) ?? .max
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] < window { low = middle + 1 } else { high = middle }
        }
        var last = low
        while last < starts.count, starts[last] < end { last += 1 }
        guard low < last else {
            for place in states.indices { columns[first + place].append(nil) }
            return false
        }
        try evaluator.context.watch.spend(16 * states.count * (last - low))
        let frame = frame(ofWindow: window)
        for (place, state) in scratch.enumerated() {
            state.reset(slot: 0)
            try state.merge(slot: 0, from: states[place], slots: slots[low..<last])
            do {
                columns[first + place].append(try state.finish(slot: 0, frame: frame))
            } catch {
                var placed = error
                placed.at = placed.at ?? aggregation.calls[place].at
                throw placed
            }
        }
        return true
    }

    /// The values of every call for a group's window, nil when no row of the group lies in it.
    func values(group: Int32, window: Int64) throws(QueryError) -> [UInt64?]? {
        if case .fixed(let width, _) = slicing, let grid = aggregation.grid, grid.isHopping {
            return try mergedValues(group: group, from: window, to: grid.end(ofWindowStarting: window), width: width)
        }
        guard let slot = slots.existing(group, window) else { return nil }
        return try finished(states, slot: slot, window: window)
    }

    /// Where a window ends.
    func end(ofWindow window: Int64) -> Int64 {
        if case .fixed(let width, _) = slicing, !sharesSlices {
            let (end, overflow) = window.addingReportingOverflow(width)
            return overflow ? .max : end
        }
        return aggregation.grid?.end(ofWindowStarting: window) ?? .max
    }

    /// The time that a window's rows are of: the window, cut by the range; without windows the range.
    func frame(ofWindow window: Int64) -> TimeRange {
        if case .fixed(let width, _) = slicing, !sharesSlices {
            let (end, overflow) = window.addingReportingOverflow(width)
            return TimeRange(start: window, end: overflow ? .max : end).intersection(aggregation.range)
        }
        guard let grid = aggregation.grid else { return aggregation.range }
        return TimeRange(start: window, end: grid.end(ofWindowStarting: window)).intersection(aggregation.range)
    }

    private func mergedValues(
        group: Int32, from start: Int64, to end: Int64, width: Int64
    ) throws(QueryError) -> [UInt64?]? {
        var found = false
        var slice = start
        for state in scratch { state.reset(slot: 0) }
        while slice < end {
            try evaluator.context.watch.spend(16 * states.count)
            if let slot = slots.existing(group, slice) {
                found = true
                for (index, state) in scratch.enumerated() {
                    try state.merge(slot: 0, from: states[index], slot: slot)
                }
            }
            let (next, overflow) = slice.addingReportingOverflow(width)
            if overflow { break }
            slice = next
        }
        guard found else { return nil }
        return try finished(scratch, slot: 0, window: start)
    }

    /// The values of a slot; an overflow is placed at its call.
    private func finished(
        _ states: [any AggregateStates], slot: Int, window: Int64
    ) throws(QueryError) -> [UInt64?] {
        var values: [UInt64?] = []
        let frame = frame(ofWindow: window)
        for (index, state) in states.enumerated() {
            do {
                values.append(try state.finish(slot: slot, frame: frame))
            } catch {
                var placed = error
                placed.at = placed.at ?? aggregation.calls[index].at
                throw placed
            }
        }
        return values
    }

    /// Starts of slices that got their first row since the last call.
    package func takeNewSlices() -> [Int64] {
        defer { newSlices = [] }
        return newSlices
    }

    /// Starts of the windows that hold a slice, ascending.
    package func windowStarts(ofSlice start: Int64) -> [Int64] { windows(ofSlice: start) }

    /// The groups that have rows in a window, in the order of their columns.
    package func groups(inWindow window: Int64) -> [Int32] {
        var found: Set<Int32> = []
        for start in sliceStarts(inWindow: window) {
            for slot in slotsByStart[start] ?? [] { found.insert(slots.groups[Int(slot)]) }
        }
        refreshRanks()
        return found.sorted { groupRanks[Int($0)] < groupRanks[Int($1)] }
    }

    private func sliceStarts(inWindow window: Int64) -> [Int64] {
        guard case .fixed(let width, _) = slicing, let grid = aggregation.grid, grid.isHopping else { return [window] }
        return Array(stride(from: window, to: grid.end(ofWindowStarting: window), by: Int(width)))
    }

    private func refreshRanks() {
        if groupRanks.count == groups.keys.count { return }
        groupRanks = groups.ranks(types: aggregation.groups.map(\.value.type), pool: evaluator.context.pool)
    }

    /// The end of the last window that a slice belongs to.
    package func lastWindowEnd(ofSlice start: Int64) -> Int64 {
        guard let grid = aggregation.grid, let last = windows(ofSlice: start).last else { return .max }
        return grid.end(ofWindowStarting: last)
    }

    /// Drops a slice with all its states.
    package func discardSlice(_ start: Int64) {
        for slot in slotsByStart.removeValue(forKey: start) ?? [] {
            for state in states { state.reset(slot: Int(slot)) }
            slots.release(Int(slot))
        }
    }
}
