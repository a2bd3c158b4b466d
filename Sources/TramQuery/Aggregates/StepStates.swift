import TramColumnar

/// Aggregates over the steps from each row of a series to its next: counters, time-weighted values, pauses.
///
/// Each series is looked at by itself. A step inside a window counts there; one that spans the border between two
/// windows of a group counts, for counters and pauses, in the window of the later row, and is cut at the border where
/// time is weighted: the earlier row's value holds until the later row. After a series' last row nothing is known, so
/// nothing is added. See `SeriesTimelines` for the order of rows and merges.
final class StepStates: AggregateStates {
    enum Kind: Equatable, Sendable {
        /// How much a counter rose: the sum of its rising steps; a fall is a reset to 0, and what is there after it
        /// counts.
        case increase
        /// `increase` of each series over the time between its rows, in `per` nanoseconds; added over the series.
        case rate(per: Int64)
        /// How often a counter fell.
        case resets
        /// The mean of the values, each weighted by the time for which it held.
        case weightedMean
        /// The sum of the values, each times the time for which it held, in `unit` nanoseconds.
        case integral(unit: Int64)
        /// The time for which a condition was true.
        case trueTime
        /// The same as a share of all time, 0...1.
        case trueShare
        /// How many steps took longer than one and a half times `period` nanoseconds.
        case pauses(period: Int64)

        var isWeightedByTime: Bool {
            switch self {
            case .increase, .rate, .resets, .pauses: false
            case .weightedMean, .integral, .trueTime, .trueShare: true
            }
        }
    }

    let resultType: ColumnType
    let kind: Kind
    let inputType: ColumnType
    let valueKind: ValueKind
    var timelines = SeriesTimelines()
    /// Sums of floats of folded stretches.
    var sums = ExactSums()
    private let clock: QueryClock
    private var freeSums: [Int32] = []
    private var sumCount: Int32 = 0

    /// - Parameter inputType: nil for `pauses`, which needs no column.
    init(_ kind: Kind, inputType: ColumnType?, clock: QueryClock) {
        self.kind = kind
        self.clock = clock
        self.inputType = inputType ?? .bool
        valueKind = ValueKind(inputType ?? .bool)
        resultType =
            switch kind {
            case .increase: inputType ?? .float
            case .resets, .pauses: .int
            case .trueTime: .duration
            case .rate, .integral, .trueShare: .float
            case .weightedMean: inputType == .duration ? .duration : .float
            }
    }

    var slotCount: Int { timelines.slotCount }
    var byteCount: Int { timelines.byteCount + sums.byteCount }

    func grow(to count: Int) { timelines.grow(to: count) }
    func assign(slot: Int, group: Int32) { timelines.assign(slot: slot, group: group) }

    // MARK: - Rows in

    func update(slot: Int, column: Column?, timestamps: [Int64], rows: Range<Int>, series: UInt32) {
        var number = -1
        for row in rows {
            guard let bits = bits(column, row) else { continue }
            if number < 0 { number = timelines.entry(slot: slot, series: clock.seriesKey(series)) }
            add(TimedBits(time: timestamps[row], bits: bits), to: number)
        }
    }

    func scatter(slots: [Int32], column: Column?, timestamps: [Int64], series: [UInt32]) {
        var known: (series: UInt32, key: UInt64)?
        for row in slots.indices where slots[row] >= 0 {
            guard let bits = bits(column, row) else { continue }
            if known?.series != series[row] { known = (series[row], clock.seriesKey(series[row])) }
            let number = timelines.entry(slot: Int(slots[row]), series: known?.key ?? 0)
            add(TimedBits(time: timestamps[row], bits: bits), to: number)
        }
    }

    /// The value of a row, nil where it is absent or no number; without a column every row has one.
    private func bits(_ column: Column?, _ row: Int) -> UInt64? {
        guard let column else { return 1 }
        return column.isPresent(row) ? valueKind.canonical(column.bits[row]) : nil
    }

    private func add(_ row: TimedBits, to number: Int) {
        timelines.add(row, kind: valueKind, to: number) { from, to, totals in fold(from, to, &totals) }
    }

    /// Adds one whole step to the totals of a folded stretch.
    private func fold(_ from: TimedBits, _ to: TimedBits, _ totals: inout StepTotals) {
        if inputType == .float, totals.sum < 0 { totals.sum = newSum() }
        StepStates.add(from, to, kind, valueKind, inputType, &totals, &sums)
    }

    func newSum() -> Int32 {
        if let free = freeSums.popLast() { return free }
        sumCount += 1
        sums.grow(to: Int(sumCount))
        return sumCount - 1
    }

    /// What a step from one row to the next adds. `totals.sum` is a slot of `sums`, where values are floats.
    private static func add(
        _ from: TimedBits, _ to: TimedBits, _ kind: Kind, _ valueKind: ValueKind, _ inputType: ColumnType,
        _ totals: inout StepTotals, _ sums: inout ExactSums
    ) {
        let elapsed = Int128(to.time) - Int128(from.time)
        totals.addStep(elapsed: elapsed)
        switch kind {
        case .increase, .rate:
            let hasFallen = valueKind.orderKey(to.bits) < valueKind.orderKey(from.bits)
            if inputType == .float {
                sums.addValue(Double(bitPattern: to.bits), to: Int(totals.sum))
                if !hasFallen { sums.addValue(-Double(bitPattern: from.bits), to: Int(totals.sum)) }
            } else {
                totals.add(whole: whole(to.bits, valueKind) - (hasFallen ? 0 : whole(from.bits, valueKind)))
            }
        case .resets:
            if valueKind.orderKey(to.bits) < valueKind.orderKey(from.bits) { totals.add(whole: 1) }
        case .weightedMean, .integral:
            if inputType == .float {
                let time = Int64(clamping: elapsed)
                sums.addProduct(Double(bitPattern: from.bits), times: time, to: Int(totals.sum))
            } else {
                let (product, overflow) = whole(from.bits, valueKind).multipliedReportingOverflow(by: elapsed)
                totals.add(whole: overflow ? StepTotals.tooLarge : product)
            }
        case .trueTime, .trueShare:
            if from.bits == 1 { totals.add(whole: elapsed) }
        case .pauses(let period):
            if elapsed * 2 > Int128(period) * 3 { totals.add(whole: 1) }
        }
    }

    private static func whole(_ bits: UInt64, _ kind: ValueKind) -> Int128 {
        if case .unsigned = kind { Int128(bits) } else { Int128(Int64(bitPattern: bits)) }
    }

    // MARK: - Merging

    func merge(slot: Int, from other: any AggregateStates, slot otherSlot: Int) throws(QueryError) {
        guard let other = other as? StepStates else {
            preconditionFailure("states of one call merge only with each other")
        }
        try checkMerging(other, slot: otherSlot, into: slot)
        for number in other.timelines.entries(of: otherSlot) {
            let entry = other.timelines.entries[Int(number)]
            let (before, after) = other.timelines.neighbours(of: Int(number))
            timelines.absorb(
                entry, before: before, after: after, kind: valueKind, into: slot,
                totals: { totals in
                    guard totals.sum >= 0 else { return totals }
                    var own = totals
                    let part = other.sums.part(Int(totals.sum))
                    own.sum = newSum()
                    sums.add(part, to: Int(own.sum))
                    return own
                })
        }
    }

    /// Throws where sums of made-up states, put together, would leave the range of an accumulator.
    private func checkMerging(_ other: StepStates, slot otherSlot: Int, into slot: Int) throws(QueryError) {
        for number in other.timelines.entries(of: otherSlot) {
            let entry = other.timelines.entries[Int(number)]
            func longSums(_ entry: SeriesTimelines.Entry?, _ sums: ExactSums) -> [ExactSums.Part] {
                (entry?.stretches ?? []).map { Int($0.totals.sum) }.filter { $0 >= 0 && sums.isLong($0) }
                    .map { sums.part($0) }
            }
            let added = longSums(entry, other.sums)
            if added.isEmpty { continue }
            var total = ExactSums()
            total.grow(to: 1)
            for part in added + longSums(timelines.existing(slot: slot, series: entry.series), sums) {
                try total.checkAdding(part, to: 0)
                total.add(part, to: 0)
            }
        }
    }

    func reset(slot: Int) {
        timelines.reset(slot: slot) { release($0) }
    }

    /// Gives the sum of totals that are not needed any more back.
    func release(_ totals: StepTotals) {
        guard totals.sum >= 0 else { return }
        sums.reset(Int(totals.sum))
        freeSums.append(totals.sum)
    }

    // MARK: - Values

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        try finish(slot: slot, frame: .all)
    }

    /// O(rows held of the slot).
    func finish(slot: Int, frame: TimeRange) throws(QueryError) -> UInt64? {
        var all = StepTotals(sum: 0)
        // Slot 0 adds up everything, slot 1 the series at hand, slot 2 the series' rates.
        var scratch = ExactSums()
        scratch.grow(to: 3)
        let numbers = timelines.entries(of: slot)
        var hasRows = false
        for number in numbers {
            var own = StepTotals(sum: 1)
            scratch.reset(1)
            guard walk(Int(number), frame, &own, &scratch) else { continue }
            hasRows = true
            if case .rate = kind, own.elapsed > 0 {
                let rise = inputType == .float ? scratch.rounded(1) : PowerOfTen.quotient(own.whole, scale: 0)
                scratch.addValue(rise / Double(own.elapsed), to: 2)
            }
            all.add(own)
            let part = scratch.part(1)
            try scratch.checkAdding(part, to: 0)
            scratch.add(part, to: 0)
        }
        guard hasRows else { return nil }
        if all.whole == StepTotals.tooLarge { throw .aggregateOverflow }
        return try value(all, scratch)
    }

    private func value(_ totals: StepTotals, _ sums: ExactSums) throws(QueryError) -> UInt64? {
        func sum() -> Double { inputType == .float ? sums.rounded(0) : PowerOfTen.quotient(totals.whole, scale: 0) }
        switch kind {
        case .resets, .pauses: return UInt64(bitPattern: Int64(clamping: totals.whole))
        case .increase:
            guard totals.stepCount > 0 else { return nil }
            if inputType == .float { return try resultBits(sums.rounded(0), as: .float) }
            if inputType == .uint {
                guard let exact = UInt64(exactly: totals.whole) else { throw .aggregateOverflow }
                return exact
            }
            guard let exact = Int64(exactly: totals.whole) else { throw .aggregateOverflow }
            return UInt64(bitPattern: exact)
        case .rate(let per):
            guard totals.elapsed > 0 else { return nil }
            return try resultBits(sums.rounded(2) * Double(per), as: .float)
        case .weightedMean:
            guard totals.elapsed > 0 else { return nil }
            return try resultBits(sum() / Double(totals.elapsed), as: resultType)
        case .integral(let unit):
            guard totals.elapsed > 0 else { return nil }
            return try resultBits(sum() / Double(unit), as: .float)
        case .trueTime:
            guard let exact = Int64(exactly: totals.whole) else { throw .aggregateOverflow }
            return UInt64(bitPattern: exact)
        case .trueShare:
            guard totals.elapsed > 0 else { return nil }
            return try resultBits(Double(totals.whole) / Double(totals.elapsed), as: .float)
        }
    }

    /// Adds up the steps of one entry, with those that reach in from the window before and out into the next.
    ///
    /// - Returns: whether the entry has rows.
    private func walk(
        _ number: Int, _ frame: TimeRange, _ totals: inout StepTotals, _ scratch: inout ExactSums
    ) -> Bool {
        let entry = timelines.entries[number]
        guard let first = entry.first, let last = entry.last else { return false }
        let (before, after) = timelines.neighbours(of: number)
        if var before {
            // Of a value that held since before the window only the time inside counts.
            if kind.isWeightedByTime { before.time = max(before.time, min(frame.start, first.time)) }
            StepStates.add(before, first, kind, valueKind, inputType, &totals, &scratch)
        }
        _ = steps(of: entry, leaving: 0, &totals, &scratch)
        if kind.isWeightedByTime, let after {
            let end = TimedBits(time: min(after, max(frame.end, last.time)), bits: last.bits)
            StepStates.add(last, end, kind, valueKind, inputType, &totals, &scratch)
        }
        return true
    }

    /// Adds up the steps inside an entry but for those to its `kept` newest rows, as far as these lie behind all folded
    /// stretches.
    ///
    /// - Returns: the last row of those steps, nil for none, and the number of the row that comes next.
    func steps(
        of entry: SeriesTimelines.Entry, leaving kept: Int, _ totals: inout StepTotals, _ scratch: inout ExactSums
    ) -> (last: TimedBits?, next: Int) {
        var previous: TimedBits?
        func step(to row: TimedBits) {
            if let previous { StepStates.add(previous, row, kind, valueKind, inputType, &totals, &scratch) }
        }
        var next = 0
        for stretch in entry.stretches {
            while next < entry.rows.count, entry.rows[next].time < stretch.first.time {
                step(to: entry.rows[next])
                previous = entry.rows[next]
                next += 1
            }
            if previous.map({ $0.time <= stretch.first.time }) ?? true { step(to: stretch.first) }
            totals.add(stretch.totals)
            if stretch.totals.sum >= 0 {
                let part = sums.part(Int(stretch.totals.sum))
                scratch.add(part, to: Int(totals.sum))
            }
            if previous.map({ $0.time <= stretch.last.time }) ?? true { previous = stretch.last }
            while next < entry.rows.count, entry.rows[next].time < stretch.last.time { next += 1 }
        }
        while next < entry.rows.count - kept {
            step(to: entry.rows[next])
            previous = entry.rows[next]
            next += 1
        }
        return (previous, next)
    }
}
