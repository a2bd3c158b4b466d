import TramColumnar

/// `count()`: rows; `count(f)`: present values of f. Never null.
final class CountStates: AggregateStates {
    private var counts: [Int64] = []

    var resultType: ColumnType { .int }
    var slotCount: Int { counts.count }
    var byteCount: Int { counts.count * 8 }

    func grow(to count: Int) { counts.extend(to: count, with: 0) }

    func update(slot: Int, column: Column?, timestamps: [Int64], rows: Range<Int>, series: UInt32) {
        guard let presence = column?.presence else {
            counts[slot] += Int64(rows.count)
            return
        }
        var present: Int64 = 0
        for row in rows where presence[row] { present += 1 }
        counts[slot] += present
    }

    var needsTimes: Bool { false }

    var takesSummaries: Bool { true }

    func add(
        _ summary: ColumnSummary?, rows: Int, first: Int64, last: Int64, series: UInt32, to slot: Int
    ) -> Bool {
        counts[slot] += Int64(summary?.count ?? rows)
        return true
    }

    func add(mantissas: Span<Int64>, scale: Int, timestamps: Span<Int64>, series: UInt32, to slot: Int) -> Bool {
        counts[slot] += Int64(mantissas.count)
        return true
    }

    func add(mantissas: [Int64], scale: Int, timestamps: [Int64], series: UInt32, runs: [SlotRun]) -> Bool {
        withOwn(&counts) { counts in
            for run in runs { counts[run.slot] += Int64(run.rows.count) }
        }
        return true
    }

    func update(_ column: Column?, timestamps: [Int64], series: UInt32, runs: [SlotRun]) {
        guard column?.presence == nil else {
            for run in runs {
                update(slot: run.slot, column: column, timestamps: timestamps, rows: run.rows, series: series)
            }
            return
        }
        _ = add(mantissas: [], scale: 0, timestamps: [], series: series, runs: runs)
    }

    func scatter(slots: [Int32], column: Column?, timestamps: [Int64], series: [UInt32]) {
        let presence = column?.presence
        withOwn(&counts) { counts in
            for row in slots.indices where slots[row] >= 0 {
                if let presence, !presence[row] { continue }
                counts[Int(slots[row])] += 1
            }
        }
    }

    func merge(slot: Int, from other: any AggregateStates, slot otherSlot: Int) throws(QueryError) {
        guard let other = other as? CountStates else { preconditionFailure("counts merge only with counts") }
        counts[slot] = try PartialState.total(counts[slot], other.counts[otherSlot])
    }

    func reset(slot: Int) { counts[slot] = 0 }

    func finish(slot: Int) -> UInt64? { UInt64(bitPattern: counts[slot]) }

    var stateKind: PartialState.Kind { .count }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        if counts[slot] > 0 { bytes.appendVarint(UInt64(counts[slot])) }
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        counts[slot] = try reader.count()
    }
}
