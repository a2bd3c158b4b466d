import TramColumnar

/// An aggregate over the present values of one column. What is said here once: absent rows never reach a state.
protocol PresentStates: AggregateStates {
    /// Feeds present values into `slot`. `timestamps` is parallel to `bits`.
    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) throws(QueryError)

    /// Feeds value `i` into `slots[i]`; a negative slot skips it.
    func addRows(
        _ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>
    ) throws(QueryError)

    /// `merge` with a source of the same type.
    func absorb(_ other: Self, slot otherSlot: Int, into slot: Int) throws(QueryError)
}

extension PresentStates {
    func update(slot: Int, column: Column?, timestamps: [Int64], rows: Range<Int>, series: UInt32) throws(QueryError) {
        guard let column else { preconditionFailure("this aggregate needs a column") }
        guard let presence = column.presence else {
            try addRun(
                column.bits.span.extracting(rows), timestamps: timestamps.span.extracting(rows), series: series,
                to: slot)
            return
        }
        // Packing the present rows first costs about a nanosecond a row and leaves one kernel to write for each
        // aggregate.
        var packed: [UInt64] = []
        var packedTimes: [Int64] = []
        packed.reserveCapacity(rows.count)
        packedTimes.reserveCapacity(rows.count)
        for row in rows where presence[row] {
            packed.append(column.bits[row])
            packedTimes.append(timestamps[row])
        }
        try addRun(packed.span, timestamps: packedTimes.span, series: series, to: slot)
    }

    func scatter(slots: [Int32], column: Column?, timestamps: [Int64], series: [UInt32]) throws(QueryError) {
        guard let column else { preconditionFailure("this aggregate needs a column") }
        precondition(
            slots.count == column.count && slots.count == timestamps.count && slots.count == series.count,
            "a slot, a value, a time and a series for each row")
        guard let presence = column.presence else {
            try addRows(column.bits.span, slots: slots.span, timestamps: timestamps.span, series: series.span)
            return
        }
        var presentSlots = slots
        for row in presentSlots.indices where !presence[row] { presentSlots[row] = -1 }
        try addRows(column.bits.span, slots: presentSlots.span, timestamps: timestamps.span, series: series.span)
    }

    func merge(slot: Int, from other: any AggregateStates, slots: ArraySlice<Int32>) throws(QueryError) {
        guard let other = other as? Self else { preconditionFailure("states of one call merge only with each other") }
        for otherSlot in slots { try absorb(other, slot: Int(otherSlot), into: slot) }
    }

    func merge(slot: Int, from other: any AggregateStates, slot otherSlot: Int) throws(QueryError) {
        guard let other = other as? Self else { preconditionFailure("states of one call merge only with each other") }
        try absorb(other, slot: otherSlot, into: slot)
    }
}

/// Hands the content of a property to `body` as a variable of its own. Loops that write through an object's property
/// check every write for overlapping access, 15 ns a row; through a variable of their own they do not.
@inline(__always)
func withOwn<Element>(_ property: inout [Element], _ body: (inout [Element]) -> Void) {
    var own: [Element] = []
    swap(&own, &property)
    body(&own)
    swap(&own, &property)
}

extension Array {
    /// Appends copies of `element` until there are `count`.
    mutating func extend(to count: Int, with element: Element) {
        if count > self.count { append(contentsOf: repeatElement(element, count: count - self.count)) }
    }
}
