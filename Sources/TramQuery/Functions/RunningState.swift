import TramColumnar

/// What a running function remembers of the rows of one group.
///
/// Rows come in the order of time. A row without a value is never fed.
protocol RunningState {
    /// Takes a row in, and gives the function's value for it, nil for null. `level` is the second operand's value.
    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) throws(QueryError) -> UInt64?
}

/// Value less the value before it.
struct DifferenceState: RunningState {
    let kind: ValueKind
    let at: SourceRange
    private var before: UInt64?

    init(kind: ValueKind, at: SourceRange) {
        self.kind = kind
        self.at = at
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) throws(QueryError) -> UInt64? {
        defer { before = bits }
        guard let before else { return nil }
        switch kind {
        case .float:
            return ExpressionEvaluator.finite(Double(bitPattern: bits) - Double(bitPattern: before))
        case .unsigned:
            // The difference of two unsigned numbers has a sign.
            guard let difference = Int64(exactly: Int128(bits) - Int128(before)) else { throw .runningOverflow(at) }
            return UInt64(bitPattern: difference)
        case .signed, .text:
            let (difference, overflow) = Int64(bitPattern: bits)
                .subtractingReportingOverflow(Int64(bitPattern: before))
            if overflow { throw .runningOverflow(at) }
            return UInt64(bitPattern: difference)
        }
    }
}

/// Change of a float in `unit` nanoseconds.
struct DerivativeState: RunningState {
    let unit: Int64
    private var before: (value: Double, time: Int64)?

    init(unit: Int64) {
        self.unit = unit
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? {
        let value = Double(bitPattern: bits)
        defer { before = (value, time) }
        guard let before else { return nil }
        let elapsed = Double(Int128(time) - Int128(before.time))
        return ExpressionEvaluator.finite((value - before.value) / elapsed * Double(unit))
    }
}

/// Running total: of floats exact and rounded once a row, of integers an error when it does not fit.
struct TotalState: RunningState {
    let type: ColumnType
    let at: SourceRange
    private var whole: Int128 = 0
    private var sums = ExactSums()

    init(type: ColumnType, at: SourceRange) {
        self.type = type
        self.at = at
        sums.grow(to: 1)
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) throws(QueryError) -> UInt64? {
        switch type {
        case .float:
            sums.addValue(Double(bitPattern: bits), to: 0)
            return ExpressionEvaluator.finite(sums.rounded(0))
        case .uint:
            whole += Int128(bits)
            guard let total = UInt64(exactly: whole) else { throw .runningOverflow(at) }
            return total
        default:
            whole += Int128(Int64(bitPattern: bits))
            guard let total = Int64(exactly: whole) else { throw .runningOverflow(at) }
            return UInt64(bitPattern: total)
        }
    }
}

/// The value `count` values before.
struct LagState: RunningState {
    private var ring: Ring<UInt64>

    init(count: Int) {
        ring = Ring(capacity: count)
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? { ring.push(bits) }
}

/// Mean of the last `count` values, this one among them: the exact sum of the decimals, rounded once.
struct MovingMeanState: RunningState {
    private var ring: Ring<Double>
    private var sums = ExactSums()

    init(count: Int) {
        ring = Ring(capacity: count)
        sums.grow(to: 1)
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? {
        let value = Double(bitPattern: bits)
        // What leaves is taken off exactly, so nothing drifts.
        if let oldest = ring.push(value) { sums.addValue(-oldest, to: 0) }
        sums.addValue(value, to: 0)
        return ExpressionEvaluator.finite(sums.rounded(0) / Double(ring.count))
    }
}

/// Median of the last `count` values, this one among them.
struct MovingMedianState: RunningState {
    private var window: SortedWindow

    init(count: Int) {
        window = SortedWindow(capacity: count)
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? {
        window.push(Double(bitPattern: bits))
        return window.median.flatMap(ExpressionEvaluator.finite)
    }
}

/// Exponentially weighted mean; the first value starts it.
struct WeightedMeanState: RunningState {
    let weight: Double
    private var mean: Double?

    init(weight: Double) {
        self.weight = weight
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? {
        let value = Double(bitPattern: bits)
        let next = mean.map { weight * value + (1 - weight) * $0 } ?? value
        mean = next
        return ExpressionEvaluator.finite(next)
    }
}

/// Whether a value differs from the one before.
struct ChangedState: RunningState {
    private var before: UInt64?

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? {
        defer { before = bits }
        return before.map { $0 == bits ? 0 : 1 }
    }
}

/// On which side of the level the value before stood. At the level counts as above.
struct CrossingState: RunningState {
    private var wasAbove: Bool?

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? {
        guard let level else { return nil }
        let isAbove = Double(bitPattern: bits) >= Double(bitPattern: level)
        defer { wasAbove = isAbove }
        guard let wasAbove else { return nil }
        return UInt64(bitPattern: isAbove == wasAbove ? 0 : isAbove ? 1 : -1)
    }
}

/// How far a value lies from the `count` values before it.
///
/// The value itself is not among them: with it an outlier would widen the very spread that it is measured by, and no
/// value of n could lie further than (n - 1) / √n from their mean. Null until five values (or `count`, if that is less)
/// have come. Where all of them are equal there is no spread: an equal value has 0, any other null.
struct DeviationState: RunningState {
    static let fewestValues = 5

    /// Median and MAD, not mean and standard deviation.
    ///
    /// 0.6745 makes the MAD of a normal distribution its standard deviation: Iglewicz, Hoaglin, "How to Detect and
    /// Handle Outliers", ASQC 1993. When more than half of the values are equal the MAD is 0, and the mean distance
    /// from the median, times 1.253314, takes its place, as there.
    let isRobust: Bool
    private let fewest: Int
    private var window: SortedWindow

    init(count: Int, isRobust: Bool) {
        self.isRobust = isRobust
        fewest = min(count, DeviationState.fewestValues)
        window = SortedWindow(capacity: count)
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? {
        let value = Double(bitPattern: bits)
        defer { window.push(value) }
        guard window.count >= fewest, let low = window.smallest, let high = window.largest else { return nil }
        if low == high { return value == low ? Double(0).bitPattern : nil }
        let (middle, spread) = isRobust ? robustSpread() : standardSpread()
        return ExpressionEvaluator.finite((value - middle) / spread)
    }

    private func standardSpread() -> (middle: Double, spread: Double) {
        let count = Double(window.count)
        var sum = 0.0
        for value in window.sorted { sum += value }
        let mean = sum / count
        var squares = 0.0
        for value in window.sorted { squares += (value - mean) * (value - mean) }
        return (mean, (squares / (count - 1)).squareRoot())
    }

    private func robustSpread() -> (middle: Double, spread: Double) {
        let median = window.median ?? 0
        let deviation = window.medianDistance(from: median)
        if deviation > 0 { return (median, deviation / 0.6745) }
        var sum = 0.0
        for value in window.sorted { sum += (value - median).magnitude }
        return (median, 1.253314 * sum / Double(window.count))
    }
}

/// What is to be expected `steps` rows later.
struct ForecastState: RunningState {
    let steps: Int
    private var model: HoltWinters

    init(steps: Int, season: Int) {
        self.steps = steps
        model = HoltWinters(season: season)
    }

    mutating func next(_ bits: UInt64, level: UInt64?, time: Int64) -> UInt64? {
        model.add(Double(bitPattern: bits))
        return model.forecast(steps: steps).flatMap(ExpressionEvaluator.finite)
    }
}

extension QueryError {
    static func runningOverflow(_ at: SourceRange) -> QueryError {
        QueryError(
            .overflow, at: at, en: "the result does not fit 64 bits", vi: "kết quả vượt quá 64 bit",
            hint: Bilingual(vi: "tính bằng số thực: float(…)", en: "compute with floats: float(…)"))
    }
}
