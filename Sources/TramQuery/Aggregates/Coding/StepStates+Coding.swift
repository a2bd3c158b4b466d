import TramColumnar

/// What a series has in a slot, as it is written:
///
///     bytes    field
///     varint   key of the series; of every further one its distance from the key before
///     8        time of its first row
///     1        sum of 1 (a row before is known) and 2 (the time of the row after is)
///     row      the row before; its time is the distance back from the first, 1 or more
///     varint   time of the row after, the distance from the last, 1 or more
///     varint   stretches, 0...1,024
///     ...      stretches
///     varint   rows, 0...8,192; not 0 without a stretch
///     row      rows; times are distances from the row before, of the first from the first time
///
/// A row is a varint for its time and a value. A stretch is:
///
///     row      the first, its time the distance from the first of the stretch before, or from the first time
///     row      the last, its time the distance from the first
///     varint   steps
///     varint   nanoseconds that its steps have more than there are from its first row to its last, up to 128 bits
///     ...      what the steps have added up: an `ExactNumber` of floats, else zigzag of up to 128 bits
///
/// Of a series whose rows came into one slot all but the newest 64 are in one stretch, however many the holder still
/// had one by one: so it does not show in which order they came. One that was merged from several parts is written as
/// it is held, for a part that lies between them in time may still come.
extension StepStates {
    private static let writtenRows = SeriesTimelines.keptInOrder
    private static let mostRows = 2 * SeriesTimelines.keptInDisorder
    private static let mostStretches = 1024
    private static let mostExcess: UInt128 = 1 << 96

    private enum Part {
        static let before: UInt8 = 1
        static let after: UInt8 = 2
    }

    var stateKind: PartialState.Kind {
        switch kind {
        case .increase, .rate: .counter
        case .resets: .resets
        case .weightedMean, .integral: .weighted
        case .trueTime, .trueShare: .trueTime
        case .pauses: .pauses
        }
    }

    private var hasValues: Bool { stateKind != .pauses }

    /// Whether the steps add up floats.
    private var sumsFloats: Bool { inputType == .float && (stateKind == .counter || stateKind == .weighted) }

    /// O(rows held of the slot), and sorts its series.
    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        let numbers = timelines.entries(of: slot).map { Int($0) }.filter { timelines.entries[$0].first != nil }
            .sorted { timelines.entries[$0].series < timelines.entries[$1].series }
        guard !numbers.isEmpty else { return }
        if hasValues { bytes.append(PartialState.typeCode(inputType)) }
        bytes.appendVarint(count: numbers.count)
        var key: UInt64 = 0
        for number in numbers {
            let series = timelines.entries[number].series
            bytes.appendVarint(series &- key)
            key = series
            encode(number, to: &bytes)
        }
    }

    private func encode(_ number: Int, to bytes: inout [UInt8]) {
        let entry = timelines.entries[number]
        guard let first = entry.first, let last = entry.last else { return }
        let (before, neighbour) = timelines.neighbours(of: number)
        let after = kind.isWeightedByTime ? neighbour : nil
        bytes.appendWord(UInt64(bitPattern: first.time))
        bytes.append((before == nil ? 0 : Part.before) | (after == nil ? 0 : Part.after))
        if let before {
            append(TimedBits(time: first.time, bits: before.bits), after: before.time, to: &bytes)
        }
        if let after { bytes.appendVarint(UInt64(bitPattern: after &- last.time)) }
        if entry.isJoined, entry.stretches.count <= Self.mostStretches, entry.rows.count <= Self.mostRows {
            bytes.appendVarint(count: entry.stretches.count)
            var time = first.time
            for stretch in entry.stretches {
                let sum = sumsFloats && stretch.totals.sum >= 0 ? sums.number(Int(stretch.totals.sum)) : nil
                append(stretch.first, stretch.last, after: time, stretch.totals, sum, to: &bytes)
                time = stretch.first.time
            }
            append(entry.rows[...], after: first.time, to: &bytes)
            return
        }
        var scratch = ExactSums()
        scratch.grow(to: 1)
        var totals = StepTotals(sum: 0)
        let (folded, next) = steps(of: entry, leaving: Self.writtenRows, &totals, &scratch)
        bytes.appendVarint(count: folded == nil ? 0 : 1)
        if let folded {
            append(first, folded, after: first.time, totals, sumsFloats ? scratch.number(0) : nil, to: &bytes)
        }
        append(entry.rows[next...], after: first.time, to: &bytes)
    }

    private func append(
        _ first: TimedBits, _ last: TimedBits, after time: Int64, _ totals: StepTotals, _ sum: ExactNumber?,
        to bytes: inout [UInt8]
    ) {
        append(first, after: time, to: &bytes)
        append(last, after: first.time, to: &bytes)
        bytes.appendVarint(count: totals.stepCount)
        let span = Int128(last.time) - Int128(first.time)
        bytes.appendVarint(min(UInt128(max(0, totals.elapsed - span)), Self.mostExcess))
        if sumsFloats {
            (sum ?? .decimal(0, scale: 0)).append(to: &bytes)
        } else {
            bytes.appendZigzag(totals.whole)
        }
    }

    private func append(_ rows: ArraySlice<TimedBits>, after first: Int64, to bytes: inout [UInt8]) {
        bytes.appendVarint(count: rows.count)
        var time = first
        for row in rows {
            append(row, after: time, to: &bytes)
            time = row.time
        }
    }

    private func append(_ row: TimedBits, after time: Int64, to bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(bitPattern: row.time &- time))
        if hasValues { valueKind.append(row.bits, to: &bytes, []) }
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        if hasValues { try reader.type(inputType) }
        let start = reader.offset
        let count = try reader.varint()
        // Each series takes many bytes, so that no number makes this long.
        guard count > 0, count <= UInt64(reader.rest) else { throw .malformed(at: start) }
        var key: UInt64 = 0
        for place in 0..<count {
            let start = reader.offset
            let (next, overflow) = key.addingReportingOverflow(try reader.varint())
            guard !overflow, place == 0 || next > key else { throw .malformed(at: start) }
            key = next
            timelines.insert(try entry(key, &reader), into: slot)
        }
    }

    private func entry(_ key: UInt64, _ reader: inout StateReader) throws(PartialStateError) -> SeriesTimelines.Entry {
        let start = reader.offset
        var entry = SeriesTimelines.Entry()
        entry.series = key
        let first = Int64(bitPattern: try reader.word())
        let parts = try reader.byte()
        let allowed = Part.before | (kind.isWeightedByTime ? Part.after : 0)
        guard parts & ~allowed == 0 else { throw .malformed(at: start) }
        if parts & Part.before != 0 {
            // Below `first` there is room for so much.
            let distance = try reader.varint(in: 1...max(1, UInt64(bitPattern: first &- Int64.min)))
            guard first > Int64.min else { throw .malformed(at: start) }
            entry.before = TimedBits(time: first &- Int64(bitPattern: distance), bits: try value(&reader))
        }
        var after: UInt64?
        if parts & Part.after != 0 { after = try reader.varint(in: 1...(.max)) }
        let stretchCount = try reader.varint(in: 0...UInt64(Self.mostStretches))
        do throws(PartialStateError) {
            var time = first
            for _ in 0..<stretchCount {
                let opening = try row(&reader, after: time)
                let closing = try row(&reader, after: opening.time)
                time = opening.time
                entry.stretches.append(
                    SeriesTimelines.Stretch(
                        first: opening, last: closing, totals: try totals(from: opening, to: closing, &reader)))
            }
            try readRows(into: &entry, from: first, &reader)
            guard entry.first?.time == first, let last = entry.last?.time else { throw .malformed(at: start) }
            if let after {
                guard after <= UInt64(bitPattern: Int64.max &- last) else { throw .malformed(at: start) }
                entry.after = last &+ Int64(bitPattern: after)
            }
            entry.isJoined =
                entry.stretches.count > 1 || entry.rows.count > Self.writtenRows
                || zip(entry.rows.prefix(1), entry.stretches).contains { $0.time < $1.last.time }
        } catch {
            for stretch in entry.stretches { release(stretch.totals) }
            throw error
        }
        return entry
    }

    private func readRows(
        into entry: inout SeriesTimelines.Entry, from first: Int64, _ reader: inout StateReader
    ) throws(PartialStateError) {
        let count = try reader.varint(in: (entry.stretches.isEmpty ? 1 : 0)...UInt64(Self.mostRows))
        for _ in 0..<count {
            let start = reader.offset
            let row = try row(&reader, after: entry.rows.last?.time ?? first)
            if let before = entry.rows.last, row.time == before.time,
                valueKind.orderKey(row.bits) < valueKind.orderKey(before.bits)
            {
                throw .malformed(at: start)
            }
            entry.rows.append(row)
        }
    }

    private func row(_ reader: inout StateReader, after time: Int64) throws(PartialStateError) -> TimedBits {
        TimedBits(time: try reader.time(notBefore: time), bits: try value(&reader))
    }

    private func value(_ reader: inout StateReader) throws(PartialStateError) -> UInt64 {
        hasValues ? try valueKind.read(&reader, as: inputType, StateTexts()) : 1
    }

    private func totals(
        from first: TimedBits, to last: TimedBits, _ reader: inout StateReader
    ) throws(PartialStateError) -> StepTotals {
        let start = reader.offset
        let steps = try reader.varint(in: 0...UInt64(StepTotals.mostSteps))
        let excess = try reader.wideVarint()
        guard excess <= Self.mostExcess else { throw .malformed(at: start) }
        let elapsed = Int128(last.time) - Int128(first.time) + Int128(excess)
        // A lone row has taken no step.
        let isLone = steps == 0
        guard !isLone || first == last && excess == 0 else { throw .malformed(at: start) }
        if sumsFloats {
            let sum = try ExactNumber(&reader)
            guard !isLone || sum == .decimal(0, scale: 0) else { throw .malformed(at: start) }
            let number = newSum()
            sums.set(Int(number), to: sum, count: 1)
            return StepTotals(elapsed: elapsed, stepCount: Int(steps), sum: number)
        }
        let whole = try reader.wideZigzag()
        guard !isLone || whole == 0 else { throw .malformed(at: start) }
        return StepTotals(whole: whole, elapsed: elapsed, stepCount: Int(steps))
    }
}
