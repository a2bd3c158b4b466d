package import TramColumnar

/// `expected(period)` and `missing(period)`: how many whole periods the window has, and how many rows it lacks of one a
/// period. Negative where more rows came than expected.
final class CompletenessStates: AggregateStates {
    /// Nanoseconds.
    private let period: Int64
    private let subtractsRows: Bool
    private let counts = CountStates()
    private let clock: QueryClock

    init(period: Int64, subtractsRows: Bool, clock: QueryClock) {
        self.period = period
        self.subtractsRows = subtractsRows
        self.clock = clock
    }

    var resultType: ColumnType { .int }
    var slotCount: Int { counts.slotCount }
    var byteCount: Int { counts.byteCount }
    func grow(to count: Int) { counts.grow(to: count) }

    func update(slot: Int, column: Column?, timestamps: [Int64], rows: Range<Int>, series: UInt32) {
        counts.update(slot: slot, column: column, timestamps: timestamps, rows: rows, series: series)
    }

    func scatter(slots: [Int32], column: Column?, timestamps: [Int64], series: [UInt32]) {
        counts.scatter(slots: slots, column: column, timestamps: timestamps, series: series)
    }

    func merge(slot: Int, from other: any AggregateStates, slot otherSlot: Int) throws(QueryError) {
        guard let other = other as? CompletenessStates else {
            preconditionFailure("states of one call merge only with each other")
        }
        try counts.merge(slot: slot, from: other.counts, slot: otherSlot)
    }

    func reset(slot: Int) { counts.reset(slot: slot) }

    func finish(slot: Int) -> UInt64? { finish(slot: slot, frame: .all) }

    func finish(slot: Int, frame: TimeRange) -> UInt64? {
        let expected = ExpectedPeriods.count(in: frame, period: period, now: clock.now(), extent: clock.extent())
        guard let expected else { return nil }
        guard subtractsRows, let rows = counts.finish(slot: slot) else { return UInt64(bitPattern: expected) }
        return UInt64(bitPattern: expected &- Int64(bitPattern: rows))
    }

    // What is held is the number of rows, as `count()` holds it; the periods come from the window at the end.

    var stateKind: PartialState.Kind { counts.stateKind }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) { counts.encodeBody(slot: slot, to: &bytes) }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try counts.decodeBody(into: slot, from: &reader)
    }
}

/// `freshness()`: how long before now the newest row came.
final class FreshnessStates: AggregateStates {
    private var newest: [Int64?] = []
    private let clock: QueryClock

    init(clock: QueryClock) {
        self.clock = clock
    }

    var resultType: ColumnType { .duration }
    var slotCount: Int { newest.count }
    var byteCount: Int { newest.count * 16 }
    func grow(to count: Int) { newest.extend(to: count, with: nil) }

    func update(slot: Int, column: Column?, timestamps: [Int64], rows: Range<Int>, series: UInt32) {
        for row in rows.reversed() where column?.isPresent(row) ?? true { take(timestamps[row], slot) }
    }

    func scatter(slots: [Int32], column: Column?, timestamps: [Int64], series: [UInt32]) {
        for row in slots.indices where slots[row] >= 0 && column?.isPresent(row) ?? true {
            take(timestamps[row], Int(slots[row]))
        }
    }

    private func take(_ time: Int64, _ slot: Int) {
        if newest[slot].map({ $0 < time }) ?? true { newest[slot] = time }
    }

    func merge(slot: Int, from other: any AggregateStates, slot otherSlot: Int) {
        guard let other = other as? FreshnessStates else {
            preconditionFailure("states of one call merge only with each other")
        }
        if let time = other.newest[otherSlot] { take(time, slot) }
    }

    func reset(slot: Int) { newest[slot] = nil }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        guard let time = newest[slot] else { return nil }
        let (age, overflow) = clock.now().subtractingReportingOverflow(time)
        if overflow { throw .aggregateOverflow }
        return UInt64(bitPattern: age)
    }

    var stateKind: PartialState.Kind { .newest }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        if let time = newest[slot] { bytes.appendWord(UInt64(bitPattern: time)) }
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        newest[slot] = Int64(bitPattern: try reader.word())
    }
}

/// What aggregates may ask of the query besides its rows.
package struct QueryClock {
    /// Nanoseconds; `.max` where time goes on by the windows themselves.
    package var now: () -> Int64
    /// From the oldest row to the newest, nil when not known.
    package var extent: () -> TimeRange?
    /// What tells a series from all others where its rows may come from several holders of states. Its number does in
    /// one store; nodes that exchange states need a hash of the series' key, which is the same on each of them.
    package var seriesKey: (UInt32) -> UInt64

    package init(
        now: @escaping () -> Int64 = { .max }, extent: @escaping () -> TimeRange? = { nil },
        seriesKey: @escaping (UInt32) -> UInt64 = { UInt64($0) }
    ) {
        self.now = now
        self.extent = extent
        self.seriesKey = seriesKey
    }
}
