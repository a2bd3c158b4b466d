import TramColumnar

/// Quantiles of all values, kept until the end: 8 bytes a value. Integers beyond 2^53 lose their last digits.
final class ExactQuantileStates: PresentStates {
    enum Method: Sendable {
        /// Between order statistics.
        case interpolated
        /// A value that was there.
        case discrete
    }

    let resultType: ColumnType
    private let share: Double
    private let method: Method
    private let inputType: ColumnType
    private let kind: ValueKind
    private var values: [[Double]] = []
    private var valueCount = 0
    private var scratch: [Double] = []

    /// - Parameter share: 0...1.
    init(share: Double, method: Method, inputType: ColumnType) {
        self.share = share
        self.method = method
        self.inputType = inputType
        kind = ValueKind(inputType)
        resultType = inputType == .duration ? .duration : .float
    }

    var slotCount: Int { values.count }
    var byteCount: Int { values.count * 8 + valueCount * 8 }

    func grow(to count: Int) { values.extend(to: count, with: []) }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        kind.doubles(bits, into: &scratch)
        values[slot].append(contentsOf: scratch)
        valueCount += scratch.count
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        for row in bits.indices where slots[row] >= 0 {
            guard let value = kind.double(bits[row]) else { continue }
            values[Int(slots[row])].append(value)
            valueCount += 1
        }
    }

    func absorb(_ other: ExactQuantileStates, slot otherSlot: Int, into slot: Int) {
        let added = other.values[otherSlot]
        values[slot].append(contentsOf: added)
        valueCount += added.count
    }

    func reset(slot: Int) {
        valueCount -= values[slot].count
        values[slot] = []
    }

    /// O(values of the slot): the only finish that is not O(1) or O(buckets).
    func finish(slot: Int) throws(QueryError) -> UInt64? {
        var copy = values[slot]
        let value =
            switch method {
            case .interpolated: OrderStatistics.interpolated(share, of: &copy)
            case .discrete: OrderStatistics.discrete(share, of: &copy)
            }
        guard let value else { return nil }
        return try resultBits(value, as: resultType)
    }

    var stateKind: PartialState.Kind { .values }

    /// O(values * log(values)).
    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        guard !values[slot].isEmpty else { return }
        bytes.append(PartialState.typeCode(inputType))
        // Adding nothing makes 0.0 of -0.0.
        ValueList(values[slot].map { ($0 + 0.0).bitPattern }, .float, StateTexts()).append(to: &bytes)
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        var held: [Double] = []
        try ValueList.read(&reader, .float, as: .float, StateTexts(), isSet: false) { value, _ in
            held.append(Double(bitPattern: value))
        }
        values[slot] = held
        valueCount += held.count
    }
}
