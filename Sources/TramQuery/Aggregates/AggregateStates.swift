package import TramColumnar

/// Rows of a block that go to one slot.
package struct SlotRun {
    package var slot: Int
    /// In the block.
    package var rows: Range<Int>
}

/// The states of one aggregate call, one state a slot. A slot is one group in one window (or in one slice of a window).
///
/// `update` feeds many rows into one slot (ad-hoc queries: a block is one series in time order), `scatter` feeds each
/// row into a slot of its own choice (standing windows, groups by a field). Absent values are skipped. `merge` is
/// associative and commutative: feeding rows in any order over any tree of merges gives the same result, bit for bit,
/// unless the type's comment says otherwise. Dispatch is dynamic once per vector, never per value.
///
/// Floats that are no numbers (NaN, infinities) count as absent everywhere but in `count`. -0.0 is 0.0.
package protocol AggregateStates: AnyObject {
    /// The type of `finish`'s values.
    var resultType: ColumnType { get }
    var slotCount: Int { get }
    /// Roughly the bytes that all slots hold together, for the plan's memory limit.
    var byteCount: Int { get }

    /// Makes slots up to `count`; new ones are empty. Never shrinks.
    func grow(to count: Int)

    /// Feeds the rows `rows` into `slot`. `column` is nil for an aggregate without argument (`count()`), else as long
    /// as `timestamps`. `series` breaks ties between equal times of different series (`first`, `last`): the smaller
    /// number counts as earlier.
    func update(slot: Int, column: Column?, timestamps: [Int64], rows: Range<Int>, series: UInt32) throws(QueryError)

    /// Whether it may do with what is known of a block; if not, it always needs the values.
    var takesSummaries: Bool { get }

    /// Feeds a whole block into `slot` by what is known of it.
    ///
    /// - Parameters:
    ///   - summary: of the argument; nil for an aggregate without one.
    ///   - rows: the block's rows, present or not, and the times of the first and the last.
    /// - Returns: false when this state needs the values; nothing was fed then.
    func add(
        _ summary: ColumnSummary?, rows: Int, first: Int64, last: Int64, series: UInt32, to slot: Int
    ) throws(QueryError) -> Bool

    /// Feeds values, none absent, that are integers in units of 10^-scale of a float column, or those of an int column
    /// with scale 0. `timestamps` is parallel to `values`, or empty where the state does not say `needsTimes`.
    ///
    /// - Returns: false when this state needs the values as they are; nothing was fed then.
    func add(
        mantissas: Span<Int64>, scale: Int, timestamps: Span<Int64>, series: UInt32, to slot: Int
    ) throws(QueryError) -> Bool

    /// As `add(mantissas:scale:timestamps:series:to:)` for every run; `timestamps` is parallel to `values` or empty.
    ///
    /// - Returns: false when this state needs the values as they are; nothing was fed then.
    func add(
        mantissas: [Int64], scale: Int, timestamps: [Int64], series: UInt32, runs: [SlotRun]
    ) throws(QueryError) -> Bool

    /// As `update` for every run of a block of one series.
    func update(_ column: Column?, timestamps: [Int64], series: UInt32, runs: [SlotRun]) throws(QueryError)

    /// Whether feeding rows asks for their times.
    var needsTimes: Bool { get }

    /// Whether a value that comes again at a later time changes nothing.
    var ignoresRepetition: Bool { get }

    /// Feeds row `i` into `slots[i]`; a negative slot skips the row. All arrays have equal length.
    func scatter(slots: [Int32], column: Column?, timestamps: [Int64], series: [UInt32]) throws(QueryError)

    /// Adds the state of `otherSlot` in `other`, which was made by the same call, to `slot`. `other` may be `self`.
    ///
    /// - Throws: `query.overflow` when there are more values than `PartialState.mostValues`, which no rows give, but
    ///   states that were made up may; `slot` is then as it was.
    func merge(slot: Int, from other: any AggregateStates, slot otherSlot: Int) throws(QueryError)

    /// As `merge` for each of the other's slots.
    func merge(slot: Int, from other: any AggregateStates, slots: ArraySlice<Int32>) throws(QueryError)

    /// Empties a slot for another use.
    func reset(slot: Int)

    /// The value of a slot: bits as in `Column`, nil for null. O(1) but for quantiles.
    func finish(slot: Int) throws(QueryError) -> UInt64?

    /// As `finish(slot:)`, of a slot whose rows are those of `frame`: its window, cut by the query's range, which may
    /// be open. What depends on more than the rows (`expected`, `twa`) needs it.
    func finish(slot: Int, frame: TimeRange) throws(QueryError) -> UInt64?

    /// Tells that a slot is a window of a group. What looks from one window of a group into the next needs it; to be
    /// called when the slot is taken into use. `reset` forgets it.
    func assign(slot: Int, group: Int32)

    // What `encode(slot:to:)` and `decode(into:from:)` are made of; see `PartialState`.

    var stateKind: PartialState.Kind { get }

    /// Appends the body of a slot's state, nothing for an empty slot.
    func encodeBody(slot: Int, to bytes: inout [UInt8])

    /// Reads a body, which is not empty, into an empty slot. A throw may leave anything there.
    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError)
}

extension AggregateStates {
    package func merge(slot: Int, from other: any AggregateStates, slots: ArraySlice<Int32>) throws(QueryError) {
        for otherSlot in slots { try merge(slot: slot, from: other, slot: Int(otherSlot)) }
    }

    package var takesSummaries: Bool { false }

    package func add(
        _ summary: ColumnSummary?, rows: Int, first: Int64, last: Int64, series: UInt32, to slot: Int
    ) throws(QueryError) -> Bool { false }

    package func add(
        mantissas: Span<Int64>, scale: Int, timestamps: Span<Int64>, series: UInt32, to slot: Int
    ) throws(QueryError) -> Bool { false }

    package func add(
        mantissas: [Int64], scale: Int, timestamps: [Int64], series: UInt32, runs: [SlotRun]
    ) throws(QueryError) -> Bool {
        for run in runs {
            let times = timestamps.isEmpty ? 0..<0 : run.rows
            guard
                try add(
                    mantissas: mantissas.span.extracting(run.rows), scale: scale,
                    timestamps: timestamps.span.extracting(times), series: series, to: run.slot)
            else { return false }
        }
        return true
    }

    package func update(
        _ column: Column?, timestamps: [Int64], series: UInt32, runs: [SlotRun]
    ) throws(QueryError) {
        for run in runs {
            try update(slot: run.slot, column: column, timestamps: timestamps, rows: run.rows, series: series)
        }
    }

    package var needsTimes: Bool { true }

    package var ignoresRepetition: Bool { false }

    package func finish(slot: Int, frame: TimeRange) throws(QueryError) -> UInt64? { try finish(slot: slot) }
    package func assign(slot: Int, group: Int32) {}
}
