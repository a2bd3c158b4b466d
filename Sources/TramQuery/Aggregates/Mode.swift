import TramColumnar

/// `mode`: the most frequent value, the smallest of those that tie. Keeps a count for each different value.
final class ModeStates: PresentStates {
    let resultType: ColumnType
    private let kind: ValueKind
    private let texts: StateTexts
    private var counts: [[UInt64: Int64]] = []

    init(inputType: ColumnType, texts: StateTexts) {
        resultType = inputType
        kind = ValueKind(inputType)
        self.texts = texts
    }

    var needsTimes: Bool { false }
    var slotCount: Int { counts.count }
    var byteCount: Int { counts.reduce(0) { $0 + 8 + $1.capacity * 17 } }

    func grow(to count: Int) { counts.extend(to: count, with: [:]) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        // Sensors repeat themselves: a stretch of equal values is looked up once.
        var row = 0
        while row < bits.count {
            let start = row
            let value = bits[row]
            repeat { row += 1 } while row < bits.count && bits[row] == value
            if let canonical = kind.canonical(value) { counts[slot][canonical, default: 0] += Int64(row - start) }
        }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        for row in bits.indices where slots[row] >= 0 {
            if let canonical = kind.canonical(bits[row]) { counts[Int(slots[row])][canonical, default: 0] += 1 }
        }
    }

    func absorb(_ other: ModeStates, slot otherSlot: Int, into slot: Int) throws(QueryError) {
        // Checked before anything is changed.
        for (value, count) in other.counts[otherSlot] {
            if let held = counts[slot][value] { _ = try PartialState.total(held, count) }
        }
        counts[slot].merge(other.counts[otherSlot], uniquingKeysWith: +)
    }

    func reset(slot: Int) { counts[slot] = [:] }

    /// O(different values of the slot).
    func finish(slot: Int) -> UInt64? {
        let texts = kind == .text ? texts.all() : []
        var best: (value: UInt64, count: Int64)?
        for (value, count) in counts[slot] {
            if let best {
                if count < best.count { continue }
                if count == best.count {
                    let isLess =
                        kind == .text
                        ? StateTexts.isOrdered(texts[Int(value)], before: texts[Int(best.value)])
                        : kind.orderKey(value) < kind.orderKey(best.value)
                    if !isLess { continue }
                }
            }
            best = (value, count)
        }
        return best?.value
    }

    var stateKind: PartialState.Kind { .mode }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard !counts[slot].isEmpty else { return }
        bytes.append(PartialState.typeCode(resultType))
        ValueList(Array(counts[slot].keys), kind, texts).append(to: &bytes) { value, bytes in
            bytes.appendVarint(UInt64(counts[slot][value] ?? 0))
        }
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(resultType)
        var held: [UInt64: Int64] = [:]
        try ValueList.read(&reader, kind, as: resultType, texts, isSet: true) {
            (value, reader: inout StateReader) throws(PartialStateError) in
            let start = reader.offset
            // Two texts may have one code where the table takes them for the same.
            let (count, overflow) = try reader.count().addingReportingOverflow(held[value] ?? 0)
            guard !overflow, count <= PartialState.mostValues else { throw .malformed(at: start) }
            held[value] = count
        }
        counts[slot] = held
    }
}
