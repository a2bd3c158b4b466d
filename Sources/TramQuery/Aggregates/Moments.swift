import TramColumnar

/// Sample variance and standard deviation (n - 1); null below two values.
///
/// The exception to the promise of equal bits: merges add rounded floats, so another order of merges may differ in the
/// last digits (relative 1e-12 on sensor data). Chan, Golub, LeVeque, "Algorithms for Computing the Sample Variance",
/// The American Statistician 37(3), 1983, doi:10.1080/00031305.1983.10483115.
final class MomentStates: PresentStates {
    enum Result: Sendable { case variance, deviation }

    let resultType: ColumnType
    private let result: Result
    private let kind: ValueKind
    private var counts: [Double] = []
    private var means: [Double] = []
    /// Sums of squared distances from the mean.
    private var squares: [Double] = []
    private var scratch: [Double] = []

    init(_ result: Result, inputType: ColumnType) {
        self.result = result
        kind = ValueKind(inputType)
        resultType = inputType == .duration ? .duration : .float
    }

    var needsTimes: Bool { false }
    var slotCount: Int { counts.count }
    var byteCount: Int { counts.count * 24 }

    func grow(to count: Int) {
        counts.extend(to: count, with: 0)
        means.extend(to: count, with: 0)
        squares.extend(to: count, with: 0)
    }

    func addRun(_ bits: Span<UInt64>, timestamps: Span<Int64>, series: UInt32, to slot: Int) {
        kind.doubles(bits, into: &scratch)
        guard !scratch.isEmpty else { return }
        combine(FloatRuns.moments(scratch), into: slot)
    }

    func addRows(_ bits: Span<UInt64>, slots: Span<Int32>, timestamps: Span<Int64>, series: Span<UInt32>) {
        let kind = kind
        withOwn(&counts) { counts in
            withOwn(&means) { means in
                withOwn(&squares) { squares in
                    for row in bits.indices where slots[row] >= 0 {
                        guard let value = kind.double(bits[row]) else { continue }
                        // Welford's step.
                        let slot = Int(slots[row])
                        let count = counts[slot] + 1
                        let distance = value - means[slot]
                        let mean = means[slot] + distance / count
                        counts[slot] = count
                        means[slot] = mean
                        squares[slot] += distance * (value - mean)
                    }
                }
            }
        }
    }

    private func combine(_ other: FloatRuns.Moments, into slot: Int) {
        guard other.count > 0 else { return }
        if counts[slot] == 0 {
            counts[slot] = other.count
            means[slot] = other.mean
            squares[slot] = other.squares
            return
        }
        let own = FloatRuns.Moments(count: counts[slot], mean: means[slot], squares: squares[slot])
        let count = own.count + other.count
        // The step is taken from the larger side, whichever that is, so that a merge is the same from either side.
        let isLarger = (own.count, own.mean) > (other.count, other.mean)
        let (base, added) = isLarger ? (own, other) : (other, own)
        let distance = added.mean - base.mean
        counts[slot] = count
        means[slot] = base.mean + distance * (added.count / count)
        squares[slot] = (base.squares + added.squares) + distance * distance * (base.count * (added.count / count))
    }

    func absorb(_ other: MomentStates, slot otherSlot: Int, into slot: Int) {
        let part = FloatRuns.Moments(
            count: other.counts[otherSlot], mean: other.means[otherSlot], squares: other.squares[otherSlot])
        combine(part, into: slot)
    }

    func reset(slot: Int) {
        counts[slot] = 0
        means[slot] = 0
        squares[slot] = 0
    }

    func finish(slot: Int) throws(QueryError) -> UInt64? {
        guard counts[slot] >= 2 else { return nil }
        let variance = squares[slot] / (counts[slot] - 1)
        return try resultBits(result == .variance ? variance : variance.squareRoot(), as: resultType)
    }
}
