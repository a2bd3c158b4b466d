import TramColumnar

/// States of a call with two columns. The second one is handed over before `update` and `scatter`, which get the first;
/// both have the same rows.
package protocol PairedStates: AggregateStates {
    /// Floats.
    var second: Column? { get set }
}

/// Sample covariance (n - 1) and Pearson's correlation of two columns, over the rows that have both. Null below two
/// rows, and the correlation where either column does not vary.
///
/// As with variances, another order of merges may differ in the last digits. The co-moments merge as in Chan, Golub,
/// LeVeque (see `MomentStates`); Bennett et al., "Numerically Stable, Single-Pass, Parallel Statistics Algorithms",
/// IEEE Cluster 2009, doi:10.1109/CLUSTR.2009.5289161.
final class PairMomentStates: PairedStates {
    enum Result: Sendable { case covariance, correlation }

    private struct Moments {
        var count = 0.0
        var meanX = 0.0
        var meanY = 0.0
        var squaresX = 0.0
        var squaresY = 0.0
        var products = 0.0

        /// Welford's step.
        mutating func add(_ x: Double, _ y: Double) {
            count += 1
            let distanceX = x - meanX
            let distanceY = y - meanY
            meanX += distanceX / count
            meanY += distanceY / count
            squaresX += distanceX * (x - meanX)
            squaresY += distanceY * (y - meanY)
            products += distanceX * (y - meanY)
        }

        private static func key(_ value: Double) -> Int64 { ValueKind.float.orderKey(value.bitPattern) }

        mutating func merge(_ other: Moments) {
            guard other.count > 0 else { return }
            guard count > 0 else {
                self = other
                return
            }
            // From the larger side, so that a merge is the same from either side. By order keys, for means that have
            // left the floats may be no numbers.
            let isLarger =
                (count, Self.key(meanX), Self.key(meanY)) > (
                    other.count, Self.key(other.meanX), Self.key(other.meanY)
                )
            let (base, added) = isLarger ? (self, other) : (other, self)
            let share = added.count / (base.count + added.count)
            let distanceX = added.meanX - base.meanX
            let distanceY = added.meanY - base.meanY
            count = base.count + added.count
            meanX = base.meanX + distanceX * share
            meanY = base.meanY + distanceY * share
            squaresX = (base.squaresX + added.squaresX) + distanceX * distanceX * (base.count * share)
            squaresY = (base.squaresY + added.squaresY) + distanceY * distanceY * (base.count * share)
            products = (base.products + added.products) + distanceX * distanceY * (base.count * share)
        }
    }

    var resultType: ColumnType { .float }
    var second: Column?
    private let result: Result
    private let inputType: ColumnType
    private let kind: ValueKind
    private var moments: [Moments] = []

    init(_ result: Result, inputType: ColumnType) {
        self.result = result
        self.inputType = inputType
        kind = ValueKind(inputType)
    }

    var slotCount: Int { moments.count }
    var byteCount: Int { moments.count * 48 }
    func grow(to count: Int) { moments.extend(to: count, with: Moments()) }

    func update(slot: Int, column: Column?, timestamps: [Int64], rows: Range<Int>, series: UInt32) {
        var own = Moments()
        for row in rows {
            if let (x, y) = pair(column, row) { own.add(x, y) }
        }
        moments[slot].merge(own)
    }

    func scatter(slots: [Int32], column: Column?, timestamps: [Int64], series: [UInt32]) {
        for row in slots.indices where slots[row] >= 0 {
            if let (x, y) = pair(column, row) { moments[Int(slots[row])].add(x, y) }
        }
    }

    private func pair(_ column: Column?, _ row: Int) -> (Double, Double)? {
        guard let x = column?.value(row).flatMap(kind.double),
            let y = second?.value(row).flatMap(ValueKind.float.double)
        else { return nil }
        return (x, y)
    }

    func merge(slot: Int, from other: any AggregateStates, slot otherSlot: Int) throws(QueryError) {
        guard let other = other as? PairMomentStates else {
            preconditionFailure("states of one call merge only with each other")
        }
        let added = other.moments[otherSlot]
        guard moments[slot].count + added.count <= Self.mostPairs else { throw .aggregateOverflow }
        moments[slot].merge(added)
    }

    func reset(slot: Int) { moments[slot] = Moments() }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        let own = moments[slot]
        guard own.count >= 2 else { return nil }
        switch result {
        case .covariance: return try resultBits(own.products / (own.count - 1), as: .float)
        case .correlation:
            let spread = own.squaresX.squareRoot() * own.squaresY.squareRoot()
            guard spread > 0 else { return nil }
            return try resultBits(min(1, max(-1, own.products / spread)), as: .float)
        }
    }

    /// Up to here floats count by ones.
    private static let mostPairs = 0x1p53

    var stateKind: PartialState.Kind { .pairMoments }

    func encodeBody(slot: Int, to bytes: inout [UInt8]) {
        let own = moments[slot]
        guard own.count > 0 else { return }
        bytes.append(PartialState.typeCode(inputType))
        bytes.appendVarint(UInt64(own.count))
        for value in [own.meanX, own.meanY, own.squaresX, own.squaresY, own.products] {
            bytes.appendWord(Self.written(value))
        }
    }

    func decodeBody(into slot: Int, from reader: inout StateReader) throws(PartialStateError) {
        try reader.type(inputType)
        var own = Moments()
        own.count = Double(try reader.varint(in: 1...UInt64(Self.mostPairs)))
        own.meanX = try Self.value(&reader)
        own.meanY = try Self.value(&reader)
        let start = reader.offset
        own.squaresX = try Self.value(&reader)
        own.squaresY = try Self.value(&reader)
        own.products = try Self.value(&reader)
        guard !(own.squaresX < 0), !(own.squaresY < 0) else { throw .malformed(at: start) }
        moments[slot] = own
    }

    /// One pattern for zero and one for what is no number.
    private static func written(_ value: Double) -> UInt64 { value.isNaN ? 0x7ff8 << 48 : (value + 0.0).bitPattern }

    private static func value(_ reader: inout StateReader) throws(PartialStateError) -> Double {
        let start = reader.offset
        let value = Double(bitPattern: try reader.word())
        guard written(value) == value.bitPattern else { throw .malformed(at: start) }
        return value
    }
}
