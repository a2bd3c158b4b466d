import TramColumnar

/// `first` and `last`: the value with the smallest or largest time. Of several series' values at that time it is the
/// smallest or largest (texts in the order of `min` and `max`), so that the order of arrival, which numbers series and
/// texts, does not matter: states of nodes with other numbers merge.
final class FirstLastStates: PresentStates {
    enum End: Sendable { case first, last }

    let resultType: ColumnType
    private let end: End
    private let kind: ValueKind
    private let texts: StateTexts
    private var times: [Int64] = []
    private var values: [UInt64] = []
    private var isSeen: [Bool] = []

    init(_ end: End, inputType: ColumnType, texts: StateTexts) {
        self.end = end
        self.texts = texts
        kind = ValueKind(inputType)
        resultType = inputType
    }

    var slotCount: Int { times.count }
    var byteCount: Int { times.count * 17 }

    func grow(to count: Int) {
        times.extend(to: count, with: 0)
        values.extend(to: count, with: 0)
        isSeen.extend(to: count, with: false)
    }

    var takesSummaries: Bool { true }

    func add(
        _ summary: ColumnSummary?, rows: Int, first: Int64, last: Int64, series: UInt32, to slot: Int
    ) -> Bool {
        guard let summary, !summary.hasNonFinite, kind == ValueKind(summary.type.columnType) else { return false }
        if summary.count == 0 { return true }
        // Which row had the value is known only when all had one.
        guard summary.count == rows else { return false }
        take(
            end == .first ? summary.first : summary.last, time: end == .first ? first : last, into: slot)
        return true
    }

    func add(mantissas: Span<Int64>, scale: Int, timestamps: Span<Int64>, series: UInt32, to slot: Int) -> Bool {
        guard kind == .float || kind == .signed, !mantissas.isEmpty else { return false }
        let row = end == .first ? 0 : mantissas.count - 1
        let bits =
            kind == .float
            ? IntegerRuns.float(mantissas[row], scale: scale).bitPattern : UInt64(bitPattern: mantissas[row])
        take(bits, time: timestamps[row], into: slot)
        return true
    }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        // Rows mostly come in order of time: then only the row at the right end does more than one comparison.
        let count = bits.count
        for step in 0..<count {
            let row = end == .first ? step : count - 1 - step
            if isSeen[slot], end == .first ? timestamps[row] > times[slot] : timestamps[row] < times[slot] { continue }
            take(bits[row], time: timestamps[row], into: slot)
        }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        for row in bits.indices where slots[row] >= 0 {
            take(bits[row], time: timestamps[row], into: Int(slots[row]))
        }
    }

    private func take(_ bits: UInt64, time: Int64, into slot: Int) {
        guard let value = kind.canonical(bits) else { return }
        if isSeen[slot] {
            if end == .first ? time > times[slot] : time < times[slot] { return }
            if time == times[slot], end == .first ? !isLess(value, values[slot]) : !isLess(values[slot], value) {
                return
            }
        }
        isSeen[slot] = true
        times[slot] = time
        values[slot] = value
    }

    private func isLess(_ left: UInt64, _ right: UInt64) -> Bool {
        guard kind == .text else { return kind.orderKey(left) < kind.orderKey(right) }
        if left == right { return false }
        let all = texts.all()
        return StateTexts.isOrdered(all[Int(left)], before: all[Int(right)])
    }

    func absorb(_ other: FirstLastStates, slot otherSlot: Int, into slot: Int) {
        guard other.isSeen[otherSlot] else { return }
        take(other.values[otherSlot], time: other.times[otherSlot], into: slot)
    }

    func reset(slot: Int) { isSeen[slot] = false }

    func finish(slot: Int) -> UInt64? { isSeen[slot] ? values[slot] : nil }

    var stateKind: PartialState.Kind { end == .first ? .first : .last }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard isSeen[slot] else { return }
        bytes.append(PartialState.typeCode(resultType))
        bytes.appendWord(UInt64(bitPattern: times[slot]))
        kind.append(values[slot], to: &bytes, texts.all())
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(resultType)
        times[slot] = Int64(bitPattern: try reader.word())
        values[slot] = try kind.read(&reader, as: resultType, texts)
        isSeen[slot] = true
    }
}
