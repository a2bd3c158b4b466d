import TramColumnar

/// What a series has in a slot, as it is written:
///
///     bytes    field
///     varint   key of the series; of every further one its distance from the key before
///     1        sum of 1 (a stretch), 2 (a row before) and 4 (the time of the row after)
///     row      the row before the first
///     row      the first row of the stretch, and its last
///     varint   rows that follow, 0...64
///     row      each of them
///     varint   time from the last row to the one after
///     varint   steps of the stretch
///     varint   nanoseconds that its steps have more than there are from its first row to its last, up to 128 bits
///     ...      what the steps have added up: an `ExactNumber` of floats, else zigzag of up to 128 bits
///
/// A row is a time and a value. The first time is a word, every further one a varint, the distance from that before.
///
/// All but the newest 64 rows are in the stretch, however many the holder still had one by one: so it does not show in
/// which order they came.
extension StepStates {
    static let writtenRows = SeriesTimelines.keptInOrder
    private static let mostExcess: UInt128 = 1 << 96

    private enum Part {
        static let stretch: UInt8 = 1
        static let before: UInt8 = 2
        static let after: UInt8 = 4
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
        guard let first = entry.first else { return }
        var scratch = ExactSums()
        scratch.grow(to: 1)
        var totals = StepTotals(sum: 0)
        let (last, next) = steps(of: entry, leaving: Self.writtenRows, &totals, &scratch)
        let rows = entry.rows[next...]
        var (before, after) = timelines.neighbours(of: number)
        if !kind.isWeightedByTime { after = nil }
        bytes.append(
            (last == nil ? 0 : Part.stretch) | (before == nil ? 0 : Part.before) | (after == nil ? 0 : Part.after))
        var time: Int64?
        for row in [before, last == nil ? nil : first, last] {
            if let row { append(row, &time, to: &bytes) }
        }
        bytes.appendVarint(count: rows.count)
        for row in rows { append(row, &time, to: &bytes) }
        if let after, let time { bytes.appendVarint(UInt64(bitPattern: after &- time)) }
        guard let last else { return }
        let span = Int128(last.time) - Int128(first.time)
        bytes.appendVarint(count: totals.stepCount)
        bytes.appendVarint(min(UInt128(max(0, totals.elapsed - span)), Self.mostExcess))
        if sumsFloats {
            scratch.number(0).append(to: &bytes)
        } else {
            bytes.appendZigzag(totals.whole)
        }
    }

    private func append(_ row: TimedBits, _ time: inout Int64?, to bytes: inout [UInt8]) {
        if let time {
            bytes.appendVarint(UInt64(bitPattern: row.time &- time))
        } else {
            bytes.appendWord(UInt64(bitPattern: row.time))
        }
        time = row.time
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
        let parts = try reader.byte()
        let allowed = Part.stretch | Part.before | (kind.isWeightedByTime ? Part.after : 0)
        guard parts & ~allowed == 0 else { throw .malformed(at: start) }
        var entry = SeriesTimelines.Entry()
        entry.series = key
        var time: Int64?
        if parts & Part.before != 0 { entry.before = try row(&reader, &time) }
        var ends: (first: TimedBits, last: TimedBits)?
        if parts & Part.stretch != 0 { ends = (try row(&reader, &time), try row(&reader, &time)) }
        let rowStart = reader.offset
        let count = try reader.varint(in: (ends == nil ? 1 : 0)...UInt64(Self.writtenRows))
        for _ in 0..<count {
            let start = reader.offset
            let row = try row(&reader, &time)
            if let before = entry.rows.last, row.time == before.time,
                valueKind.orderKey(row.bits) < valueKind.orderKey(before.bits)
            {
                throw .malformed(at: start)
            }
            entry.rows.append(row)
        }
        if parts & Part.after != 0, let last = time {
            let after = try reader.time(notBefore: last)
            guard after > last else { throw .malformed(at: rowStart) }
            entry.after = after
        }
        if let ends {
            let totals = try totals(from: ends.first, to: ends.last, &reader)
            entry.stretches = [SeriesTimelines.Stretch(first: ends.first, last: ends.last, totals: totals)]
        }
        guard let first = entry.first, entry.before.map({ $0.time < first.time }) ?? true else {
            throw .malformed(at: start)
        }
        return entry
    }

    private func row(_ reader: inout StateReader, _ time: inout Int64?) throws(PartialStateError) -> TimedBits {
        let own: Int64
        if let time {
            own = try reader.time(notBefore: time)
        } else {
            own = Int64(bitPattern: try reader.word())
        }
        time = own
        return TimedBits(time: own, bits: hasValues ? try valueKind.read(&reader, as: inputType, StateTexts()) : 1)
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
        return StepTotals(
            whole: whole, elapsed: elapsed, stepCount: Int(steps), sum: inputType == .float ? newSum() : -1)
    }
}
