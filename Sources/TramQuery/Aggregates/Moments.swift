import TramColumnar

/// Sample variance and standard deviation (n - 1); null below two values. Exact until the end (`ExactMoments`), so that
/// neither the order of rows nor that of merges shows, and a small spread far from zero keeps all its digits.
final class MomentStates: PresentStates {
    enum Result: Sendable { case variance, deviation }

    let resultType: ColumnType
    private let result: Result
    private let inputType: ColumnType
    private let isFloat: Bool
    private let isUnsigned: Bool
    private var moments = ExactMoments()

    init(_ result: Result, inputType: ColumnType) {
        self.result = result
        self.inputType = inputType
        isFloat = inputType == .float
        isUnsigned = inputType == .uint
        resultType = inputType == .duration ? .duration : .float
    }

    var needsTimes: Bool { false }
    var slotCount: Int { moments.counts.count }
    var byteCount: Int { moments.byteCount }

    func grow(to count: Int) { moments.grow(to: count) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        if isFloat {
            moments.addFloats(bits, to: slot)
        } else {
            moments.addIntegers(bits, isUnsigned: isUnsigned, to: slot)
        }
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        for row in bits.indices where slots[row] >= 0 {
            if isFloat {
                moments.addFloat(bits[row], to: Int(slots[row]))
            } else {
                moments.addInteger(bits[row], isUnsigned: isUnsigned, to: Int(slots[row]))
            }
        }
    }

    func absorb(_ other: MomentStates, slot otherSlot: Int, into slot: Int) throws(QueryError) {
        let part = other.moments.part(otherSlot)
        try moments.add(part, to: slot)
    }

    func reset(slot: Int) { moments.reset(slot) }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        guard moments.counts[slot] >= 2, let variance = moments.number(slot).variance else { return nil }
        return try resultBits(result == .variance ? variance : variance.squareRoot(), as: resultType)
    }

    var stateKind: PartialState.Kind { .moments }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard moments.counts[slot] > 0 else { return }
        bytes.append(PartialState.typeCode(inputType))
        moments.number(slot).append(to: &bytes)
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        moments.set(slot, to: try MomentNumber(&reader))
    }
}
