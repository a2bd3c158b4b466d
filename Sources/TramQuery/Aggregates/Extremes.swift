import TramColumnar

/// `min` and `max` of everything that has an order as a number, and the times at which they were first reached.
///
/// Slots hold order keys; for a maximum the key is turned around, so that the smallest key always wins.
final class ExtremeStates: PresentStates {
    enum Side: Sendable { case low, high }

    let resultType: ColumnType
    private let side: Side
    private let kind: ValueKind
    private let inputType: ColumnType
    private let givesTime: Bool
    private var keys: [Int64] = []
    private var isSeen: [Bool] = []
    /// The earliest time of the extreme. Empty unless the time is the result.
    private var times: [Int64] = []

    init(_ side: Side, inputType: ColumnType, givesTime: Bool) {
        self.side = side
        self.givesTime = givesTime
        self.inputType = inputType
        kind = ValueKind(inputType)
        resultType = givesTime ? .time : inputType
    }

    var slotCount: Int { keys.count }
    var byteCount: Int { keys.count * (givesTime ? 17 : 9) }

    func grow(to count: Int) {
        keys.extend(to: count, with: 0)
        isSeen.extend(to: count, with: false)
        if givesTime { times.extend(to: count, with: 0) }
    }

    @inline(__always)
    private func key(_ bits: UInt64) -> Int64? {
        guard let canonical = kind.canonical(bits) else { return nil }
        return side == .low ? kind.orderKey(canonical) : ~kind.orderKey(canonical)
    }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        guard let best = bestKey(bits) else { return }
        if isSeen[slot], best > keys[slot] { return }
        guard givesTime else {
            take(best, time: 0, into: slot)
            return
        }
        var earliest = Int64.max
        for row in bits.indices where timestamps[row] <= earliest && key(bits[row]) == best {
            earliest = timestamps[row]
        }
        take(best, time: earliest, into: slot)
    }

    var needsTimes: Bool { givesTime }
    var ignoresRepetition: Bool { true }

    var takesSummaries: Bool { !givesTime }

    func add(
        _ summary: ColumnSummary?, rows: Int, first: Int64, last: Int64, series: UInt32, to slot: Int
    ) -> Bool {
        guard let summary, !givesTime, !summary.hasNonFinite else { return false }
        if summary.count == 0 { return true }
        guard kind == ValueKind(summary.type.columnType), kind != .text,
            let key = key(side == .low ? summary.minimum : summary.maximum)
        else { return false }
        take(key, time: 0, into: slot)
        return true
    }

    func add(mantissas: Span<Int64>, scale: Int, timestamps: Span<Int64>, series: UInt32, to slot: Int) -> Bool {
        guard !givesTime, !mantissas.isEmpty, kind == .float || kind == .signed else { return false }
        let extremes = IntegerRuns.extremes(mantissas)
        let mantissa = side == .low ? extremes.low : extremes.high
        let bits = kind == .float ? IntegerRuns.float(mantissa, scale: scale).bitPattern : UInt64(bitPattern: mantissa)
        if let key = key(bits) { take(key, time: 0, into: slot) }
        return true
    }

    func add(mantissas: [Int64], scale: Int, timestamps: [Int64], series: UInt32, runs: [SlotRun]) -> Bool {
        guard !givesTime, kind == .float || kind == .signed else { return false }
        let isLow = side == .low
        let isFloat = kind == .float
        let values = mantissas.span
        withOwn(&keys) { keys in
            withOwn(&isSeen) { isSeen in
                for run in runs where !run.rows.isEmpty {
                    let extremes = IntegerRuns.extremes(values.extracting(run.rows))
                    let mantissa = isLow ? extremes.low : extremes.high
                    let bits =
                        isFloat
                        ? IntegerRuns.float(mantissa, scale: scale).bitPattern : UInt64(bitPattern: mantissa)
                    guard let key = self.key(bits) else { continue }
                    if !isSeen[run.slot] || key < keys[run.slot] {
                        isSeen[run.slot] = true
                        keys[run.slot] = key
                    }
                }
            }
        }
        return true
    }

    private func bestKey(_ bits: Span<UInt64>) -> Int64? {
        if kind == .float {
            guard let extremes = unsafe bits.withUnsafeBufferPointer({ unsafe FloatRuns.extremes($0) }) else {
                return nil
            }
            return key((side == .low ? extremes.low : extremes.high).bitPattern)
        }
        guard !bits.isEmpty else { return nil }
        // What turns bits into keys that win by being small.
        let turn: UInt64 = (kind == .unsigned ? 1 << 63 : 0) ^ (side == .high ? ~0 : 0)
        var best = Int64.max
        for row in bits.indices { best = min(best, Int64(bitPattern: bits[row] ^ turn)) }
        return best
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        for row in bits.indices where slots[row] >= 0 {
            guard let key = key(bits[row]) else { continue }
            take(key, time: timestamps[row], into: Int(slots[row]))
        }
    }

    @inline(__always)
    private func take(_ key: Int64, time: Int64, into slot: Int) {
        guard isSeen[slot] else {
            isSeen[slot] = true
            keys[slot] = key
            if givesTime { times[slot] = time }
            return
        }
        if key < keys[slot] {
            keys[slot] = key
            if givesTime { times[slot] = time }
        } else if givesTime, key == keys[slot], time < times[slot] {
            times[slot] = time
        }
    }

    func absorb(_ other: ExtremeStates, slot otherSlot: Int, into slot: Int) {
        guard other.isSeen[otherSlot] else { return }
        take(other.keys[otherSlot], time: givesTime ? other.times[otherSlot] : 0, into: slot)
    }

    func reset(slot: Int) { isSeen[slot] = false }

    func finish(slot: Int) -> UInt64? {
        guard isSeen[slot] else { return nil }
        return givesTime ? UInt64(bitPattern: times[slot]) : value(of: slot)
    }

    private func value(of slot: Int) -> UInt64 { kind.bits(ofKey: side == .low ? keys[slot] : ~keys[slot]) }

    var stateKind: PartialState.Kind {
        switch side {
        case .low: givesTime ? .minAt : .min
        case .high: givesTime ? .maxAt : .max
        }
    }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard isSeen[slot] else { return }
        bytes.append(PartialState.typeCode(inputType))
        kind.append(value(of: slot), to: &bytes, [])
        if givesTime { bytes.appendWord(UInt64(bitPattern: times[slot])) }
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        let key = kind.orderKey(try kind.read(&reader, as: inputType, StateTexts()))
        keys[slot] = side == .low ? key : ~key
        if givesTime { times[slot] = Int64(bitPattern: try reader.word()) }
        isSeen[slot] = true
    }
}

/// `spread`: the largest value less the smallest. For times it is a duration.
final class SpreadStates: PresentStates {
    let resultType: ColumnType
    private let inputType: ColumnType
    private let kind: ValueKind
    /// Order keys; a slot is empty when low > high.
    private var lows: [Int64] = []
    private var highs: [Int64] = []

    init(inputType: ColumnType) {
        self.inputType = inputType
        kind = ValueKind(inputType)
        resultType = inputType == .time ? .duration : inputType
    }

    var slotCount: Int { lows.count }
    var byteCount: Int { lows.count * 16 }

    func grow(to count: Int) {
        lows.extend(to: count, with: .max)
        highs.extend(to: count, with: .min)
    }

    var needsTimes: Bool { false }
    var ignoresRepetition: Bool { true }

    var takesSummaries: Bool { true }

    func add(
        _ summary: ColumnSummary?, rows: Int, first: Int64, last: Int64, series: UInt32, to slot: Int
    ) -> Bool {
        guard let summary, !summary.hasNonFinite, kind == ValueKind(summary.type.columnType), kind != .text,
            let low = kind.canonical(summary.minimum), let high = kind.canonical(summary.maximum)
        else { return false }
        if summary.count > 0 { widen(slot, low: kind.orderKey(low), high: kind.orderKey(high)) }
        return true
    }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        var low = Int64.max
        var high = Int64.min
        if kind == .float {
            guard let extremes = unsafe bits.withUnsafeBufferPointer({ unsafe FloatRuns.extremes($0) }) else { return }
            low = kind.orderKey(extremes.low.bitPattern)
            high = kind.orderKey(extremes.high.bitPattern)
        } else {
            for row in bits.indices {
                let key = kind.orderKey(bits[row])
                low = min(low, key)
                high = max(high, key)
            }
        }
        widen(slot, low: low, high: high)
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        let kind = kind
        withOwn(&lows) { lows in
            withOwn(&highs) { highs in
                for row in bits.indices where slots[row] >= 0 {
                    guard let canonical = kind.canonical(bits[row]) else { continue }
                    let key = kind.orderKey(canonical)
                    let slot = Int(slots[row])
                    if key < lows[slot] { lows[slot] = key }
                    if key > highs[slot] { highs[slot] = key }
                }
            }
        }
    }

    @inline(__always)
    private func widen(_ slot: Int, low: Int64, high: Int64) {
        lows[slot] = min(lows[slot], low)
        highs[slot] = max(highs[slot], high)
    }

    func absorb(_ other: SpreadStates, slot otherSlot: Int, into slot: Int) {
        widen(slot, low: other.lows[otherSlot], high: other.highs[otherSlot])
    }

    func reset(slot: Int) {
        lows[slot] = .max
        highs[slot] = .min
    }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        guard lows[slot] <= highs[slot] else { return nil }
        let low = kind.bits(ofKey: lows[slot])
        let high = kind.bits(ofKey: highs[slot])
        switch kind {
        case .float:
            return try resultBits(Double(bitPattern: high) - Double(bitPattern: low), as: .float)
        case .unsigned:
            return high - low
        case .signed, .text:
            let (spread, overflow) = Int64(bitPattern: high).subtractingReportingOverflow(Int64(bitPattern: low))
            if overflow { throw .aggregateOverflow }
            return UInt64(bitPattern: spread)
        }
    }

    var stateKind: PartialState.Kind { .spread }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard lows[slot] <= highs[slot] else { return }
        bytes.append(PartialState.typeCode(inputType))
        kind.append(kind.bits(ofKey: lows[slot]), to: &bytes, [])
        kind.append(kind.bits(ofKey: highs[slot]), to: &bytes, [])
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        let start = reader.offset
        let low = kind.orderKey(try kind.read(&reader, as: inputType, StateTexts()))
        let high = kind.orderKey(try kind.read(&reader, as: inputType, StateTexts()))
        guard low <= high else { throw .malformed(at: start) }
        lows[slot] = low
        highs[slot] = high
    }
}

/// `min` and `max` of texts, in the order of `StateTexts.isOrdered`.
final class TextExtremeStates: PresentStates {
    let resultType: ColumnType
    private let side: ExtremeStates.Side
    private let texts: StateTexts
    private var codes: [UInt64] = []
    private var isSeen: [Bool] = []

    init(_ side: ExtremeStates.Side, inputType: ColumnType, texts: StateTexts) {
        self.side = side
        self.texts = texts
        resultType = inputType
    }

    var needsTimes: Bool { false }
    var ignoresRepetition: Bool { true }
    var slotCount: Int { codes.count }
    var byteCount: Int { codes.count * 9 }

    func grow(to count: Int) {
        codes.extend(to: count, with: 0)
        isSeen.extend(to: count, with: false)
    }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        let texts = texts.all()
        for row in bits.indices { take(bits[row], into: slot, texts) }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        let texts = texts.all()
        for row in bits.indices where slots[row] >= 0 { take(bits[row], into: Int(slots[row]), texts) }
    }

    private func take(_ code: UInt64, into slot: Int, _ texts: [String]) {
        if isSeen[slot] {
            let held = codes[slot]
            if code == held { return }
            let isLess = StateTexts.isOrdered(texts[Int(code)], before: texts[Int(held)])
            if isLess != (side == .low) { return }
        }
        isSeen[slot] = true
        codes[slot] = code
    }

    func absorb(_ other: TextExtremeStates, slot otherSlot: Int, into slot: Int) {
        guard other.isSeen[otherSlot] else { return }
        take(other.codes[otherSlot], into: slot, texts.all())
    }

    func reset(slot: Int) { isSeen[slot] = false }

    func finish(slot: Int) -> UInt64? { isSeen[slot] ? codes[slot] : nil }

    var stateKind: PartialState.Kind { side == .low ? .min : .max }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard isSeen[slot] else { return }
        bytes.append(PartialState.typeCode(resultType))
        ValueKind.text.append(codes[slot], to: &bytes, texts.all())
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(resultType)
        codes[slot] = try ValueKind.text.read(&reader, as: resultType, texts)
        isSeen[slot] = true
    }
}
