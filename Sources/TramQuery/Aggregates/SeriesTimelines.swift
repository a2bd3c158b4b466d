import TramColumnar

/// A value with its time.
struct TimedBits: Hashable {
    var time: Int64
    /// As in `Column`.
    var bits: UInt64
}

/// What a fold over the steps from one row of a series to its next has added up.
struct StepTotals {
    /// Of counters of integers, of numbers of steps, and of nanoseconds for which something was true. `tooLarge` once
    /// it has left 128 bits.
    private(set) var whole: Int128 = 0
    /// Nanoseconds of all steps.
    private(set) var elapsed: Int128 = 0
    private(set) var stepCount = 0
    /// Number of a sum of floats, -1 for none.
    var sum: Int32 = -1

    static let tooLarge = Int128.max
    /// Beyond what any rows give; more than these are not told apart.
    static let mostElapsed: Int128 = 1 << 97
    static let mostSteps = Int(PartialState.mostValues)

    init(whole: Int128 = 0, elapsed: Int128 = 0, stepCount: Int = 0, sum: Int32 = -1) {
        self.whole = whole
        self.elapsed = elapsed
        self.stepCount = stepCount
        self.sum = sum
    }

    mutating func add(_ other: StepTotals) {
        add(whole: other.whole)
        elapsed = min(elapsed + other.elapsed, StepTotals.mostElapsed)
        stepCount = min(stepCount + other.stepCount, StepTotals.mostSteps)
    }

    mutating func addStep(elapsed time: Int128) { add(StepTotals(elapsed: time, stepCount: 1)) }

    mutating func add(whole part: Int128) {
        let (total, overflow) = whole.addingReportingOverflow(part)
        let isTooLarge = overflow || whole == StepTotals.tooLarge || part == StepTotals.tooLarge
        whole = isTooLarge ? StepTotals.tooLarge : total
    }
}

/// The rows of series by slot, for aggregates that look at a row and the next of the same series.
///
/// 1. An entry is one series in one slot. Its newest rows are held one by one, sorted by time, so that rows that come a
///    little late find their place. Older rows are folded: of a stretch only its first and last row stay, and what the
///    steps between have added up (`StepTotals`).
/// 2. An entry whose rows have come in order keeps `keptInOrder` rows, one that has seen disorder `keptInDisorder`. A
///    row that falls inside a folded stretch is left out: it came later than that many rows after it.
/// 3. Merging takes the union of stretches and rows. So the result does not depend on the order of rows or merges as
///    long as parts that are folded do not interleave; sums of floats are exact (`ExactSums`), so it is equal to the
///    bit.
/// 4. Slots of one group are its windows. The step from a group's row before a window to its first row in it belongs to
///    the window of the later row: the windows of a query share out all steps, none twice (`entryBefore`).
struct SeriesTimelines {
    static let keptInOrder = 64
    static let keptInDisorder = 4096

    /// Rows that are not held one by one any more.
    struct Stretch {
        var first: TimedBits
        var last: TimedBits
        var totals: StepTotals
    }

    struct Entry {
        /// See `QueryClock.seriesKey`.
        var series: UInt64 = 0
        var slot: Int32 = -1
        /// Sorted by time, before the rows or between them.
        var stretches: [Stretch] = []
        /// Sorted by time, then value.
        var rows: [TimedBits] = []
        var hasDisorder = false
        /// Whether it was merged from parts between which others may lie.
        var isJoined = false
        /// The series' row before the entry and the time of the one after it, as another holder of states knew them.
        var before: TimedBits?
        var after: Int64?

        var first: TimedBits? {
            guard let stretch = stretches.first else { return rows.first }
            guard let row = rows.first else { return stretch.first }
            return row.time < stretch.first.time ? row : stretch.first
        }

        var last: TimedBits? {
            guard let stretch = stretches.last else { return rows.last }
            guard let row = rows.last else { return stretch.last }
            return row.time >= stretch.last.time ? row : stretch.last
        }
    }

    private struct Owner: Hashable {
        var group: Int32
        var series: UInt64
    }

    private(set) var entries: [Entry] = []
    private var table = SlotTable()
    private var entriesOfSlot: [[Int32]] = []
    /// The group whose window a slot is, -1 where it was not told: then the slot stands alone.
    private var groups: [Int32] = []
    /// Last rows of windows that are gone.
    private var tails: [Owner: TimedBits] = [:]
    /// Entries of an owner by their first row; made when first asked for after a change.
    private var order: [Owner: [Int32]] = [:]
    private var isOrderStale = true
    private var heldRows = 0

    var slotCount: Int { entriesOfSlot.count }

    var byteCount: Int {
        entriesOfSlot.count * 12 + entries.count * 120 + heldRows * 16 + tails.count * 40 + order.count * 40
    }

    mutating func grow(to count: Int) {
        entriesOfSlot.extend(to: count, with: [])
        groups.extend(to: count, with: -1)
    }

    mutating func assign(slot: Int, group: Int32) { groups[slot] = group }

    func entries(of slot: Int) -> [Int32] { entriesOfSlot[slot] }

    /// The entry of a series in a slot, nil when there is none.
    func existing(slot: Int, series: UInt64) -> Entry? {
        table.existing(Int32(truncatingIfNeeded: slot), Int64(bitPattern: series)).map { entries[$0] }
    }

    /// Puts a series into a slot that does not have it yet.
    mutating func insert(_ entry: Entry, into slot: Int) {
        let number = self.entry(slot: slot, series: entry.series)
        entries[number] = entry
        entries[number].slot = Int32(truncatingIfNeeded: slot)
        heldRows += entry.rows.count
        isOrderStale = true
    }

    // MARK: - Rows in

    /// The entry of a series in a slot, a new one when there is none.
    mutating func entry(slot: Int, series: UInt64) -> Int {
        let before = table.capacity
        let used = table.count
        let number = table.slot(Int32(truncatingIfNeeded: slot), Int64(bitPattern: series))
        if table.count > used {
            if table.capacity > before { entries.append(Entry()) }
            entries[number] = Entry(series: series, slot: Int32(truncatingIfNeeded: slot))
            entriesOfSlot[slot].append(Int32(truncatingIfNeeded: number))
        }
        return number
    }

    /// Adds a row; `fold` is called for each step that is folded.
    mutating func add(
        _ row: TimedBits, kind: ValueKind, to number: Int,
        fold: (TimedBits, TimedBits, inout StepTotals) -> Void
    ) {
        isOrderStale = true
        insert(row, kind: kind, into: number)
        let count = entries[number].rows.count
        let kept = entries[number].hasDisorder ? SeriesTimelines.keptInDisorder : SeriesTimelines.keptInOrder
        if count >= 2 * kept { foldOldest(number, count: count - kept, fold) }
    }

    private mutating func insert(_ row: TimedBits, kind: ValueKind, into number: Int) {
        let count = entries[number].rows.count
        if let last = entries[number].rows.last, SeriesTimelines.precedes(row, last, kind) {
            entries[number].hasDisorder = true
            var low = 0
            var high = count
            while low < high {
                let middle = (low + high) / 2
                if SeriesTimelines.precedes(entries[number].rows[middle], row, kind) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            if low == 0 && isCovered(row.time, number) { return }
            entries[number].rows.insert(row, at: low)
        } else {
            if count == 0 && isCovered(row.time, number) { return }
            entries[number].rows.append(row)
        }
        heldRows += 1
    }

    private static func precedes(_ left: TimedBits, _ right: TimedBits, _ kind: ValueKind) -> Bool {
        left.time != right.time ? left.time < right.time : kind.orderKey(left.bits) < kind.orderKey(right.bits)
    }

    /// Whether a time lies inside a folded stretch. A row at the time of its last one still follows it.
    private func isCovered(_ time: Int64, _ number: Int) -> Bool {
        entries[number].stretches.contains { $0.first.time <= time && time < $0.last.time }
    }

    private mutating func foldOldest(
        _ number: Int, count: Int, _ fold: (TimedBits, TimedBits, inout StepTotals) -> Void
    ) {
        var entry = entries[number]
        entries[number].rows = []
        entries[number].stretches = []
        for row in entry.rows[..<count] {
            let next = entry.stretches.firstIndex { $0.first.time > row.time } ?? entry.stretches.count
            if next == 0 {
                entry.stretches.insert(Stretch(first: row, last: row, totals: StepTotals()), at: 0)
            } else if row.time >= entry.stretches[next - 1].last.time {
                fold(entry.stretches[next - 1].last, row, &entry.stretches[next - 1].totals)
                entry.stretches[next - 1].last = row
            }
        }
        entry.rows.removeFirst(count)
        heldRows -= count
        entries[number] = entry
    }

    // MARK: - Merging

    /// Adds an entry of another holder. `totals` makes the totals of a stretch its own.
    mutating func absorb(
        _ other: Entry, before: TimedBits?, after: Int64?, kind: ValueKind, into slot: Int,
        totals: (StepTotals) -> StepTotals
    ) {
        var kept: (before: TimedBits?, after: Int64?) = (nil, nil)
        let number = entry(slot: slot, series: other.series)
        isOrderStale = true
        let wasHeld = entries[number].first != nil
        for stretch in other.stretches {
            var own = stretch
            own.totals = totals(stretch.totals)
            // Mostly the last: parts come in order of time.
            let place = (entries[number].stretches.lastIndex { $0.first.time <= own.first.time } ?? -1) + 1
            entries[number].stretches.insert(own, at: place)
        }
        if other.hasDisorder { entries[number].hasDisorder = true }
        if other.isJoined || wasHeld { entries[number].isJoined = true }
        // Not folded: a part that lies between those merged so far may still come.
        for row in other.rows { insert(row, kind: kind, into: number) }
        // Of what the parts know of their neighbours that counts which lies outside of them all.
        guard let first = entries[number].first, let last = entries[number].last else { return }
        for row in [entries[number].before, before] {
            guard let row, row.time < first.time else { continue }
            if let known = kept.before, !SeriesTimelines.precedes(known, row, kind) { continue }
            kept.before = row
        }
        for time in [entries[number].after, after] {
            guard let time, time > last.time else { continue }
            kept.after = min(kept.after ?? .max, time)
        }
        entries[number].before = kept.before
        entries[number].after = kept.after
    }

    mutating func reset(slot: Int, released: (StepTotals) -> Void) {
        isOrderStale = true
        for number in entriesOfSlot[slot] {
            let entry = entries[Int(number)]
            if let last = entry.last, groups[slot] >= 0 {
                let owner = Owner(group: groups[slot], series: entry.series)
                if tails[owner].map({ $0.time < last.time }) ?? true { tails[owner] = last }
            }
            for stretch in entry.stretches { released(stretch.totals) }
            heldRows -= entry.rows.count
            entries[Int(number)] = Entry()
            table.release(Int(number))
        }
        entriesOfSlot[slot] = []
        groups[slot] = -1
    }

    // MARK: - Neighbours

    private mutating func refreshOrder() {
        guard isOrderStale else { return }
        isOrderStale = false
        order.removeAll(keepingCapacity: true)
        for number in entries.indices {
            let entry = entries[number]
            guard entry.slot >= 0, groups[Int(entry.slot)] >= 0, entry.first != nil else { continue }
            order[Owner(group: groups[Int(entry.slot)], series: entry.series), default: []]
                .append(Int32(truncatingIfNeeded: number))
        }
        let entries = entries
        for owner in order.keys {
            order[owner]?.sort {
                (entries[Int($0)].first?.time ?? 0, $0) < (entries[Int($1)].first?.time ?? 0, $1)
            }
        }
    }

    /// The row of the same series and group before an entry's first row, and the time of the one after its last row,
    /// as far as they are known.
    mutating func neighbours(of number: Int) -> (before: TimedBits?, after: Int64?) {
        let entry = entries[number]
        guard let first = entry.first, let last = entry.last else { return (nil, nil) }
        var before = entry.before.flatMap { $0.time < first.time ? $0 : nil }
        var after = entry.after.flatMap { $0 > last.time ? $0 : nil }
        let group = entry.slot >= 0 ? groups[Int(entry.slot)] : -1
        guard group >= 0 else { return (before, after) }
        let owner = Owner(group: group, series: entry.series)
        if let tail = tails[owner], tail.time < first.time, before.map({ $0.time < tail.time }) ?? true {
            before = tail
        }
        refreshOrder()
        guard let others = order[owner], let place = placeInOrder(others, number, first.time) else {
            return (before, after)
        }
        if place > 0, let previous = entries[Int(others[place - 1])].last, previous.time < first.time,
            before.map({ $0.time < previous.time }) ?? true
        {
            before = previous
        }
        if place + 1 < others.count, let next = entries[Int(others[place + 1])].first, next.time > last.time,
            after.map({ $0 > next.time }) ?? true
        {
            after = next.time
        }
        return (before, after)
    }

    private func placeInOrder(_ others: [Int32], _ number: Int, _ time: Int64) -> Int? {
        var low = 0
        var high = others.count
        while low < high {
            let middle = (low + high) / 2
            if (entries[Int(others[middle])].first?.time ?? 0, Int(others[middle])) < (time, number) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < others.count && Int(others[low]) == number ? low : nil
    }
}
